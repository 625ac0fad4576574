/** Which issuers stand above which? Computed from all issuers of a mount, as any of them may be another's parent. */

export interface ChainMember {
  readonly id: string
  /** Names, DER. */
  readonly subject: Buffer
  readonly issuer: Buffer
  /** Ids that an operator has chosen instead, the member itself first; empty for none. */
  readonly manualChain: readonly string[]
}

/** A name that fits says nothing yet: whether `parent` has signed `child` is for the caller to find out, at a price. */
export type IsSignedBy<M extends ChainMember> = (child: M, parent: M) => boolean

const isSelfIssued = ({ subject, issuer }: ChainMember): boolean => subject.equals(issuer)

const parentsOf = <M extends ChainMember>(child: M, members: readonly M[], isSignedBy: IsSignedBy<M>): M[] => {
  const parents = members.filter(
    (member) => member !== child && member.subject.equals(child.issuer) && isSignedBy(child, member),
  )
  // Roots first: the shortest way to a trust anchor is the one that clients know.
  return [...parents.filter(isSelfIssued), ...parents.filter((parent) => !isSelfIssued(parent))]
}

/**
 * The chain of every member: itself, then the chain of each parent, nothing twice. A member that was cross-signed has
 * all of its ways up in one chain, and a reissued root has its twins. Circles end where they meet themselves.
 */
export const buildChains = <M extends ChainMember>(
  members: readonly M[],
  isSignedBy: IsSignedBy<M>,
): Map<string, string[]> => {
  const byId = new Map(members.map((member) => [member.id, member]))
  const parents = new Map(members.map((member) => [member.id, parentsOf(member, members, isSignedBy)]))
  const chainOf = (start: M): string[] => {
    const chain = new Set<string>()
    const visit = (member: M): void => {
      if (chain.has(member.id)) return
      chain.add(member.id)
      // What has been deleted since the operator chose is passed over.
      const manual = member.manualChain.filter((id) => byId.has(id))
      if (manual.length > 0) for (const id of manual) chain.add(id)
      else for (const parent of parents.get(member.id) ?? []) visit(parent)
    }
    visit(start)
    return [...chain]
  }
  return new Map(members.map((member) => [member.id, chainOf(member)]))
}
