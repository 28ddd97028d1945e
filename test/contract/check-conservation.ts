import * as fc from 'fast-check';
import { MemoryStorage } from '../helpers/memory-storage.ts';
import { rowSeed, type RowSeed } from './rows.ts';
import { Life, type ProcessorMember, type PipelineBook } from './world.ts';
import { WorldSink, type Settling, type Taking } from './world-sink.ts';
import { WorldSource, type LifeFigures } from './world-source.ts';

/** What may happen to a processor. */
type Step =
  | { readonly kind: 'give'; readonly rows: readonly RowSeed[]; readonly splits: readonly number[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'next'; readonly taking: Taking; readonly settling: Settling }
  | { readonly kind: 'release'; readonly isDurable: boolean }
  | { readonly kind: 'stall' | 'crash' | 'restart' | 'hurry' };

interface Story {
  readonly steps: readonly Step[];
  /** True when a refused batch is offered again as it is, false when its rows come in a new one. */
  readonly offersAgain: boolean;
  /** True when what comes next edits batches in place. */
  readonly sinkMutates: boolean;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('give' as const),
      rows: fc.array(rowSeed, { minLength: 1, maxLength: 12 }),
      splits: fc.array(fc.nat({ max: 12 }), { maxLength: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 60, 250, 1500, 12_000, 90_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('next' as const),
      taking: fc.constantFrom<Taking>('takes', 'takes', 'refuses', 'waits'),
      settling: fc.constantFrom<Settling>('durable', 'durable', 'keep', 'abandon'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), isDurable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('stall' as const, 'crash' as const, 'restart' as const, 'hurry' as const) }) },
);

const story: fc.Arbitrary<Story> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
  offersAgain: fc.boolean(),
  sinkMutates: fc.boolean(),
});

export interface ConservationOptions {
  readonly runs: number;
  /** Stories begin with these numbers; a failure names the one to give. */
  readonly seed: number;
  readonly shrinkMs?: number;
}

/**
 * Plays random stories and says what the simplest one that fails has shown, with the seed that gives it again.
 *
 * A story gives rows to the processor in random parts, lets time pass, lets what comes next refuse, wait, settle late or
 * give up, stalls the storage, stops and starts the processor, gives it no time to stop, and kills it: then its storage
 * stays and its memory is gone. At the end everything is let go, and each row has to be accounted for.
 */
export async function checkConservation(member: ProcessorMember, options: ConservationOptions): Promise<string[]> {
  const { runs, seed, shrinkMs = 10_000 } = options;
  let shrinkUntil = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(story, async (told) => {
    // Making a failure simpler is for the reader. It must not take longer than he would wait.
    if (performance.now() > shrinkUntil) return;
    const problems = await play(member, told);
    if (problems.length === 0) return;
    if (shrinkUntil === Number.POSITIVE_INFINITY) shrinkUntil = performance.now() + shrinkMs;
    throw new Error(problems.join('\n'));
  });
  const details = await fc.check(property, { numRuns: runs, seed });
  if (!details.failed) return [];
  const [simplest] = details.counterexample ?? [];
  const said = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  return [...said.split('\n'), `seed ${seed}, path ${details.counterexamplePath ?? ''}`, ...(simplest ? describeStory(simplest) : [])];
}

function describeStory({ steps, offersAgain, sinkMutates }: Story): string[] {
  const told = steps.map((one) => (one.kind === 'give' ? { ...one, rows: one.rows.map((row) => Object.values(row).join(' ')) } : one));
  return [
    `the story: ${JSON.stringify(told)}`,
    `(rows: content variant severity time-offset origin dropped-upstream; ${offersAgain ? 'a refused batch is offered again' : 'refused rows come in a new batch'}; next ${sinkMutates ? 'edits' : 'reads'})`,
  ];
}

