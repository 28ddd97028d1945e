import { KeyTable, RowKey, parseKeyPart } from '#operators';
import type { LogBatch } from '#model';
import { ALWAYS, thresholdOf, type Threshold } from './threshold.ts';

export interface AdaptiveSettings {
  readonly key: readonly string[];
  readonly perSecond: number;
  readonly intervalMs: number;
  readonly maxKeys: number;
  readonly precision: number;
}

// Half of the past, half of the last interval: a key that changes its rate is followed within a few intervals.
const WEIGHT_OF_LAST = 0.5;
const KEY_VALUE_BYTES_MAX = 256;

/**
 * The share of each key, such that about so many of its records a second pass.
 *
 * What came in the last intervals gives the share for this one. A burst beyond that halves the share each time the
 * number of records has doubled, so that a key, also one that nobody has seen before, exceeds its budget by no more than
 * half of it for each doubling.
 */
export class AdaptiveShares {
  readonly #intervalMs: number;
  readonly #budget: number;
  readonly #precision: number;
  readonly #key: RowKey;
  readonly #keys: KeyTable;
  /** By slot: the interval it is in, records in it, records expected in one, where the share is halved next, the share. */
  readonly #interval: Float64Array;
  readonly #seen: Float64Array;
  readonly #expected: Float64Array;
  readonly #halvesAt: Float64Array;
  readonly #share: Float64Array;
  readonly #threshold: Threshold[] = [];
  #now = 0;

  constructor({ key, perSecond, intervalMs, maxKeys, precision }: AdaptiveSettings) {
    this.#intervalMs = intervalMs;
    this.#budget = Math.max(1, (perSecond * intervalMs) / 1000);
    this.#precision = precision;
    this.#key = new RowKey(key.map(parseKeyPart), KEY_VALUE_BYTES_MAX);
    this.#keys = new KeyTable(maxKeys);
    this.#interval = new Float64Array(maxKeys);
    this.#seen = new Float64Array(maxKeys);
    this.#expected = new Float64Array(maxKeys);
    this.#halvesAt = new Float64Array(maxKeys);
    this.#share = new Float64Array(maxKeys);
  }

  get keys(): number {
    return this.#keys.size;
  }

  begin(batch: LogBatch, nowMs: number): void {
    this.#now = Math.floor(nowMs / this.#intervalMs);
    this.#key.begin(batch);
  }

  end(): void {
    this.#key.end();
  }

  /** Counts a row of the batch and gives the threshold it has to reach. */
  thresholdOf(row: number): Threshold {
    this.#key.read(row);
    const slot = this.#keys.slotOf(this.#key);
    if (this.#keys.isNew) this.#open(slot, 0);
    else if (this.#interval[slot] !== this.#now) this.#turn(slot);
    const seen = (this.#seen[slot] as number) + 1;
    this.#seen[slot] = seen;
    if (seen === 1) return ALWAYS;
    if (seen > (this.#halvesAt[slot] as number)) {
      this.#halvesAt[slot] = (this.#halvesAt[slot] as number) * 2;
      this.#setShare(slot, (this.#share[slot] as number) / 2);
    }
    return this.#threshold[slot] as Threshold;
  }

  #turn(slot: number): void {
    const passed = Math.max(1, this.#now - (this.#interval[slot] as number));
    const mean = (this.#seen[slot] as number) / passed;
    const expected = this.#expected[slot] as number;
    this.#open(slot, expected === 0 ? mean : expected + (mean - expected) * WEIGHT_OF_LAST);
  }

  #open(slot: number, expected: number): void {
    this.#interval[slot] = this.#now;
    this.#seen[slot] = 0;
    this.#expected[slot] = expected;
    this.#halvesAt[slot] = Math.max(this.#budget, expected);
    this.#setShare(slot, expected > this.#budget ? this.#budget / expected : 1);
  }

  #setShare(slot: number, share: number): void {
    this.#share[slot] = share;
    this.#threshold[slot] = thresholdOf(share, this.#precision);
  }
}
