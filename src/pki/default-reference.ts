/** Vault reserves the word in any case. */
export const isDefault = (reference: string): boolean => reference.toLowerCase() === 'default'
