import { EvidenceBank, hitGain, thresholdFor, type EvidenceState } from './evidence.ts';
import type { Raise } from './signal.ts';

const DAY_MS = 86_400_000;
const START = 0;
const END = 1;
// A pair of steps is judged only when its first step is known well.
const CONTEXT_MIN = 20;
const SHARES = [0.15, 0.4, 0.9] as const;
const SESSIONS_MIN = 200;
const GRAMS_MAX = 20_000;
const CANDIDATES_MAX = 1000;
const APART_MS = 3 * 3_600_000;
const TIMES_USUAL = 3;
const IDLE_FIRST_MS = 120_000;
const IDLE_MIN_MS = 10_000;
const IDLE_MAX_MS = 1_800_000;
const IDLE_GAPS = 2.5;

interface Session {
  first: number;
  last: number;
  step: number;
  /** How often the step before came in a row. */
  repeats: number;
  steps: number;
  isBroken: boolean;
}

export interface SequenceOptions {
  readonly source: string;
  readonly budget: number;
  readonly sessionsMax: number;
  readonly warmUpMs: number;
}

/**
 * Order and number of steps of the sessions (or traces) of one source. A session is broken when it has a step after a step
 * that never had it, repeats one more often than any before, or ends where none ended. How many are broken by chance is
 * learned, and the share of broken ones is tested.
 */
export class Sequences {
  readonly #options: SequenceOptions;
  readonly #open = new Map<string, Session>();
  /** How often a pair of steps was seen: the first step times 2^20 plus the second. */
  readonly #pairs = new Map<number, number>();
  /** Pairs that broke a sequence: when they last counted, and how often. */
  readonly #candidates = new Map<number, [number, number]>();
  readonly #seen = new Map<number, number>();
  readonly #repeatsMax = new Map<number, number>();
  readonly #bank = new EvidenceBank(SHARES.length);
  #gapMax = 0;
  #firstAt = 0;
  #sessions = 0;
  #judged = 0;
  #broken = 0;
  #lastEvidenceAt = 0;

  constructor(options: SequenceOptions) {
    this.#options = options;
  }

