const DAY = 1440;
const HOUR = 60;
const WEEK_HOURS = 168;
// One value each ten minutes, from an hour and a half around it: wide enough for a median when a batch job fills 20 minutes.
const SLOT = 10;
const AROUND = 45;
// What counts as more than usual, for the minutes that recur.
const RECURRING_MIN = 1.45;
const RECURRING_Z = 3.5;
const RECURRING_SHARE = 0.75;
const RECENT_DAYS = 3;
/** An hour of the week counts as if it had also been seen as usual, so many times. */
const WEEKLY_PRIOR = 30;
const SPREAD_FIRST = 0.1;
/** What a minute holds at least, as far as a profile knows: where nothing ever came, it says this and not 0. */
export const BASE_MIN = 0.02;

/** What is usual at which time. */
export interface Profile {
  /** Smooth, by minute of the day; NaN where nothing is known. */
  readonly base: Float64Array;
  /** Factor by minute of the day, of windows that came back each day; 1 elsewhere. */
  readonly recurring: Float64Array;
  /** Factor by minute of the hour. */
  readonly hourly: Float64Array;
  /** Factor by hour of the week, once there are two weeks. Index 0 is the hour of minute 0. */
  readonly weekly: Float64Array;
  /** Variance beyond Poisson, relative to the square of the mean. */
  readonly spread: number;
}

/**
 * Fits a profile to counts per minute; `values[0]` is of minute `from`, NaN is unknown. `all` has minutes of anomalies too:
 * what comes back at the same time every day is a job, however unusual it was at first.
 */
export function fitProfile(values: Float64Array, all: Float64Array, from: number): Profile {
  const hourly = fitHourly(values, from);
  const flatten = (value: number, i: number): number => value / (hourly[(from + i) % HOUR] as number);
  const flat = values.map(flatten);
  const flatAll = all.map(flatten);
  const none = new Float64Array(DAY).fill(1);
  const rough = fitBase(flat, from, none);
  const recurring = fitRecurring(flatAll, from, rough);
  const base = fitBase(flat, from, recurring);
  const again = fitRecurring(flatAll, from, base);
  const weekly = fitWeekly(flat, flatAll, from, base);
  return { base, recurring: again, hourly, weekly, spread: fitSpread(flat, { from, base, recurring: again, hourly }) };
}

/** Minutes of the hour that stand out in most hours, such as those of cron jobs. */
function fitHourly(values: Float64Array, from: number): Float64Array {
  const hourly = new Float64Array(HOUR).fill(1);
  const ratios: number[][] = Array.from({ length: HOUR }, () => []);
  const seen = new Float64Array(HOUR);
  const sums = prefixSums(values);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const local = meanAround(sums, i, 15);
    if (!(local > 0)) continue;
    const minute = (from + i) % HOUR;
    (ratios[minute] as number[]).push(value / local);
    seen[minute] = (seen[minute] as number) + local;
  }
  for (let minute = 0; minute < HOUR; minute++) {
    const all = ratios[minute] as number[];
    if (all.length < 8) continue;
    const ratio = trimmedMean(all, 0.1);
    // Chance alone moves the mean ratio by about this much; a small one is not worth the noise it brings.
    const error = Math.sqrt(1 / Math.max(1, seen[minute] as number) + SPREAD_FIRST / all.length);
    if (Math.abs(ratio - 1) > Math.max(0.3, 4 * error)) hourly[minute] = Math.max(ratio, 0.05);
  }
  return hourly;
}

/** Mean by time of day, minutes that recur set aside. */
function fitBase(flat: Float64Array, from: number, recurring: Float64Array): Float64Array {
  const slots = new Float64Array(DAY / SLOT).fill(Number.NaN);
  const byMinute: number[][] = Array.from({ length: DAY }, () => []);
  for (let i = 0; i < flat.length; i++) {
    const value = flat[i] as number;
    const minute = (from + i) % DAY;
    if (!Number.isNaN(value) && recurring[minute] === 1) (byMinute[minute] as number[]).push(value);
  }
  for (let slot = 0; slot < slots.length; slot++) {
    const around: number[] = [];
    for (let minute = slot * SLOT - AROUND; minute < slot * SLOT + AROUND; minute++) {
      for (const value of byMinute[(minute + DAY) % DAY] as number[]) around.push(value);
    }
    if (around.length >= AROUND / 2) slots[slot] = clippedMean(around);
  }
  const base = new Float64Array(DAY);
  for (let minute = 0; minute < DAY; minute++) {
    const at = minute / SLOT;
    const left = slots[Math.floor(at) % slots.length] as number;
    const right = slots[(Math.floor(at) + 1) % slots.length] as number;
    const share = at - Math.floor(at);
    base[minute] = Number.isNaN(left) ? right : Number.isNaN(right) ? left : left * (1 - share) + right * share;
  }
  return base;
}

