/** What a minute is expected to hold, from the same time of earlier days. */
import { BASE_MIN, fitProfile, type Profile } from './profile.ts';

export const DAY_MINUTES = 1440;
const MASKED = 0xffff;
const COUNT_MAX = 0xfffe;
// The level follows slow growth and swells of hours, and hardly moves within the minutes a burst takes.
const LEVEL_MINUTES = 90;
const LEVEL_WEIGHT = Math.exp(-1 / LEVEL_MINUTES);
// Pseudo-counts that hold the level at 1 while little has been seen.
const LEVEL_PRIOR = 3;
const LEVEL_CLIP = 3;
// Its logarithm is still finite.
const LOW_MIN = 1e-9;

export interface Expectation {
  /** Without bursts that come back every day. */
  base: number;
  /** Of `base`, what was seen to come: a drop is a drop of this. Nearly 0 where `base` is only what is assumed of the unseen. */
  low: number;
  /** With them. */
  high: number;
  /** Relative variance beyond Poisson. */
  spread: number;
}

/**
 * Counts per minute of the last days, and the profile fitted to them: time of day, minute of the hour (cron jobs), day of
 * the week, and windows that come back every day (batch jobs). A level beside it follows growth.
 */
export class SeasonalBaseline {
  readonly #daysMax: number;
  #history: Uint16Array = new Uint16Array(2 * DAY_MINUTES).fill(MASKED);
  /** 1 for minutes of an anomaly. They are no part of what is usual, unless they come back every day. */
  #unusual: Uint8Array = new Uint8Array(2 * DAY_MINUTES);
  #first = -1;
  #next = -1;
  #fitAt = 0;
  #profile: Profile | undefined;
  #levelSeen = 0;
  #levelExpected = 0;
  readonly #expectation: Expectation = { base: 0, low: 0, high: 0, spread: 0 };

  constructor(daysMax: number) {
    this.#daysMax = Math.max(2, daysMax);
  }

  /** Minutes since the first one. */
  get age(): number {
    return this.#first < 0 ? 0 : this.#next - this.#first;
  }

