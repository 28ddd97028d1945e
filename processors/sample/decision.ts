import { ValueType, keyOf, toJson, type AttributeValue, type Key, type LogBatch } from '#model';
import { Randomness, hasTraceId, hashWithSeed } from './randomness.ts';
import { ALWAYS, NEVER, isAtLeast, parseThreshold, probabilityOf, thresholdOf, type Threshold } from './threshold.ts';

export interface DecisionSettings {
  readonly mode: 'hash_seed' | 'proportional' | 'equalizing';
  readonly percentage: number;
  readonly seed: number;
  readonly precision: number;
  readonly isTraceIdUsed: boolean;
  readonly fromAttribute: string;
  readonly isRandomElse: boolean;
  readonly isFailClosed: boolean;
}

export const THRESHOLD: Key = keyOf('sampling.threshold');
export const RANDOMNESS: Key = keyOf('sampling.randomness');
const HASH_BUCKETS = 0x4000;
// Shares that come out of what was sampled before; a fleet has a handful of them.
const PRODUCTS_MAX = 1000;

/** Decides about one record at a time, without the severity, which is asked before. */
export class Decision {
  /** The threshold to write on a record that passed; undefined when nothing is to be written. */
  threshold: Threshold | undefined;
  /** Of the last record; worth writing down when `isExplicit`. */
  readonly randomness: Randomness = new Randomness();
  isExplicit = false;
  readonly #settings: DecisionSettings;
  readonly #attribute: Key | undefined;
  readonly #fixed: Threshold;
  readonly #random: () => number;
  readonly #products = new Map<string, Threshold>();

  constructor(settings: DecisionSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    this.#attribute = settings.fromAttribute === '' ? undefined : keyOf(settings.fromAttribute);
    this.#fixed = fixedThreshold(settings);
  }

  /** `wanted` is what the target rate asks for; it only makes the share smaller. */
  passes(batch: LogBatch, row: number, wanted: Threshold): boolean {
    this.threshold = undefined;
    this.isExplicit = false;
    const carried = batch.attribute(row, THRESHOLD);
    const before = typeof carried === 'string' ? parseThreshold(carried) : undefined;
    const isBroken = carried !== undefined && !before;
    const hasRandomness = this.#readRandomness(batch, row);
    if (isBroken || !hasRandomness || !this.#isConsistent(batch, row, before)) return !this.#settings.isFailClosed;
    const own = this.#settings.mode === 'proportional' && before ? this.#product(before) : this.#fixed;
    const threshold = isAtLeast(own, wanted) ? own : wanted;
    if (!this.randomness.passes(threshold)) return false;
    // What was sampled harder before stays so.
    if (!before || isAtLeast(threshold, before)) this.threshold = threshold;
    return true;
  }

  /** The record says itself how probable it is. */
  passesPriority(batch: LogBatch, row: number, threshold: Threshold): boolean {
    this.threshold = undefined;
    if (threshold === ALWAYS || threshold === NEVER) return threshold === ALWAYS;
    if (!this.#readRandomness(batch, row)) return !this.#settings.isFailClosed;
    if (!this.randomness.passes(threshold)) return false;
    this.threshold = threshold;
    return true;
  }

  /** A hash knows nothing of earlier sampling; the other modes do, unless it contradicts the random bits. */
  #isConsistent(batch: LogBatch, row: number, before: Threshold | undefined): boolean {
    if (this.#settings.mode === 'hash_seed') return before === undefined && batch.attribute(row, RANDOMNESS) === undefined;
    if (!before || this.randomness.passes(before)) return true;
    batch.deleteAttribute(row, THRESHOLD);
    return false;
  }

  #readRandomness(batch: LogBatch, row: number): boolean {
    const { mode, isTraceIdUsed, seed, isRandomElse } = this.#settings;
    const { randomness } = this;
    if (mode !== 'hash_seed') {
      const carried = batch.attribute(row, RANDOMNESS);
      if (carried !== undefined) return typeof carried === 'string' && randomness.parse(carried);
    }
    if (isTraceIdUsed && hasTraceId(batch, row)) {
      const ids = batch.traceIdColumn();
      this.isExplicit = mode === 'hash_seed';
      if (this.isExplicit) randomness.ofHash(hashWithSeed(seed, ids, row * 16, row * 16 + 16));
      else randomness.ofTraceId(ids, row);
      return true;
    }
    this.isExplicit = true;
    if (this.#attribute && this.#hashAttribute(batch, row, this.#attribute)) return true;
    if (isRandomElse) randomness.ofChance(this.#random);
    return isRandomElse;
  }

  /** False when the record has no such attribute, or an empty one: as in the Collector, that decides nothing. */
  #hashAttribute(batch: LogBatch, row: number, key: Key): boolean {
    const { attributes, space } = batch;
    const { seed } = this.#settings;
    const slot = (attributes.head[row] as number) >= 0 ? attributes.find(row, key) : -1;
    const type = slot >= 0 ? attributes.type[slot] : ValueType.none;
    if (type === ValueType.string || type === ValueType.bytes) {
      const start = attributes.start[slot] as number;
      const from = start >= 0 ? start : ~start;
      const size = attributes.size[slot] as number;
      if (size === 0) return false;
      this.randomness.ofHash(hashWithSeed(seed, start >= 0 ? space.bytes : space.side, from, from + size));
      return true;
    }
    const value = batch.attribute(row, key) ?? '';
    const bytes = value instanceof Uint8Array ? value : Buffer.from(asText(value), 'utf8');
    if (bytes.length === 0) return false;
    this.randomness.ofHash(hashWithSeed(seed, bytes, 0, bytes.length));
    return true;
  }

  #product(before: Threshold): Threshold {
    let product = this.#products.get(before.text);
    if (!product) {
      product = thresholdOf(probabilityOf(before) * Math.min(1, this.#settings.percentage / 100), this.#settings.precision);
      if (this.#products.size >= PRODUCTS_MAX) this.#products.clear();
      this.#products.set(before.text, product);
    }
    return product;
  }
}

function fixedThreshold({ mode, percentage, precision }: DecisionSettings): Threshold {
  if (mode !== 'hash_seed') return thresholdOf(percentage / 100, precision);
  // The Collector rounds the share down to 14 bits, in single precision.
  const taken = Math.floor(Math.fround(Math.fround(Math.min(100, percentage)) * Math.fround(HASH_BUCKETS / 100)));
  if (taken === 0) return NEVER;
  const rejected = HASH_BUCKETS - taken;
  if (rejected <= 0) return ALWAYS;
  const threshold = parseThreshold((BigInt(rejected) << 42n).toString(16).padStart(14, '0'));
  return threshold ?? NEVER;
}

function asText(value: AttributeValue): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? toJson(value) : String(value);
}
