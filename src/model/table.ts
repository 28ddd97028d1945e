import assert from 'node:assert';

/** How many resources, scopes, sets of shared attributes and Deliveries one batch can refer to. */
export const TABLE_MAX = 65_536;

/** Index of the entry in the table; it is added unless it is the last one already. */
export function addTo<Entry>(table: Entry[], entry: Entry, isEqual: (a: Entry, b: Entry) => boolean): number {
  const last = table.length - 1;
  if (isEqual(table[last] as Entry, entry)) return last;
  assert(table.length < TABLE_MAX, 'a table of a batch is full');
  return table.push(entry) - 1;
}