  get level(): number {
    return (this.#levelSeen + LEVEL_PRIOR) / (this.#levelExpected + LEVEL_PRIOR);
  }

  /** Undefined until a day has been seen. The object is used again by the next call. */
  expect(minute: number): Expectation | undefined {
    const profile = this.#profile;
    if (!profile) return undefined;
    const ofDay = minute % DAY_MINUTES;
    const base = profileBase(profile, minute);
    if (!(base > 0)) return undefined;
    const level = this.level;
    this.#expectation.base = base * level;
    this.#expectation.low = Math.max(base - BASE_MIN, LOW_MIN) * level;
    this.#expectation.high = base * level * (profile.recurring[ofDay] as number);
    this.#expectation.spread = profile.spread;
    return this.#expectation;
  }

  recurringAt(minute: number): number {
    return this.#profile?.recurring[minute % DAY_MINUTES] ?? 1;
  }

  /** The next minute's count. One that belongs to an anomaly is not learned, unless the same comes back day by day. Minutes come in order. */
  push(minute: number, count: number, isLearned: boolean): void {
    if (this.#first < 0) {
      this.#first = minute;
      this.#next = minute;
    }
    this.#grow(minute);
    const size = this.#history.length;
    for (let gap = Math.max(this.#next, minute - size + 1); gap < minute; gap++) this.#history[gap % size] = MASKED;
    this.#history[minute % size] = Math.min(count, COUNT_MAX);
    this.#unusual[minute % size] = isLearned ? 0 : 1;
    this.#next = minute + 1;
    if (isLearned) this.#follow(minute, count);
    if (this.age >= this.#nextFit()) this.#fit();
  }

  #follow(minute: number, count: number): void {
    const expectation = this.expect(minute);
    if (!expectation || expectation.high > expectation.base * 1.05) return;
    const { base, spread } = expectation;
    // Before the level moves.
    const usual = base / this.level;
    // Counts below one are mostly 0 and sometimes 2: one more keeps clipping from moving their mean.
    const room = LEVEL_CLIP * Math.sqrt(base + base * base * spread) + 1;
    const clipped = Math.min(Math.max(count, base - room), base + room);
    this.#levelSeen = this.#levelSeen * LEVEL_WEIGHT + clipped;
    this.#levelExpected = this.#levelExpected * LEVEL_WEIGHT + usual;
  }

  #nextFit(): number {
    return this.#fitAt === 0 ? DAY_MINUTES : this.#fitAt < 3 * DAY_MINUTES ? this.#fitAt + DAY_MINUTES / 4 : this.#fitAt + DAY_MINUTES;
  }

  #fit(): void {
    this.#fitAt = this.age;
    const size = this.#history.length;
    const from = Math.max(this.#first, this.#next - size);
    const values = new Float64Array(this.#next - from);
    const all = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const count = this.#history[(from + i) % size] as number;
      all[i] = count === MASKED ? Number.NaN : count;
      values[i] = this.#unusual[(from + i) % size] === 1 ? Number.NaN : (all[i] as number);
    }
    this.#profile = fitProfile(values, all, from);
    this.#restoreLevel(values, from);
  }

  /** What the level of the new profile would be now. */
  #restoreLevel(values: Float64Array, from: number): void {
    this.#levelSeen = 0;
    this.#levelExpected = 0;
    for (let i = Math.max(0, values.length - 4 * LEVEL_MINUTES); i < values.length; i++) {
      const value = values[i] as number;
      if (!Number.isNaN(value)) this.#follow(from + i, value);
    }
  }

  #grow(minute: number): void {
    const needed = Math.min(minute - this.#first + 1, this.#daysMax * DAY_MINUTES);
    if (needed <= this.#history.length) return;
    const grown = new Uint16Array(Math.min(this.#history.length * 2, this.#daysMax * DAY_MINUTES)).fill(MASKED);
    const unusual = new Uint8Array(grown.length);
    const size = this.#history.length;
    for (let at = Math.max(this.#first, this.#next - size); at < this.#next; at++) {
      grown[at % grown.length] = this.#history[at % size] as number;
      unusual[at % grown.length] = this.#unusual[at % size] as number;
    }
    this.#history = grown;
    this.#unusual = unusual;
  }

  save(): SeasonalState {
    return {
      history: Buffer.from(this.#history.buffer, this.#history.byteOffset, this.#history.byteLength).toString('base64'),
      unusual: ranges(this.#unusual),
      first: this.#first,
      next: this.#next,
      fitAt: this.#fitAt,
      seen: this.#levelSeen,
      expected: this.#levelExpected,
      profile: this.#profile && { ...this.#profile, ...encodeProfile(this.#profile) },
    };
  }

  load(state: SeasonalState): void {
    const bytes = Uint8Array.from(Buffer.from(state.history, 'base64'));
    this.#history = new Uint16Array(bytes.buffer);
    this.#unusual = new Uint8Array(this.#history.length);
    for (const [start, end] of state.unusual ?? []) this.#unusual.fill(1, start, end);
    this.#first = state.first;
    this.#next = state.next;
    this.#fitAt = state.fitAt;
    this.#levelSeen = state.seen;
    this.#levelExpected = state.expected;
    this.#profile = state.profile && decodeProfile(state.profile);
  }
}

interface StoredProfile {
  readonly base: string;
  readonly recurring: string;
  readonly hourly: string;
  readonly weekly: string;
  readonly spread: number;
}

export interface SeasonalState {
  readonly history: string;
  /** From where to where minutes of the history are unusual. Snapshots of earlier versions have none. */
  readonly unusual?: readonly (readonly [number, number])[];
  readonly first: number;
  readonly next: number;
  readonly fitAt: number;
  readonly seen: number;
  readonly expected: number;
  readonly profile: StoredProfile | undefined;
}

/** From where to where there are ones. */
function ranges(flags: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let start = flags.indexOf(1); start >= 0;) {
    const end = flags.indexOf(0, start);
    found.push([start, end < 0 ? flags.length : end]);
    start = end < 0 ? -1 : flags.indexOf(1, end);
  }
  return found;
}

function profileBase({ base, hourly, weekly }: Profile, minute: number): number {
  const hourOfWeek = Math.floor(minute / 60) % weekly.length;
  return (base[minute % DAY_MINUTES] as number) * (hourly[minute % 60] as number) * (weekly[hourOfWeek] as number);
}

function encodeProfile({ base, recurring, hourly, weekly, spread }: Profile): StoredProfile {
  return { base: pack(base), recurring: pack(recurring), hourly: pack(hourly), weekly: pack(weekly), spread };
}

function decodeProfile({ base, recurring, hourly, weekly, spread }: StoredProfile): Profile {
  return { base: unpack(base), recurring: unpack(recurring), hourly: unpack(hourly), weekly: unpack(weekly), spread };
}

function pack(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function unpack(text: string): Float64Array {
  return new Float64Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}
