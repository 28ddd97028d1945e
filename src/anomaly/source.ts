import type { Template } from '#model';
import { Flow, type FlowState } from './flow.ts';
import { Heartbeat, heartbeatTeller, type HeartbeatState } from './heartbeat.ts';
import { Latency, type LatencyState } from './latency.ts';
import { MixVote, type MixVoteState } from './mix.ts';
import { NoveltyRate, relate, similarity, wordsOf, type Relation } from './novelty.ts';
import { Sequences, type SequenceState } from './sequence.ts';
import { Shapes, longestDigits } from './shape.ts';
import type { Raise } from './signal.ts';

const ERROR_SEVERITY = 17;
// Steps of sequences are numbered from here: 0 and 1 are start and end.
const FIRST_STEP = 2;
const LINES_KNOWN = 30;
const UNSEEN_MIN = 2;
const VARIANTS_USUAL = 3;
const LINES_MIN = 2000;
const SEED = 1;
const NEW_FOR_MS = 7 * 86_400_000;
const NEW_EPISODES = 4;
const EPISODE_PAUSE_MS = 1_800_000;
const EPISODE_LINES = 4;

/** One record, as the detectors want it. */
export interface Observation {
  /** Event time, in milliseconds. */
  timeMs: number;
  severity: number;
  template: (Template & { readonly ancestors?: readonly string[] }) | undefined;
  session: string | undefined;
  durationMs: number | undefined;
  bytes: Uint8Array;
  from: number;
  to: number;
}

export interface SourceOptions {
  readonly name: string;
  readonly daysMax: number;
  /** False alarms a day each test may cost. */
  readonly budget: number;
  readonly noveltyPerDay: number;
  readonly warmUpMs: number;
  readonly templatesMax: number;
  readonly sessionsMax: number;
}

interface Known {
  readonly id: string;
  readonly step: number;
  readonly words: readonly string[];
  readonly text: string;
  count: number;
  variants: number;
  lengthMax: number;
  digitsMax: number;
  last: number;
  /** When it was first seen, for one that was new after the warm-up and still is; else 0. */
  bornAt: number;
  /** Times it came back after a pause, and records since. */
  episodes: number;
  inEpisode: number;
  isTold: boolean;
  readonly heartbeat: Heartbeat;
}

/** Everything that is known of one source. */
export class SourceModel {
  readonly name: string;
  readonly #options: SourceOptions;
  readonly #lines: Flow;
  readonly #sessions: Flow;
  readonly #latency: Latency;
  readonly #sequences: Sequences;
  readonly #shapes = new Shapes();
  readonly #known = new Map<string, Known>();
  readonly #newTemplates = new NoveltyRate();
  readonly #oddContents = new NoveltyRate();
  readonly #vote: MixVote;
  /** Of the minute that runs: new or odd records, sum and number of the scores of durations. */
  #oddities = 0;
  #latencySum = 0;
  #latencyCount = 0;
  #regular: Known[] = [];
  #nextStep = FIRST_STEP;
  #firstAt = 0;
  #seen = 0;

  constructor(options: SourceOptions) {
    const { name: source, daysMax, budget } = options;
    this.name = source;
    this.#options = options;
    this.#lines = new Flow({ source, unit: 'records', daysMax, budget });
    this.#sessions = new Flow({ source, unit: 'traces', daysMax, budget });
    this.#vote = new MixVote(SEED);
    this.#latency = new Latency(source, budget);
    this.#sequences = new Sequences({ source, budget, sessionsMax: options.sessionsMax, warmUpMs: options.warmUpMs });
  }

