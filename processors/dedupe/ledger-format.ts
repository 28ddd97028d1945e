import type { Template } from '#model';
import type { Window } from './window.ts';

/**
 * How windows lie in storage. Records: for each window the length of a description in JSON, the description, the length
 * of the record, the record. Counts: four doubles for each window, in the same order; a count of -1 marks a window whose
 * summary is safe.
 */
interface Description {
  readonly template?: Template;
  readonly samples: string[];
}

const SETTLED = -1;
const COUNT_FIELDS = 4;
const FIELD_BYTES = 8;

export function encodeRecords(windows: readonly Window[]): Buffer {
  const parts: Buffer[] = [];
  for (const { template, samples, record } of windows) {
    // A miner's template may have more fields, which are its own affair.
    const kept: Description = { samples, ...(template && { template: { id: template.id, text: template.text } }) };
    const description = Buffer.from(JSON.stringify(kept));
    parts.push(lengthOf(description), description, lengthOf(record), record);
  }
  return Buffer.concat(parts);
}

/** Windows without their counts. Throws on what is not whole. */
export function decodeRecords(bytes: Uint8Array): Window[] {
  const from = Buffer.from(bytes);
  const windows: Window[] = [];
  let at = 0;
  const take = (): Buffer => {
    const length = from.readUInt32LE(at);
    const part = Buffer.allocUnsafeSlow(length);
    const copied = from.copy(part, 0, at + 4, at + 4 + length);
    if (copied < length) throw new RangeError('a stored window is cut short');
    at += 4 + length;
    return part;
  };
  while (at < from.length) {
    const { template, samples } = JSON.parse(take().toString()) as Description;
    const record = take();
    windows.push({
      record,
      template,
      samples,
      count: 0,
      firstMs: 0,
      lastMs: 0,
      observedMs: 0,
      group: undefined,
      isSettled: false,
      row: -1,
      isDirty: false,
      isHandedOn: false,
      claims: undefined,
    });
  }
  return windows;
}

export function encodeCounts(windows: readonly Window[]): Buffer {
  const bytes = Buffer.allocUnsafe(windows.length * COUNT_FIELDS * FIELD_BYTES);
  let at = 0;
  for (const { count, firstMs, lastMs, observedMs, isSettled } of windows) {
    for (const value of [isSettled ? SETTLED : count, firstMs, lastMs, observedMs]) at = bytes.writeDoubleLE(value, at);
  }
  return bytes;
}

/** Fills in the counts. Throws when they are not those of these windows. */
export function decodeCounts(bytes: Uint8Array, windows: readonly Window[]): void {
  const from = Buffer.from(bytes);
  if (from.length !== windows.length * COUNT_FIELDS * FIELD_BYTES) throw new RangeError('stored counts do not fit their windows');
  for (const [i, window] of windows.entries()) {
    const at = i * COUNT_FIELDS * FIELD_BYTES;
    window.count = from.readDoubleLE(at);
    window.firstMs = from.readDoubleLE(at + FIELD_BYTES);
    window.lastMs = from.readDoubleLE(at + 2 * FIELD_BYTES);
    window.observedMs = from.readDoubleLE(at + 3 * FIELD_BYTES);
    window.isSettled = window.count === SETTLED;
  }
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(bytes.length);
  return length;
}
