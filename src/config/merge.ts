import type { Entry, Node } from './node.ts';

/** Lays `above` over `below`: maps are merged key by key; lists, scalars and an explicit null replace. */
export function mergeNodes(below: Node, above: Node): Node {
  if (below.kind !== 'map' || above.kind !== 'map') return above;
  const entries = new Map<string, Entry>(below.entries);
  for (const [key, entry] of above.entries) {
    const under = entries.get(key);
    entries.set(key, under ? { keyAt: entry.keyAt, value: mergeNodes(under.value, entry.value) } : entry);
  }
  return { kind: 'map', at: above.at, entries };
}
