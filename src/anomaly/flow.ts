import { DailyShare, type DailyShareState } from './daily-share.ts';
import { countGain, EvidenceBank, hitGain, thresholdFor, type EvidenceState } from './evidence.ts';
import { DAY_MINUTES, SeasonalBaseline, type SeasonalState } from './seasonal.ts';
import type { Raise } from './signal.ts';

const MINUTE_MS = 60_000;
const UP = [2, 3.5, 8] as const;
const DOWN = [0.45, 0.18, 0.03] as const;
const ERRORS = [0.15, 0.35, 0.7] as const;
// Minutes are learned up to this share of the evidence an alarm needs.
const LEARNED_BELOW = 0.7;
// An anomaly that lasts longer than this is the new usual.
const HOLD_MINUTES_MAX = 180;
const ERROR_EVENTS_MIN = 300;
const ERROR_DAYS = 7;

export interface FlowOptions {
  readonly source: string;
  /** What is counted: `records`, `traces`. */
  readonly unit: string;
  readonly daysMax: number;
  readonly budget: number;
}

/** Counts of one source per minute: bursts, drops, and the share of errors. */
export class Flow {
  count = 0;
  errors = 0;
  readonly #options: FlowOptions;
  readonly #baseline: SeasonalBaseline;
  readonly #up = new EvidenceBank(UP.length);
  readonly #down = new EvidenceBank(DOWN.length);
  readonly #failing = new EvidenceBank(ERRORS.length);
  #heldMinutes = 0;
  #failingMinutes = 0;
  readonly #share = new DailyShare(ERROR_DAYS);
  #errorSpread = 1;
  /** The last minute's gains of a drop, for a test over several flows. */
  readonly downGains: Float64Array = new Float64Array(DOWN.length);
  lastExpected = 0;
  lastCount = 0;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#baseline = new SeasonalBaseline(options.daysMax);
  }

  get isKnown(): boolean {
    return this.lastExpected > 0;
  }

  /** How far the last minute was from what was expected, in standard deviations. */
  deviation = 0;
  /** The same of the share of errors. */
  errorDeviation = 0;

  /**
   * The minute is over. Returns how much more than usual recurs at this time of day; what recurs for the records of a source
   * is taken to recur for its sessions (`recurring`), of which there are too few to see it.
   */
  close(minute: number, isMuted: boolean, raise: Raise, recurring: number = 1): number {
    const { count, errors } = this;
    this.count = 0;
    this.errors = 0;
    const isUnusual = this.#testCount(minute, count, { isMuted, recurring }, raise);
    const isFailing = this.#testErrors(minute, count, errors, raise);
    const isLearned = !isUnusual || this.#heldMinutes > HOLD_MINUTES_MAX;
    this.#heldMinutes = isUnusual ? this.#heldMinutes + 1 : 0;
    this.#baseline.push(minute, count, isLearned);
    this.#failingMinutes = isFailing ? this.#failingMinutes + 1 : 0;
    if (!isFailing || this.#failingMinutes > HOLD_MINUTES_MAX) this.#learnErrors(minute, count, errors);
    this.lastCount = count;
    return this.#baseline.recurringAt(minute);
  }

  #testCount(minute: number, count: number, { isMuted, recurring }: { isMuted: boolean; recurring: number }, raise: Raise): boolean {
    const expectation = this.#baseline.expect(minute);
    this.downGains.fill(0);
    this.lastExpected = expectation?.base ?? 0;
    this.deviation = 0;
    if (!expectation || isMuted) return false;
    const { base, low, spread } = expectation;
    const high = Math.max(expectation.high, base * recurring);
    this.deviation = (count - (count > base ? Math.max(base, Math.min(high, count)) : base)) / Math.sqrt(base + base * base * spread + 0.5);
    const limit = thresholdFor(DAY_MINUTES * UP.length, this.#options.budget);
    const at = minute * MINUTE_MS;
    for (const [i, factor] of UP.entries()) this.#up.add(i, countGain(count, high, high * factor, spread), at, limit);
    for (const [i, factor] of DOWN.entries()) {
      const gain = countGain(count, low, low * factor, spread);
      this.downGains[i] = gain;
      this.#down.add(i, gain, at, limit);
    }
    this.#tell(this.#up, limit, { minute, expected: high, actual: count, kind: 'burst' }, raise);
    this.#tell(this.#down, limit, { minute, expected: base, actual: count, kind: 'drop' }, raise);
    return this.#up.max > limit * LEARNED_BELOW || this.#down.max > limit * LEARNED_BELOW;
  }

  #tell(
    bank: EvidenceBank,
    limit: number,
    { minute, expected, actual, kind }: { minute: number; expected: number; actual: number; kind: 'burst' | 'drop' },
    raise: Raise,
  ): void {
    const { top } = bank;
    const evidence = bank.values[top] as number;
    if (!bank.isAbove(limit)) return;
    const { source, unit } = this.#options;
    raise({
      source,
      type: 'volume',
      kind,
      method: 'statistical',
      subject: unit,
      at: (minute + 1) * MINUTE_MS,
      start: bank.since[top] as number,
      strength: Math.max(1, evidence / limit),
      expected,
      actual,
      unit: `${unit} a minute`,
      records: actual,
      isWaning: evidence < limit,
    });
  }

  /** Errors among the events of the minute, as a binomial whose evidence shrinks with how errors usually clump. */
  #testErrors(minute: number, count: number, errors: number, raise: Raise): boolean {
    this.errorDeviation = 0;
    if (this.#share.events < ERROR_EVENTS_MIN || this.#baseline.age < DAY_MINUTES / 2) return false;
    if (count === 0) return this.#failing.max > 0;
    // Errors that come by the clock are a larger share of less traffic: what is usual is the larger of share and number.
    const usual = Math.min(Math.max(this.#share.at(minute), this.#share.perMinute(minute) / count), 0.98);
    const limit = thresholdFor(DAY_MINUTES * ERRORS.length, this.#options.budget);
    this.errorDeviation = (errors - count * usual) / Math.sqrt(count * usual * (1 - usual) + 0.25);
    for (const [i, share] of ERRORS.entries()) {
      const changed = usual + (1 - usual) * share;
      const gain = errors * hitGain(true, usual, changed) + (count - errors) * hitGain(false, usual, changed);
      this.#failing.add(i, gain / this.#errorSpread, minute * MINUTE_MS, limit);
    }
    const { top } = this.#failing;
    const evidence = this.#failing.values[top] as number;
    if (this.#failing.isAbove(limit)) {
      const { source, unit } = this.#options;
      raise({
        source,
        type: 'volume',
        kind: 'error_ratio',
        method: 'statistical',
        subject: unit,
        at: (minute + 1) * MINUTE_MS,
        start: this.#failing.since[top] as number,
        strength: Math.max(1, evidence / limit),
        expected: usual,
        actual: errors / count,
        unit: 'share of errors',
        records: errors,
        isWaning: evidence < limit,
      });
    }
    return evidence > limit * LEARNED_BELOW;
  }

  #learnErrors(minute: number, count: number, errors: number): void {
    if (this.#share.events > ERROR_EVENTS_MIN && count > 0) {
      const usual = this.#share.at(minute);
      const variance = count * usual * (1 - usual) + 0.01;
      const surprise = Math.min((errors - count * usual) ** 2 / variance, 30);
      this.#errorSpread = Math.max(1, this.#errorSpread + (surprise - this.#errorSpread) / 500);
    }
    this.#share.add(minute, errors, count);
  }

  save(): FlowState {
    return {
      baseline: this.#baseline.save(),
      share: this.#share.save(),
      banks: [this.#up.save(), this.#down.save(), this.#failing.save()],
      numbers: [this.count, this.errors, this.#heldMinutes, this.#failingMinutes, this.#errorSpread],
    };
  }

  load({ baseline, share, banks, numbers }: FlowState): void {
    this.#baseline.load(baseline);
    this.#share.load(share);
    this.#up.load(banks[0]);
    this.#down.load(banks[1]);
    this.#failing.load(banks[2]);
    [this.count, this.errors, this.#heldMinutes, this.#failingMinutes, this.#errorSpread] = numbers;
  }
}

export interface FlowState {
  readonly baseline: SeasonalState;
  readonly share: DailyShareState;
  readonly banks: readonly [EvidenceState, EvidenceState, EvidenceState];
  readonly numbers: readonly [number, number, number, number, number];
}
