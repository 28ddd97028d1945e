/** Drops what was entered first until the collection is small enough. */
export function keepNewest(
  entries: { readonly size: number; keys(): Iterable<never> | Iterable<unknown>; delete(key: never): boolean },
  most: number,
): void {
  if (entries.size <= most) return;
  for (const key of entries.keys()) {
    entries.delete(key as never);
    if (entries.size <= most) return;
  }
}
