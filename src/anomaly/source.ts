import type { Template } from '#model';
import { Flow } from './flow.ts';
import { Heartbeat, heartbeatTeller } from './heartbeat.ts';
import { Latency } from './latency.ts';
import { NoveltyRate, relate, similarity, wordsOf, type Relation } from './novelty.ts';
import { Sequences } from './sequence.ts';
import { Shapes } from './shape.ts';
import type { Raise } from './signal.ts';

const ERROR_SEVERITY = 17;
// Steps of sequences are numbered from here: 0 and 1 are start and end.
const FIRST_STEP = 2;
const LINES_KNOWN = 30;
const UNSEEN_MIN = 2;
const VARIANTS_USUAL = 3;
const LINES_MIN = 2000;

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
    this.#latency = new Latency(source, budget);
    this.#sequences = new Sequences({ source, budget, sessionsMax: options.sessionsMax, warmUpMs: options.warmUpMs });
  }

  observe(one: Observation, raise: Raise): void {
    const { timeMs, session, template } = one;
    if (this.#firstAt === 0) this.#firstAt = timeMs;
    this.#seen++;
    const isWarm = timeMs - this.#firstAt > this.#options.warmUpMs && this.#seen > LINES_MIN;
    const tell: Raise = isWarm ? raise : ignore;
    this.#shapes.look(one.bytes, one.from, one.to);
    const known = template && this.#kindOf(template, one, tell);
    if (known?.heartbeat.isRegular !== true) this.#count(one, known, tell);
    if (known && session === undefined) {
      known.heartbeat.observe(timeMs, this.#heartbeatTold(known, timeMs, tell));
    }
    if (one.durationMs !== undefined) this.#latency.observe(one.durationMs, timeMs, tell);
  }

  #count({ session, severity, timeMs }: Observation, known: Known | undefined, tell: Raise): void {
    if (session === undefined) {
      this.#lines.count++;
      if (severity >= ERROR_SEVERITY) this.#lines.errors++;
      return;
    }
    const step = known?.step ?? FIRST_STEP;
    this.#sequences.observe(session, step, timeMs, tell, () => this.#sessions.count++);
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
      digitsMax: this.#shapes.digits,
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

  #isOdd(known: Known | undefined, { from, to }: Observation): boolean {
    const { unseen, digits } = this.#shapes;
    if (unseen >= UNSEEN_MIN) return true;
    if (!known || known.count < LINES_KNOWN) return false;
    return to - from > known.lengthMax * 1.5 + 64 || digits > Math.max(known.digitsMax + 4, 10);
  }

  #checkContent(known: Known, one: Observation, tell: Raise): void {
    const length = one.to - one.from;
    const { unseen, digits } = this.#shapes;
    if (unseen === 0 && length <= known.lengthMax && digits <= known.digitsMax) return;
    if (this.#isOdd(known, one)) this.#tellContent(known, one, tell);
    known.lengthMax = Math.max(known.lengthMax, length);
    known.digitsMax = Math.max(known.digitsMax, digits);
  }

  #tellContent(known: Known, one: Observation, tell: Raise): void {
    const { timeMs: at } = one;
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

  #tellNew(known: Known, { timeMs: at }: Observation, tell: Raise): void {
    const rate = this.#newTemplates.at(at);
    this.#newTemplates.add(at);
    if (rate > this.#options.noveltyPerDay) return;
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
    this.#lines.close(minute, isMuted, tell);
    this.#sessions.close(minute, isMuted, tell);
    if (minute % 10 === 0) this.#regular = [...new Set(this.#known.values())].filter(({ heartbeat }) => heartbeat.isRegular);
  }
}

function ignore(): void {}