/** Plays one story; returns what is wrong. */
async function play(member: ProcessorMember, { steps, offersAgain, sinkMutates }: Story): Promise<string[]> {
  const stage = new Stage(member, offersAgain, sinkMutates);
  await stage.open();
  for (const one of steps) {
    await stage.play(one);
    if (stage.problems.length > 0) break;
  }
  if (stage.problems.length === 0) await stage.close();
  return [...new Set(stage.problems)];
}

const HOUR_MS = 3_600_000;

class Stage {
  readonly problems: string[] = [];
  readonly #member: ProcessorMember;
  readonly #source: WorldSource;
  readonly #sinkMutates: boolean;
  readonly #books: PipelineBook[] = [];
  readonly #sinks: WorldSink[] = [];
  #life: Life | undefined;
  #now = Date.UTC(2026, 0, 30, 12);
  #unstall: (() => void) | undefined;
  /** What the last life left behind it: rows it had called durable that nobody downstream had. */
  #owed = 0;

  constructor(member: ProcessorMember, offersAgain: boolean, sinkMutates: boolean) {
    this.#member = member;
    this.#source = new WorldSource(offersAgain);
    this.#sinkMutates = sinkMutates;
  }

  async open(storage: MemoryStorage = new MemoryStorage()): Promise<void> {
    const sink = new WorldSink(this.#source.known, this.#sinkMutates);
    const life = new Life({ member: this.#member, sink, storage, now: this.#now });
    this.#life = life;
    this.#sinks.push(sink);
    this.#source.enter(life);
    try {
      await life.start();
    } catch (error) {
      this.problems.push(`start rejects: ${String(error)}`);
      return;
    }
    await this.#turn(0);
  }

  get #current(): Life {
    if (!this.#life) throw new Error('the stage is not open');
    return this.#life;
  }

  async play(one: Step): Promise<void> {
    const { sink, storage } = this.#current;
    if (one.kind === 'give') this.#source.add(one.rows, one.splits);
    else if (one.kind === 'next') {
      sink.settling = one.settling;
      sink.answer(one.taking);
    } else if (one.kind === 'release') sink.release(one.isDurable);
    else if (one.kind === 'stall') this.#unstall ??= storage.block();
    else if (one.kind === 'crash') await this.#crash();
    else if (one.kind === 'restart') await this.#restart();
    else if (one.kind === 'hurry') await this.#hurry();
    await this.#turn(one.kind === 'wait' ? one.ms : 0);
    this.#compareBooks('in the middle');
  }

  /** Lets everything go its way to the end, and once more after a start, and looks where every row has gone. */
  async close(): Promise<void> {
    await this.#drain();
    await this.#stop();
    this.#sumUp();
    await this.open(this.#current.storage);
    await this.#drain();
    await this.#turn(3 * HOUR_MS);
    this.#compareBooks('at the end');
    await this.#stop();
    this.#sumUp();
    this.#account();
  }

  /** Time passes, and the source gives what it has. */
  async #turn(ms: number): Promise<void> {
    const life = this.#current;
    void this.#source.pump();
    await life.clock.advance(ms);
    this.#now = life.clock.now();
    this.#collect();
  }

  #collect(): void {
    const { sink, complaints } = this.#current;
    this.problems.push(...this.#source.problems.splice(0), ...sink.problems.splice(0), ...complaints.splice(0));
  }

  async #drain(): Promise<void> {
    const { sink } = this.#current;
    this.#unstall?.();
    this.#unstall = undefined;
    sink.settling = 'durable';
    sink.answer('takes');
    sink.release();
    for (let turn = 0; turn < 40 && !(this.#source.isSettled && !this.#source.isBusy); turn++)
      await this.#turn(turn < 30 ? 1000 : HOUR_MS / 4);
    if (this.#source.isBusy) this.problems.push('after three hours with everything open, consume still refuses or does not answer');
    this.#compareBooks('with everything open');
  }

  async #crash(): Promise<void> {
    const { sink, storage } = this.#current;
    sink.isDead = true;
    this.#sumUp();
    this.#unstall = undefined;
    await this.open(storage.afterCrash());
    const { restored } = this.#current.book;
    if (restored < this.#owed)
      this.problems.push(`a kill lost ${this.#owed - restored} rows that were called durable; ${restored} came back`);
  }

  async #restart(): Promise<void> {
    const { storage, sink } = this.#current;
    this.#unstall?.();
    this.#unstall = undefined;
    sink.answer('takes');
    await this.#stop();
    this.#sumUp();
    await this.open(storage);
  }

  /** A stop whose deadline has passed, with nobody taking anything: what is not safe is given up, not lost. */
  async #hurry(): Promise<void> {
    const { storage, sink } = this.#current;
    sink.answer('refuses');
    await this.#stop(AbortSignal.abort());
    sink.isDead = true;
    this.#unstall?.();
    this.#unstall = undefined;
    await this.#current.clock.advance(0);
    this.#sumUp();
    await this.open(storage);
  }

  async #stop(signal?: AbortSignal): Promise<void> {
    const life = this.#current;
    this.problems.push(...(await life.stop(signal)));
    const { sink } = life;
    if (!signal) {
      sink.release();
      const { batches } = sink;
      await life.clock.advance(HOUR_MS);
      if (sink.batches > batches) this.problems.push('a batch came after shutdown');
      const { open } = this.#source.figures;
      if (open > 0 && !this.#source.isBusy) this.problems.push(`${open} Deliveries are not settled after shutdown`);
    }
    this.#now = life.clock.now();
    this.#collect();
  }

  /** The book of a life that has ended, and whether what it called durable is anywhere. */
  #sumUp(): void {
    const { book, sink } = this.#current;
    this.#books.push(book);
    const { durable }: LifeFigures = this.#source.figures;
    this.#owed = Math.max(0, durable - sink.rowsSafe - book.suppressed - book.merged);
    if (this.#owed > book.held)
      this.problems.push(
        `${durable} rows are called durable, of which only ${durable - this.#owed + book.held} are with somebody: ${sayBook(book)}`,
      );
  }

  #compareBooks(when: string): void {
    const { sink, book } = this.#current;
    // While somebody waits or refuses, rows are between two counters.
    if (sink.taking !== 'takes' || this.#source.isBusy || this.#unstall) return;
    if (book.difference !== 0) this.problems.push(`the books do not balance ${when}: ${sayBook(book)}`);
  }

  #account(): void {
    const safe = new Set(this.#sinks.flatMap((sink) => [...sink.safe.keys()]));
    const missing = this.#source.settledIds.filter((id) => !safe.has(id));
    const sum = (figure: (book: PipelineBook) => number): number => this.#books.reduce((before, book) => before + figure(book), 0);
    const counted = sum(({ suppressed, merged, dropped }) => suppressed + merged + total(dropped));
    if (missing.length > counted)
      this.problems.push(`${missing.length} rows never came out, and ${counted} are counted as suppressed, merged or dropped`);
    const created = sum((book) => book.created + book.restored);
    let excess = 0;
    for (const [id, given] of this.#source.given) {
      const came = this.#sinks.reduce((times, sink) => times + (sink.came.get(id) ?? 0), 0);
      excess += Math.max(0, came - given);
    }
    if (excess > created)
      this.problems.push(`${excess} rows came out more often than they were given; ${created} are counted as created or restored`);
    const strangers = this.#sinks.reduce((rows, sink) => rows + sink.strangers, 0);
    if (strangers > created)
      this.problems.push(`${strangers} rows came out that nobody gave; ${created} are counted as created or restored`);
    if (!this.#source.isSettled) this.problems.push('rows are not settled at the end');
  }
}

function total(amounts: Readonly<Record<string, number>>): number {
  return Object.values(amounts).reduce((sum, amount) => sum + amount, 0);
}

function sayBook({ pipeline: _pipeline, ...book }: PipelineBook): string {
  return JSON.stringify(book);
}
