import { ValueType, type Key, type LogBatch } from '#model';
import type { Call } from '../call.ts';
import type { Evaluate } from '../expression.ts';
import { AttributesTarget } from '../map-target.ts';
import { isContinuation } from './text.ts';

interface Limits {
  readonly bytes: number;
  readonly isSafe: boolean;
  readonly marker: string;
  /** Bytes that are left for the value when the marker follows it. */
  readonly kept: number;
}

export function compileTruncateAll(call: Call): Evaluate {
  const target = call.mapTarget('target');
  const bytes = call.constantInt('limit', { min: 0 });
  const marker = call.constantText('truncation_marker', '');
  const kept = bytes - Buffer.byteLength(marker);
  if (kept < 0) call.fail('truncation_marker', `is longer than the limit of ${bytes} bytes`);
  const limits: Limits = { bytes, marker, kept, isSafe: call.constantBool('utf8_safe', true) };
  if (target instanceof AttributesTarget) return (batch, row) => truncateAttributes(batch, row, limits);
  return (batch, row) => {
    const map = target.open(batch, row);
    if (!map) return null;
    for (const key of map.keys()) {
      const value = map.get(key);
      if (typeof value === 'string' && value.length * 3 > bytes) {
        const cut = truncated(value, limits);
        if (cut !== value) map.set(key, cut);
      }
    }
    map.close();
    return null;
  };
}

/** In the columns a value is cut by making its range shorter. */
function truncateAttributes(batch: LogBatch, row: number, limits: Limits): null {
  for (const [key, value] of batch.shared[batch.sharedOf[row] as number]?.entries ?? []) {
    if (typeof value !== 'string' || value.length * 3 <= limits.bytes) continue;
    const cut = truncated(value, limits);
    if (cut !== value) batch.setAttribute(row, key, cut);
  }
  const { head, next, key, type, start, size } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (type[slot] !== ValueType.string || (size[slot] as number) <= limits.bytes) continue;
    const position = start[slot] as number;
    const view = batch.space.view(position, size[slot] as number);
    const end = cutAt(view, limits);
    if (limits.marker === '') size[slot] = end;
    else batch.setAttribute(row, key[slot] as Key, view.toString('utf8', 0, end) + limits.marker);
  }
  return null;
}

function truncated(value: string, limits: Limits): string {
  const bytes = Buffer.from(value);
  return bytes.length <= limits.bytes ? value : bytes.toString('utf8', 0, cutAt(bytes, limits)) + limits.marker;
}

function cutAt(bytes: Uint8Array, { kept, isSafe }: Limits): number {
  let end = kept;
  if (isSafe) while (end > 0 && isContinuation(bytes[end])) end--;
  return end;
}
