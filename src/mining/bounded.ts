/**
 * Drops what was entered first once there is more than `most`, an eighth at a time: a map walks over what was deleted at
 * its front whenever its first entry is asked for.
 */
export function keepNewest<Entry>(
  entries: { readonly size: number; keys(): Iterable<Entry>; delete(key: Entry): boolean },
  most: number,
): void {
  if (entries.size <= most) return;
  const kept = most - (most >> 3);
  for (const key of entries.keys()) {
    entries.delete(key);
    if (entries.size <= kept) return;
  }
}