  /** One more step; true when it breaks the sequence. `step` is a small whole number from 2 up. `started` tells of a new session. */
  observe(session: string, step: number, at: number, raise: Raise, started: () => void): boolean {
    if (this.#firstAt === 0) this.#firstAt = at;
    let state = this.#open.get(session);
    if (!state) {
      started();
      if (this.#open.size >= this.#options.sessionsMax) this.#closeOldest(raise);
      state = { first: at, last: at, step: START, repeats: 0, steps: 0, isBroken: false };
      this.#open.set(session, state);
    }
    const gap = at - state.last;
    if (gap > this.#gapMax) this.#gapMax = Math.min(gap, IDLE_MAX_MS);
    state.last = Math.max(at, state.last);
    state.steps++;
    const wasBroken = state.isBroken;
    const isBreak = this.#step(state, step);
    if (isBreak && !wasBroken) this.#judge(state, at, raise);
    return isBreak;
  }

  /** Sessions that have been silent for longer than any gap within one are over. */
  expire(now: number, raise: Raise): void {
    const idle = this.#idleMs();
    for (const [id, state] of this.#open) {
      if (now - state.last <= idle) {
        // In order of first step; one that began later may be silent longer, but not by much.
        if (now - state.first <= idle) break;
        continue;
      }
      this.#open.delete(id);
      this.#close(state, now, raise);
    }
  }

  #idleMs(): number {
    if (this.#sessions < SESSIONS_MIN) return IDLE_FIRST_MS;
    return Math.min(Math.max(this.#gapMax * IDLE_GAPS, IDLE_MIN_MS), IDLE_MAX_MS);
  }

  #closeOldest(raise: Raise): void {
    for (const [id, state] of this.#open) {
      this.#open.delete(id);
      this.#close(state, state.last, raise);
      return;
    }
  }

  #close(state: Session, now: number, raise: Raise): void {
    this.#sessions++;
    const wasBroken = state.isBroken;
    this.#step(state, END);
    // One that broke before was judged when it did.
    if (!wasBroken) this.#judge(state, now, raise);
  }

  #step(state: Session, step: number): boolean {
    const before = state.step;
    const pair = before * 0x100000 + step;
    const times = this.#pairs.get(pair) ?? 0;
    const context = this.#seen.get(before) ?? 0;
    let isBreak = times === 0 && context >= CONTEXT_MIN;
    state.repeats = step === before ? state.repeats + 1 : 0;
    const most = this.#repeatsMax.get(step) ?? 0;
    if (state.repeats > most + 1 && context >= CONTEXT_MIN) isBreak = true;
    if (!isBreak || this.#isLearning(state.last) || this.#isUsual(pair, state.last)) {
      if (times > 0 || this.#pairs.size < GRAMS_MAX) this.#pairs.set(pair, times + 1);
      if (state.repeats > most) this.#repeatsMax.set(step, state.repeats);
    }
    this.#seen.set(before, context + 1);
    state.step = step;
    if (isBreak) state.isBroken = state.isBroken || isBreak;
    return isBreak;
  }

  /** At first all is usual. */
  #isLearning(at: number): boolean {
    return this.#sessions < SESSIONS_MIN || at - this.#firstAt < this.#options.warmUpMs;
  }

  /** What breaks a sequence again and again, with hours in between, is usual after all; an anomaly ends before that. */
  #isUsual(pair: number, at: number): boolean {
    const candidate = this.#candidates.get(pair);
    if (!candidate) {
      if (this.#candidates.size >= CANDIDATES_MAX) this.#candidates.clear();
      this.#candidates.set(pair, [at, 1]);
      return false;
    }
    if (at - candidate[0] < APART_MS) return false;
    candidate[0] = at;
    candidate[1]++;
    if (candidate[1] < TIMES_USUAL) return false;
    this.#candidates.delete(pair);
    return true;
  }

  #judge(state: Session, at: number, raise: Raise): void {
    const { isBroken } = state;
    const { warmUpMs, budget, source } = this.#options;
    if (this.#sessions < SESSIONS_MIN) return;
    const days = Math.max((at - this.#firstAt) / DAY_MS, 0.25);
    const usual = (this.#broken + 0.5) / (this.#judged + 50);
    const limit = thresholdFor((this.#sessions / days) * SHARES.length, budget);
    if (at - this.#firstAt > warmUpMs) {
      for (const [i, share] of SHARES.entries()) {
        const changed = usual + (1 - usual) * share;
        this.#bank.add(i, hitGain(isBroken, usual, changed), state.first, limit);
      }
    }
    const { top } = this.#bank;
    const evidence = this.#bank.values[top] as number;
    const isAbove = this.#bank.isAbove(limit);
    if (isAbove) {
      raise({
        source,
        type: 'sequence',
        kind: 'sequence_break',
        method: 'pattern_based',
        subject: 'sessions',
        at,
        start: this.#bank.since[top] as number,
        strength: Math.max(1, evidence / limit),
        expected: usual,
        actual: SHARES[top] as number,
        unit: 'share of broken sessions',
        records: isBroken ? state.steps : 0,
        isWaning: !isBroken,
      });
    }
    if (!isAbove) {
      this.#judged++;
      if (isBroken) this.#broken++;
    }
    this.#lastEvidenceAt = at;
  }

  save(): SequenceState {
    return {
      open: [...this.#open].map(([id, { first, last, step, repeats, steps, isBroken }]) => [
        id,
        [first, last, step, repeats, steps, isBroken ? 1 : 0],
      ]),
      pairs: [...this.#pairs],
      seen: [...this.#seen],
      repeats: [...this.#repeatsMax],
      candidates: [...this.#candidates].map(([pair, [at, times]]) => [pair, at, times]),
      bank: this.#bank.save(),
      numbers: [this.#gapMax, this.#firstAt, this.#sessions, this.#judged, this.#broken, this.#lastEvidenceAt],
    };
  }

  load({ open, pairs, seen, repeats, candidates, bank, numbers }: SequenceState): void {
    for (const [id, [first, last, step, repeated, steps, isBroken]] of open) {
      this.#open.set(id, { first, last, step, repeats: repeated, steps, isBroken: isBroken === 1 });
    }
    for (const [pair, times] of pairs) this.#pairs.set(pair, times);
    for (const [step, times] of seen) this.#seen.set(step, times);
    for (const [pair, at, times] of candidates) this.#candidates.set(pair, [at, times]);
    for (const [step, times] of repeats) this.#repeatsMax.set(step, times);
    this.#bank.load(bank);
    [this.#gapMax, this.#firstAt, this.#sessions, this.#judged, this.#broken, this.#lastEvidenceAt] = numbers;
  }
}

type Pair = readonly [number, number];

export interface SequenceState {
  readonly open: readonly (readonly [string, readonly [number, number, number, number, number, number]])[];
  readonly pairs: readonly Pair[];
  readonly seen: readonly Pair[];
  readonly repeats: readonly Pair[];
  readonly candidates: readonly (readonly [number, number, number])[];
  readonly bank: EvidenceState;
  readonly numbers: readonly [number, number, number, number, number, number];
}
