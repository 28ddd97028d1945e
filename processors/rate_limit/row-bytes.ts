import { ValueType, type Key, type LogBatch } from '#model';

const NUMBER_BYTES = 8;

/** Bytes of the body and of the attributes that the row has for itself, keys included. */
export function rowBytes(batch: LogBatch, row: number): number {
  let bytes = batch.bodySize[row] as number;
  const { head, next, size, key, type } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const valueType = type[slot] as number;
    if (valueType === ValueType.none) continue;
    const isNumber = valueType === ValueType.bool || valueType === ValueType.int || valueType === ValueType.double;
    bytes += (key[slot] as Key).bytes.length + (isNumber ? NUMBER_BYTES : (size[slot] as number));
  }
  return bytes;
}
