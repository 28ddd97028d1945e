type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** The column with room for `length` values, the old ones kept, the new ones zero. */
export function grown<Of extends Column>(column: Of, length: number): Of {
  // Every typed array has this constructor; the type of `constructor` does not say so.
  const larger = new (column.constructor as new (length: number) => Of)(length);
  larger.set(column);
  return larger;
}
