import { reorderRows, type LogBatch } from '#model';

/**
 * Orders the rows so that those of the same resource and scope follow one another, groups in the order of their first
 * row, rows of a group as they were. Returns the number of groups. Rows that are in such an order already stay.
 */
export function putTogether(batch: LogBatch): number {
  const { length, resourceOf, scopeOf, isDropped } = batch;
  useFirstEntries(batch.resources, resourceOf, length);
  useFirstEntries(batch.scopes, scopeOf, length);
  const groupOf = new Int32Array(length);
  const groups = new Map<number, number>();
  const sizes: number[] = [];
  let last = 0;
  let runs = 0;
  let lastPair = -1;
  for (let row = 0; row < length; row++) {
    // Nobody looks at a dropped row: it goes with the one before it.
    if (isDropped[row] === 0) {
      const pair = (resourceOf[row] as number) * 65_536 + (scopeOf[row] as number);
      if (pair !== lastPair) {
        lastPair = pair;
        runs++;
        let group = groups.get(pair);
        if (group === undefined) groups.set(pair, (group = groups.size));
        last = group;
      }
    }
    groupOf[row] = last;
    sizes[last] = (sizes[last] ?? 0) + 1;
  }
  if (runs > groups.size) reorderRows(batch, orderOf(groupOf, sizes));
  return groups.size;
}

function orderOf(groupOf: Int32Array, sizes: readonly number[]): Int32Array {
  const next = new Int32Array(sizes.length);
  for (let group = 1; group < sizes.length; group++) next[group] = (next[group - 1] as number) + (sizes[group - 1] ?? 0);
  const order = new Int32Array(groupOf.length);
  for (let row = 0; row < groupOf.length; row++) {
    const group = groupOf[row] as number;
    const at = next[group] as number;
    order[at] = row;
    next[group] = at + 1;
  }
  return order;
}

/** Where a table has an entry twice, rows of the second refer to the first. */
function useFirstEntries(table: readonly object[], indexOf: Uint16Array, length: number): void {
  const first = new Map<object, number>();
  const firstOf = Uint16Array.from(table, (entry, index) => {
    const known = first.get(entry);
    if (known === undefined) first.set(entry, index);
    return known ?? index;
  });
  if (first.size === table.length) return;
  for (let row = 0; row < length; row++) indexOf[row] = firstOf[indexOf[row] as number] as number;
}
