import type { Delivery } from '#component';
import type { Template } from '#model';

/** Windows that were written to storage together. */
export interface Group {
  readonly id: number;
  readonly windows: readonly Window[];
  /** Those whose summary has not been settled. */
  live: number;
}

/** Records that were kept back, and what their summary needs. */
export interface Window {
  /** The first of them as an OTLP request of one record. */
  readonly record: Buffer;
  readonly template: Template | undefined;
  /** What differed among them, a few times. */
  readonly samples: string[];
  /** Records kept back. */
  count: number;
  /** Event times of the whole window, the record that passed included. */
  firstMs: number;
  lastMs: number;
  /** When the last one was observed. */
  observedMs: number;
  /** Undefined until it is in storage. */
  group: Group | undefined;
  isSettled: boolean;
  /** Its row in the table while it is open, else -1. */
  row: number;
  /** True while storage lacks its latest count. */
  isDirty: boolean;
  /** True once the books have its records as suppressed. */
  isHandedOn: boolean;
  /** Whose rows they are, if nothing is stored: they settle with the summary. */
  readonly claims: Map<Delivery, number> | undefined;
}

// The objects and buffers around the bytes of a record.
const WINDOW_BYTES = 300;

export function heldBytes({ record }: Window): number {
  return record.buffer.byteLength + WINDOW_BYTES;
}