  readonly #sessionStarted = (): void => {
    this.#sessions.count++;
  };

  /** Learns and judges one record. What is found about it goes to `raise` before this returns. */
  observe(one: Observation, raise: Raise): void {
    const { timeMs, session, template } = one;
    if (this.#firstAt === 0) this.#firstAt = timeMs;
    this.#seen++;
    const isWarm = timeMs - this.#firstAt > this.#options.warmUpMs && this.#seen > LINES_MIN;
    const tell: Raise = isWarm ? raise : ignore;
    this.#shapes.look(one.bytes, one.from, one.to);
    const known = template && this.#kindOf(template, one, tell);
    this.#count(one, known, tell);
    if (known && session === undefined) {
      // Nothing is told of a template without a rhythm, and nearly all have none: no closure for those.
      const { heartbeat } = known;
      heartbeat.observe(timeMs, heartbeat.isRegular ? this.#heartbeatTold(known, timeMs, tell) : ignore);
    }
    if (one.durationMs !== undefined) {
      this.#latencySum += this.#latency.observe(one.durationMs, timeMs, tell);
      this.#latencyCount++;
    }
  }

  #count({ session, severity, timeMs }: Observation, known: Known | undefined, tell: Raise): void {
    if (session === undefined) {
      this.#lines.count++;
      if (severity >= ERROR_SEVERITY) this.#lines.errors++;
      return;
    }
    const step = known?.step ?? FIRST_STEP;
    this.#sequences.observe(session, step, timeMs, tell, this.#sessionStarted);
  }

  #heartbeatTold(known: Known, now: number, tell: Raise): (isLate: boolean, interval: number, start: number) => void {
    const { id, text, heartbeat } = known;
    return heartbeatTeller({ source: this.name, template: id, text, now, period: heartbeat.period }, tell);
  }

  #kindOf(template: NonNullable<Observation['template']>, one: Observation, tell: Raise): Known {
    const known = this.#known.get(template.id);
    if (known) {
      this.#checkContent(known, one, tell);
      known.count++;
      if (known.bornAt > 0) this.#followNew(known, one, tell);
      known.last = one.timeMs;
      return known;
    }
    for (const ancestor of template.ancestors ?? []) {
      const before = this.#known.get(ancestor);
      if (!before) continue;
      this.#known.set(template.id, before);
      return before;
    }
    return this.#meet(template, one, tell);
  }

  /** A template that was never seen here. */
  #meet(template: Template, one: Observation, tell: Raise): Known {
    const words = wordsOf(template.text);
    const { nearest, relation } = this.#nearest(words);
    const created: Known = {
      id: template.id,
      step: this.#nextStep++,
      words,
      text: template.text,
      count: 1,
      variants: 0,
      lengthMax: one.to - one.from,
      digitsMax: longestDigits(one.bytes, one.from, one.to, 0),
      last: one.timeMs,
      bornAt: 0,
      episodes: 0,
      inEpisode: 1,
      isTold: false,
      heartbeat: new Heartbeat(),
    };
    if (this.#known.size >= this.#options.templatesMax) this.#forget();
    this.#known.set(template.id, created);
    if (this.#seen < 50) return created;
    const isOdd = this.#isOdd(nearest, one);
    if (nearest && relation !== 'unrelated' && isOdd) this.#tellContent(created, one, tell);
    else if (nearest && (relation === 'same' || relation === 'inserted')) nearest.variants++;
    else if (nearest && relation === 'variant' && nearest.variants >= VARIANTS_USUAL) nearest.variants++;
    else {
      if (nearest && relation === 'variant') nearest.variants++;
      created.bornAt = one.timeMs - this.#firstAt > this.#options.warmUpMs ? one.timeMs : 0;
      this.#tellNew(created, one, tell);
    }
    return created;
  }

  #nearest(words: readonly string[]): { nearest: Known | undefined; relation: Relation } {
    let nearest: Known | undefined;
    let most = -1;
    for (const known of this.#known.values()) {
      const alike = similarity(known.words, words);
      if (alike > most) {
        most = alike;
        nearest = known;
      }
    }
    return { nearest, relation: nearest ? relate(nearest.words, words, most) : 'unrelated' };
  }

  #isOdd(known: Known | undefined, { bytes, from, to }: Observation): boolean {
    if (this.#shapes.unseen >= UNSEEN_MIN) return true;
    if (!known || known.count < LINES_KNOWN) return false;
    if (to - from > known.lengthMax * 1.5 + 64) return true;
    const digitsMax = Math.max(known.digitsMax + 4, 10);
    return longestDigits(bytes, from, to, digitsMax) > digitsMax;
  }

  #checkContent(known: Known, one: Observation, tell: Raise): void {
    const length = one.to - one.from;
    const digits = longestDigits(one.bytes, one.from, one.to, known.digitsMax);
    if (this.#shapes.unseen === 0 && length <= known.lengthMax && digits <= known.digitsMax) return;
    if (this.#isOdd(known, one)) this.#tellContent(known, one, tell);
    known.lengthMax = Math.max(known.lengthMax, length);
    known.digitsMax = digits;
  }

  #tellContent(known: Known, one: Observation, tell: Raise): void {
    const { timeMs: at } = one;
    this.#oddities++;
    const rate = this.#oddContents.at(at);
    this.#oddContents.add(at);
    if (rate > this.#options.noveltyPerDay) return;
    tell({
      source: this.name,
      type: 'content',
      kind: 'content',
      method: 'statistical',
      subject: 'values',
      at,
      start: at,
      strength: 1 + this.#shapes.unseen / 10,
      expected: 0,
      actual: this.#shapes.unseen,
      unit: 'character triples never seen',
      example: known.text,
      records: 1,
    });
  }

  /** A template stays new for some days, or until it has come back a few times: what is rare is known after that. */
  #followNew(known: Known, one: Observation, tell: Raise): void {
    const at = one.timeMs;
    if (at - known.bornAt > NEW_FOR_MS || known.episodes >= NEW_EPISODES) {
      known.bornAt = 0;
      return;
    }
    if (at - known.last > EPISODE_PAUSE_MS) {
      known.episodes++;
      known.inEpisode = 0;
      known.isTold = false;
      this.#tellNew(known, one, tell);
    }
    known.inEpisode++;
    // What is rare comes one by one. Several in a row are told even where new templates are nothing special.
    if (known.inEpisode >= EPISODE_LINES && !known.isTold) this.#raiseNew(known, at, tell);
  }

  #tellNew(known: Known, { timeMs: at }: Observation, tell: Raise): void {
    this.#oddities++;
    const rate = this.#newTemplates.at(at);
    this.#newTemplates.add(at);
    if (rate <= this.#options.noveltyPerDay) this.#raiseNew(known, at, tell);
  }

  #raiseNew(known: Known, at: number, tell: Raise): void {
    known.isTold = true;
    tell({
      source: this.name,
      type: 'pattern',
      kind: 'new_template',
      method: 'pattern_based',
      subject: 'templates',
      at,
      start: at,
      strength: 1,
      expected: 0,
      actual: 1,
      unit: 'templates never seen',
      example: known.text,
      records: 1,
    });
  }

  #forget(): void {
    let rarest: Known | undefined;
    for (const known of this.#known.values()) if (!rarest || known.heartbeat.last < rarest.heartbeat.last) rarest = known;
    if (!rarest) return;
    for (const [id, known] of this.#known) if (known === rarest) this.#known.delete(id);
  }

  /** A few seconds have passed. */
  tick(now: number, raise: Raise): void {
    const tell = now - this.#firstAt > this.#options.warmUpMs ? raise : ignore;
    this.#sequences.expire(now, tell);
    for (const known of this.#regular) known.heartbeat.check(now, this.#heartbeatTold(known, now, tell));
  }

  /** A minute is over. */
  closeMinute(minute: number, isMuted: boolean, raise: Raise): void {
    const tell = minute * 60_000 - this.#firstAt > this.#options.warmUpMs ? raise : ignore;
    const recurring = this.#lines.close(minute, isMuted, tell);
    this.#sessions.close(minute, isMuted, tell, recurring);
    this.#voteOn();
    if (minute % 10 === 0) this.#regular = [...new Set(this.#known.values())].filter(({ heartbeat }) => heartbeat.isRegular);
  }

  /** True when the online model finds the last minute unusual: it confirms what others find, and raises nothing by itself. */
  isUnusual = false;

  #voteOn(): void {
    const latency = this.#latencySum / Math.sqrt(Math.max(this.#latencyCount, 1));
    this.isUnusual = this.#vote.observe([
      this.#lines.deviation,
      this.#sessions.deviation,
      this.#lines.errorDeviation,
      latency,
      Math.min(this.#oddities, 5),
    ]);
    this.#oddities = 0;
    this.#latencySum = 0;
    this.#latencyCount = 0;
  }

  save(): SourceState {
    const ids = new Map<Known, string[]>();
    for (const [id, known] of this.#known) {
      const all = ids.get(known);
      if (all) all.push(id);
      else ids.set(known, [id]);
    }
    return {
      lines: this.#lines.save(),
      sessions: this.#sessions.save(),
      latency: this.#latency.save(),
      sequences: this.#sequences.save(),
      shapes: Buffer.from(this.#shapes.bits).toString('base64'),
      known: Array.from(ids, ([{ heartbeat, ...known }, all]) => ({ ...known, ids: all, heartbeat: heartbeat.save() })),
      regular: this.#regular.map(({ id }) => id),
      rates: [this.#newTemplates.save(), this.#oddContents.save()],
      numbers: [this.#nextStep, this.#firstAt, this.#seen, this.#oddities, this.#latencySum, this.#latencyCount],
      vote: this.#vote.save(),
      isUnusual: this.isUnusual,
    };
  }

  load({ lines, sessions, latency, sequences, shapes, known, regular, rates, numbers, vote, isUnusual }: SourceState): void {
    this.#lines.load(lines);
    this.#sessions.load(sessions);
    this.#latency.load(latency);
    this.#sequences.load(sequences);
    this.#shapes.bits.set(Buffer.from(shapes, 'base64').subarray(0, this.#shapes.bits.length));
    for (const { ids, heartbeat: rhythm, ...rest } of known) {
      const heartbeat = new Heartbeat();
      heartbeat.load(rhythm);
      const restored: Known = { ...rest, heartbeat };
      for (const id of ids) this.#known.set(id, restored);
    }
    this.#regular = regular.flatMap((id) => this.#known.get(id) ?? []);
    this.#newTemplates.load(rates[0]);
    this.#oddContents.load(rates[1]);
    [this.#nextStep, this.#firstAt, this.#seen, this.#oddities, this.#latencySum, this.#latencyCount] = numbers;
    this.#vote.load(vote);
    this.isUnusual = isUnusual;
  }
}

export interface SourceState {
  readonly lines: FlowState;
  readonly sessions: FlowState;
  readonly latency: LatencyState;
  readonly sequences: SequenceState;
  readonly shapes: string;
  readonly known: readonly (Omit<Known, 'heartbeat'> & { readonly ids: readonly string[]; readonly heartbeat: HeartbeatState })[];
  readonly regular: readonly string[];
  readonly rates: readonly [readonly [number, number], readonly [number, number]];
  readonly numbers: readonly [number, number, number, number, number, number];
  readonly vote: MixVoteState;
  readonly isUnusual: boolean;
}

function ignore(): void {}
