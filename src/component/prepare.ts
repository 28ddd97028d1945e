import type { LogBatch } from '#model';
import type { Consumer, Touches } from './component.ts';

export function touchesOf({ touches, mutates }: Consumer): Touches {
  return touches ?? (mutates ? 'edits' : 'reads');
}

/**
 * Readies a batch for its next consumer. Records that came encoded are decoded when the first looks into them, and go out as
 * the bytes they came in unless somebody has edited them. To be called just before the batch is given away.
 */
export function prepare(batch: LogBatch, consumer: Consumer): void {
  if (!batch.encoded) return;
  const touches = touchesOf(consumer);
  if (touches === 'edits') batch.forgetEncoded();
  else if (touches === 'reads') batch.open();
}