/** Windows that held far more than usual on each day that was seen, or on each of the last days: a job may be new. */
function fitRecurring(flat: Float64Array, from: number, base: Float64Array): Float64Array {
  const factor = new Float64Array(DAY).fill(1);
  const raw = new Float64Array(DAY);
  for (let minute = 0; minute < DAY; minute++) {
    const days = daysAt(flat, from, base, minute);
    const recent = days.slice(-RECENT_DAYS);
    const isNew = days.length > RECENT_DAYS && recent.every((day) => ratioOf([day], 1) > 1);
    raw[minute] = Math.max(ratioOf(days, RECURRING_SHARE), isNew ? ratioOf(recent, 1) : 1);
  }
  // The mean of three minutes is too low at both edges of a window; its neighbour within is right.
  for (let minute = 0; minute < DAY; minute++) {
    const before = raw[(minute + DAY - 1) % DAY] as number;
    const after = raw[(minute + 1) % DAY] as number;
    factor[minute] = Math.max(1, raw[minute] as number, before, after);
  }
  return factor;
}

/** What three minutes held on one day. */
interface Held {
  sum: number;
  expected: number;
  cells: number;
  /** The minute in the middle, as a multiple of what is usual; NaN when it is not known. */
  centre: number;
}

function daysAt(flat: Float64Array, from: number, base: Float64Array, minute: number): Held[] {
  const days: Held[] = [];
  for (let day = -1; day <= flat.length / DAY + 1; day++) {
    const centre = Math.floor(from / DAY) * DAY + day * DAY + minute - from;
    const held: Held = { sum: 0, expected: 0, cells: 0, centre: Number.NaN };
    for (let i = centre - 1; i <= centre + 1; i++) {
      const value = flat[i];
      const usual = base[(((from + i) % DAY) + DAY) % DAY] as number;
      if (value === undefined || Number.isNaN(value) || !(usual > 0)) continue;
      if (i === centre) held.centre = value / usual;
      held.sum += value;
      held.expected += usual;
      held.cells++;
    }
    if (held.expected > 0) days.push(held);
  }
  return days;
}

/** How much more than usual these days held, if so large a share of them did; else 1. */
function ratioOf(days: readonly Held[], share: number): number {
  let sum = 0;
  let expected = 0;
  let cells = 0;
  let daysAbove = 0;
  for (const held of days) {
    sum += held.sum;
    expected += held.expected;
    cells += held.cells;
    if (held.sum > RECURRING_MIN * held.expected * 0.85) daysAbove++;
  }
  if (expected === 0) return 1;
  const error = Math.sqrt(expected + ((expected * expected) / cells) * SPREAD_FIRST);
  const isAbove = sum > RECURRING_MIN * expected && sum - expected > RECURRING_Z * error && daysAbove >= Math.max(1, days.length * share);
  if (!isAbove) return 1;
  const mean = sum / expected;
  // A job of a minute or two is more than the mean around it, every day.
  const isNarrow = days.length >= RECENT_DAYS && days.every(({ centre }) => centre > mean);
  return isNarrow ? days.reduce((total, { centre }) => total + centre, 0) / days.length : mean;
}

