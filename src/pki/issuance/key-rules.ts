/** Which keys may a CSR bring, and which may `issue` make? */
import { ChanceryError, invalidRequest } from '../../errors.ts'
import { keyParameters } from '../../keys/parameters.ts'
import type { KeyType, PublicKey } from '../../x509/algorithms.ts'
import type { Role } from '../roles/schema.ts'

/** Where the role takes keys of any type. NIST P-224 is still fit to be signed, though nobody makes new ones by default. */
const leastBits: Readonly<Record<KeyType, number>> = { rsa: 2048, ec: 224, ed25519: 0 }

/** @throws ChanceryError for a key of another type than the role's, or a smaller one */
export const refuseUnlessKeyAllowed = (role: Pick<Role, 'key_type' | 'key_bits'>, key: PublicKey): void => {
  const anyType = role.key_type === 'any'
  if (!anyType && key.type !== role.key_type) throw invalidRequest(`role requires keys of type ${role.key_type}`)
  if (anyType && key.bits < leastBits[key.type] && key.type === 'rsa') {
    throw invalidRequest(`RSA keys < ${leastBits.rsa} bits are unsafe and not supported`)
  }
  const least = anyType ? leastBits[key.type] : role.key_bits
  if (key.type !== 'ed25519' && key.bits < least) {
    throw invalidRequest(`role requires a minimum of a ${least}-bit key, but CSR's key is ${key.bits} bits`)
  }
}

/** What the request chooses where the role leaves it open. Vault puts it into the role, and checks that. */
const chosenKey = (request: KeyRequest, roleBits: number): ReturnType<typeof keyParameters> => {
  try {
    return keyParameters(request.key_type ?? '', request.key_bits ?? roleBits)
  } catch (error) {
    if (error instanceof ChanceryError) throw invalidRequest(`failed to validate role: ${error.message}`)
    throw error
  }
}

export interface KeyRequest {
  key_type?: string | undefined
  key_bits?: number | undefined
}

/**
 * The type and size of the key to make, and whether the request said something about it to no effect.
 * @throws ChanceryError where the role takes any type and the request does not choose one
 */
export const planKey = (
  role: Pick<Role, 'key_type' | 'key_bits'>,
  request: KeyRequest,
): { type: KeyType; bits: number; warnings: string[] } => {
  const asked = request.key_type !== undefined || request.key_bits !== undefined
  if (role.key_type === 'any' && request.key_type === undefined) {
    throw invalidRequest(
      'role key type "any" not allowed for issuing certificates without providing key_type and/or key_bits request parameters',
    )
  }
  const chosen =
    role.key_type === 'any' ? chosenKey(request, role.key_bits) : keyParameters(role.key_type, role.key_bits)
  if (chosen.type === 'any') throw invalidRequest(`unknown key type ${chosen.type}`)
  const ignored = asked && role.key_type !== 'any'
  return {
    type: chosen.type,
    bits: chosen.bits,
    warnings: ignored ? ['parameters key_type and key_bits ignored as role had specific values'] : [],
  }
}
