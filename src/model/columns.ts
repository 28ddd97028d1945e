type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** The column with room for `length` values, the old ones kept, the new ones zero. */
export function grown<Of extends Column>(column: Of, length: number): Of {
  // Every typed array has this constructor; the type of `constructor` does not say so.
  const larger = new (column.constructor as new (length: number) => Of)(length);
  larger.set(column);
  return larger;
}

// Below this a loop is quicker than making the view that `set` needs.
const SHORT_COPY = 24;

/** Copies `source[from, to)` to `target` from `at` on. */
export function copyColumn<Of extends Column>(target: Of, at: number, source: Of, from: number, to: number): void {
  if (to - from > SHORT_COPY) {
    target.set(source.subarray(from, to), at);
    return;
  }
  for (let i = from; i < to; i++) target[at + i - from] = source[i] as number;
}

/** Lower-case hex of the `width` bytes of a row; empty when all are zero. */
export function hexOf(column: Uint8Array | undefined, row: number, width: number): string {
  if (!column) return '';
  const bytes = column.subarray(row * width, (row + 1) * width);
  return bytes.every((byte) => byte === 0) ? '' : Buffer.from(bytes).toString('hex');
}
