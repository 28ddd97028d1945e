import type { Raise } from './signal.ts';

const INTERVALS_MIN = 40;
const JITTER_MAX = 0.22;
const LEARN = 0.025;
const FAST_NEEDED = 3;
// After so many unusual intervals in a row the rhythm has changed for good.
const RELEARN = 60;
const RELEARN_MS = 3 * 3_600_000;
const STEADY_INTERVALS = 150;
// A template that is also written at other times has no rhythm to rely on. Odd intervals in a row are one anomaly.
const ODD_SHARE_MAX = 0.05;
const ODD_MEMORY = 200;
const ODD_RUN = 3;
const PERIOD_MIN_MS = 1000;

/** A template that comes at regular intervals, if it does. One for each template, so it holds numbers only. */
export class Heartbeat {
  last = 0;
  #period = 0;
  #variance = 0.25;
  #intervals = 0;
  #fast = 0;
  #unusual = 0;
  /** Share of intervals that were too short or too long, over some hundreds. */
  #oddShare = 0;
  #isSteady = false;
  #oddSince = 0;

  get isRegular(): boolean {
    return (
      this.#intervals >= INTERVALS_MIN && this.#jitter <= JITTER_MAX && this.#period >= PERIOD_MIN_MS && this.#oddShare <= ODD_SHARE_MAX
    );
  }

  /**
   * True for a template that has been regular for long, also while it is not for a while: records that come by the clock
   * are no part of the traffic, and must not be counted in and out of it.
   */
  get isSteady(): boolean {
    return this.#isSteady;
  }

  get period(): number {
    return this.#period;
  }

  get #jitter(): number {
    return Math.sqrt(this.#variance);
  }

  /** How long a gap is too long, and too short. */
  get #late(): number {
    return this.#period * (1 + Math.max(0.5, 5.5 * this.#jitter));
  }

  get #early(): number {
    return this.#period * (1 - Math.max(0.35, Math.min(0.6, 3.5 * this.#jitter)));
  }

  observe(at: number, tell: (isLate: boolean, interval: number, start: number) => void): void {
    const before = this.last;
    this.last = Math.max(at, before);
    if (before === 0) return;
    const interval = at - before;
    if (interval < 0) return;
    if (!this.isRegular) {
      this.#learn(interval);
      return;
    }
    if (this.#intervals >= STEADY_INTERVALS) this.#isSteady = true;
    const isLate = interval > this.#late;
    const isEarly = interval < this.#early;
    this.#fast = isEarly ? this.#fast + 1 : Math.max(0, this.#fast - 1);
    if (isLate) tell(true, interval, before + this.#period);
    else if (this.#fast >= FAST_NEEDED) tell(false, interval, at - interval * FAST_NEEDED);
    const isOdd = isLate || isEarly;
    this.#oddShare += ((isOdd && this.#unusual < ODD_RUN ? 1 : 0) - this.#oddShare) / ODD_MEMORY;
    if (isOdd && this.#unusual === 0) this.#oddSince = before;
    this.#unusual = isOdd ? this.#unusual + 1 : 0;
    if (this.#unusual > RELEARN && at - this.#oddSince > RELEARN_MS) {
      this.#intervals = 0;
      this.#unusual = 0;
      this.#variance = 0.25;
    }
    if (!isLate && !isEarly) this.#learn(interval);
  }

  /** Time has passed without it. */
  check(now: number, tell: (isLate: boolean, interval: number, start: number) => void): void {
    if (this.isRegular && now - this.last > this.#late) tell(true, now - this.last, this.last + this.#period);
  }

  #learn(interval: number): void {
    const weight = Math.max(LEARN, 1 / (this.#intervals + 1));
    this.#intervals++;
    // The period is close to the median: each interval moves it by a bounded step.
    const step = this.#period === 0 ? interval : Math.min(Math.max(interval, this.#period * 0.5), this.#period * 2);
    this.#period += (step - this.#period) * weight;
    const off = Math.min(Math.abs(interval / this.#period - 1), 3);
    this.#variance += (off * off - this.#variance) * weight;
  }

  save(): HeartbeatState {
    return [
      this.last,
      this.#period,
      this.#variance,
      this.#intervals,
      this.#fast,
      this.#unusual,
      this.#oddShare,
      this.#isSteady ? 1 : 0,
      this.#oddSince,
    ];
  }

  load(state: HeartbeatState): void {
    [this.last, this.#period, this.#variance, this.#intervals, this.#fast, this.#unusual, this.#oddShare] = state;
    this.#isSteady = state[7] === 1;
    this.#oddSince = state[8];
  }
}

export type HeartbeatState = readonly [number, number, number, number, number, number, number, number, number];

/** What a late or hasty heartbeat is told as. */
export function heartbeatTeller(
  facts: { readonly source: string; readonly template: string; readonly text: string; readonly now: number; readonly period: number },
  raise: Raise,
): (isLate: boolean, interval: number, start: number) => void {
  return (isLate, interval, start) =>
    raise({
      source: facts.source,
      type: 'timing',
      kind: 'heartbeat',
      method: 'statistical',
      subject: facts.template,
      at: facts.now,
      start,
      strength: isLate ? interval / facts.period : facts.period / Math.max(interval, 1),
      expected: facts.period / 1000,
      actual: interval / 1000,
      unit: 'seconds between two',
      example: facts.text,
      records: isLate ? 0 : 1,
    });
}
