/**
 * Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`: the optimal string alignment distance. Each
 * part of a word is edited at most once, which is how people mistype.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isEqual = a[row - 1] === b[column - 1];
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const replaced = at(last, column - 1) + (isEqual ? 0 : 1);
      const removed = at(last, column) + 1;
      const inserted = at(current, column - 1) + 1;
      const swapped = isSwap ? at(beforeLast, column - 2) + 1 : Infinity;
      current.push(Math.min(replaced, removed, inserted, swapped));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}

// Longer words are no mistyped options, and the distance takes time in the product of the lengths.
const WORD_LENGTH_MAX = 100;

/** The candidate that was probably meant. A third of the letters may be wrong. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const normal = normalize(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(normal, normalize(candidate));
    if (distance <= Math.max(1, Math.floor(candidate.length / 3)) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `sendingQueue`, `sending-queue` and `Sending_Queue` are the same mistake. */
function normalize(word: string): string {
  return word
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** `; did you mean "x"?`, or the list of what there is. */
export function hint(word: string, candidates: readonly string[], listName: string): string {
  const near = suggest(word, candidates);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return `; ${listName}: ${candidates.length === 0 ? 'none' : candidates.toSorted().join(', ')}`;
}