/** What the hours of the week hold beside what their time of day does. An hour in which each week had an anomaly is usual as it is. */
function fitWeekly(flat: Float64Array, flatAll: Float64Array, from: number, base: Float64Array): Float64Array {
  const weekly = new Float64Array(WEEK_HOURS).fill(1);
  if (flat.length < 14 * DAY) return weekly;
  const hours = Array.from({ length: WEEK_HOURS }, () => ({
    known: new Tally(),
    all: new Tally(),
    weeks: new Set<number>(),
    odd: new Set<number>(),
  }));
  for (const [i, any] of flatAll.entries()) {
    const usual = base[(from + i) % DAY] as number;
    const hour = hours[Math.floor((from + i) / HOUR) % WEEK_HOURS];
    if (!hour || Number.isNaN(any) || !(usual > 0)) continue;
    const week = Math.floor((from + i) / HOUR / WEEK_HOURS);
    const value = Math.min(any, usual * 4);
    hour.weeks.add(week);
    hour.all.add(value, usual);
    if (Number.isNaN(flat[i])) hour.odd.add(week);
    else hour.known.add(value, usual);
  }
  for (const [i, { known, all, weeks, odd }] of hours.entries()) {
    const { seen, expected } = odd.size > 1 && odd.size === weeks.size ? all : known;
    weekly[i] = (seen + WEEKLY_PRIOR) / (expected + WEEKLY_PRIOR);
  }
  return weekly;
}

class Tally {
  seen = 0;
  expected = 0;

  add(value: number, usual: number): void {
    this.seen += value;
    this.expected += usual;
  }
}

interface Fitted {
  readonly from: number;
  readonly base: Float64Array;
  readonly recurring: Float64Array;
  readonly hourly: Float64Array;
}

/** How much more than Poisson the counts vary around their local mean. */
function fitSpread(flat: Float64Array, { from, base, recurring, hourly }: Fitted): number {
  const relative = flat.map((value, i) => value / (base[(from + i) % DAY] as number));
  const sums = prefixSums(relative);
  let spread = SPREAD_FIRST;
  for (let round = 0; round < 3; round++) {
    let excess = 0;
    let squares = 0;
    for (let i = 0; i < flat.length; i++) {
      const value = flat[i] as number;
      const minute = (from + i) % DAY;
      const usual = (base[minute] as number) * meanAround(sums, i, AROUND);
      if (Number.isNaN(value) || !(usual > 0) || (recurring[minute] as number) > 1 || hourly[(from + i) % HOUR] !== 1) continue;
      const variance = usual + usual * usual * spread;
      const deviation = Math.min((value - usual) ** 2, 12 * variance);
      excess += deviation - usual;
      squares += usual * usual;
    }
    spread = squares > 0 ? Math.min(Math.max(excess / squares, 0.005), 4) : SPREAD_FIRST;
  }
  return spread;
}

interface Sums {
  readonly sum: Float64Array;
  readonly count: Int32Array;
}

function prefixSums(values: Float64Array): Sums {
  const sum = new Float64Array(values.length + 1);
  const count = new Int32Array(values.length + 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const isKnown = Number.isFinite(value);
    sum[i + 1] = (sum[i] as number) + (isKnown ? value : 0);
    count[i + 1] = (count[i] as number) + (isKnown ? 1 : 0);
  }
  return { sum, count };
}

/** Mean of the values around `i`, without itself. */
function meanAround({ sum, count }: Sums, i: number, around: number): number {
  const from = Math.max(0, i - around);
  const to = Math.min(sum.length - 1, i + around + 1);
  const own = (sum[i + 1] as number) - (sum[i] as number);
  const isKnown = (count[i + 1] as number) - (count[i] as number);
  const many = (count[to] as number) - (count[from] as number) - isKnown;
  return many > 0 ? ((sum[to] as number) - (sum[from] as number) - own) / many : Number.NaN;
}

function trimmedMean(values: number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const cut = Math.floor(sorted.length * share);
  let sum = 0;
  for (let i = cut; i < sorted.length - cut; i++) sum += sorted[i] as number;
  return sum / (sorted.length - 2 * cut);
}

/** A mean on which far values pull no more than near ones: the median first, then clipped around it. */
function clippedMean(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  let centre = Math.max(sorted[sorted.length >> 1] as number, 0.05);
  for (let round = 0; round < 4; round++) {
    const room = 2.2 * Math.sqrt(centre + centre * centre * SPREAD_FIRST);
    let sum = 0;
    for (const value of sorted) sum += Math.min(Math.max(value, centre - room), centre + room);
    centre = Math.max(sum / sorted.length, BASE_MIN);
  }
  return centre;
}
