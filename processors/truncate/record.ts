import { ValueType, toJson, type Key, type LogBatch } from '#model';
import type { Cutter } from './cutter.ts';
import type { Marks } from './marks.ts';

/** Bytes of an attribute beside key and text: numbers, booleans, and what says how long the rest is. */
const FIXED_BYTES = 12;
/** Parts of a record are not cut below this; then attributes are removed. */
const PART_BYTES_MIN = 256;
const BODY = -1;

/** About how many bytes a record takes without what it shares with others. */
export function recordSize(batch: LogBatch, row: number): number {
  const { head, next, type, size, key } = batch.attributes;
  let total = batch.bodySize[row] as number;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (type[slot] === ValueType.none) continue;
    total += FIXED_BYTES + (key[slot] as Key).bytes.length + (hasBytes(type[slot] as number) ? (size[slot] as number) : 0);
  }
  return total;
}

/** Cuts the longest parts of a record, and then removes its last attributes, until it has at most `max` bytes. */
export function fitRecord(batch: LogBatch, row: number, max: number, { cutter, marks }: { cutter: Cutter; marks: Marks }): void {
  cutter.count('record');
  let over = recordSize(batch, row) - max;
  for (const { slot, size } of longestParts(batch, row)) {
    if (over <= 0 || size <= PART_BYTES_MIN) break;
    over -= size - cutPart(batch, row, slot, Math.max(PART_BYTES_MIN, size - over), { cutter, marks });
  }
  if (over > 0) removeLast(batch, row, max, marks);
}

/** Body and attributes with bytes of their own, the longest first. */
function longestParts(batch: LogBatch, row: number): { slot: number; size: number }[] {
  const { head, next, type, size } = batch.attributes;
  const parts = batch.bodyType[row] === ValueType.none ? [] : [{ slot: BODY, size: batch.bodySize[row] as number }];
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (hasBytes(type[slot] as number)) parts.push({ slot, size: size[slot] as number });
  }
  return parts.toSorted((a, b) => b.size - a.size);
}

/** Returns the part's new size. */
function cutPart(batch: LogBatch, row: number, slot: number, max: number, { cutter, marks }: { cutter: Cutter; marks: Marks }): number {
  const { attributes, space } = batch;
  const isBody = slot === BODY;
  const position = (isBody ? batch.bodyStart[row] : attributes.start[slot]) as number;
  const size = (isBody ? batch.bodySize[row] : attributes.size[slot]) as number;
  const type = isBody ? batch.bodyType[row] : attributes.type[slot];
  const bytes = space.view(position, size);
  if (isBody) marks.body(bytes);
  else marks.attribute((attributes.key[slot] as Key).text, bytes);
  // A list or a map that is too long as a whole goes on as text.
  const text = type === ValueType.encoded ? Buffer.from(toJson(isBody ? batch.body(row) : attributes.value(slot))) : bytes;
  const cut = text.length > max ? cutter.note.cut(text, 0, text.length, max) : text;
  const start = space.appendBytes(cut);
  if (isBody) {
    batch.bodyStart[row] = start;
    batch.bodySize[row] = cut.length;
    if (type === ValueType.encoded) batch.bodyType[row] = ValueType.string;
  } else {
    attributes.start[slot] = start;
    attributes.size[slot] = cut.length;
    if (type === ValueType.encoded) attributes.type[slot] = ValueType.string;
  }
  return cut.length;
}

function removeLast(batch: LogBatch, row: number, max: number, marks: Marks): void {
  const { head, next, type, size, key } = batch.attributes;
  let total = batch.bodySize[row] as number;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (type[slot] === ValueType.none) continue;
    total += FIXED_BYTES + (key[slot] as Key).bytes.length + (hasBytes(type[slot] as number) ? (size[slot] as number) : 0);
    if (total <= max) continue;
    batch.attributes.remove(slot);
    marks.removed++;
  }
}

function hasBytes(type: number): boolean {
  return type === ValueType.string || type === ValueType.bytes || type === ValueType.encoded;
}
