import { createHash } from 'node:crypto';
import { Delivery, type Consumer, type Host, type Processor } from '#component';
import { LogBatch, ValueType, appendRows, createResource, createSharedAttributes } from '#model';
import { readRequest, writeRequest } from '#otlp';
import { createCompressor } from '#net';
import { registry } from '../../../src/registry.ts';
import { validate } from '../../contract/subject.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createTestHost } from '../../helpers/test-host.ts';
import { START_MS, type Corpus, type Line } from './corpus.ts';

/** Processors by name, with their options, in order. */
export type Pipeline = readonly (readonly [type: string, options: object])[];

export interface Result {
  readonly linesIn: number;
  readonly linesOut: number;
  readonly bytesOut: number;
  /** Before compression. */
  readonly plainBytesOut: number;
  readonly errorsIn: number;
  readonly errorsOut: number;
  /** True when each error came out with the text it went in with. */
  readonly hasEveryError: boolean;
  /** Records that passed, records that summaries count, records that were dropped by rule; they sum up to linesIn. */
  readonly passed: number;
  readonly counted: number;
  readonly dropped: number;
  /** Of all records with everything they say: what went in, and what came out and was expanded. */
  readonly digestIn: string;
  readonly digestOut: string;
  readonly cpuSeconds: number;
}

const ERROR = 17;
// What a receiver reads at once, and what the exporter sends at once; both for every pipeline.
const READ_ROWS = 1000;
const SEND_ROWS = 8192;
const REQUEST_BYTES = 1024 * 1024;
const COUNT = 'winnow.dedupe.count';

/** Sends a corpus through processors, to requests as the exporter makes them (OTLP, zstd 1, at most 1 MiB each). */
export async function runPipeline(corpus: Corpus, pipeline: Pipeline): Promise<Result> {
  const clock = new FakeClock(START_MS);
  const sink = new RequestSink(pipeline.some(([, options]) => 'encode' in options));
  await sink.start(clock);
  const processors = await build(pipeline, sink, clock);
  const head: Consumer = processors[0] ?? sink;
  const feed = new Feed(head, clock);
  const start = process.cpuUsage();
  for (const line of corpus.lines()) {
    feed.add(line);
    if (feed.rows === READ_ROWS) await feed.send();
  }
  await feed.send();
  await clock.advance(60_000);
  for (const processor of processors) await processor.shutdown(new AbortController().signal);
  await sink.finish();
  const { user, system } = process.cpuUsage(start);
  return { ...feed.result(), ...sink.result(feed), cpuSeconds: (user + system) / 1e6 };
}

async function build(pipeline: Pipeline, sink: Consumer, clock: FakeClock): Promise<Processor[]> {
  const processors: Processor[] = [];
  let next = sink;
  for (const [type, options] of pipeline.toReversed()) {
    const processor = await createProcessor(type, options, next);
    await processor.start(createTestHost({ clock, id: type }));
    processors.unshift(processor);
    next = processor;
  }
  return processors;
}

async function createProcessor(type: string, options: object, next: Consumer): Promise<Processor> {
  const factory = await registry.find((entry) => entry.kind === 'processor' && entry.type === type)?.load();
  if (factory?.kind !== 'processor') throw new Error(`there is no processor "${type}"`);
  const { config, problems } = validate(factory, options);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return factory.create(config as never, { id: type, pipeline: 'logs' }, next);
}

/** Makes batches as a receiver would. */
class Feed {
  readonly #next: Consumer;
  readonly #clock: FakeClock;
  readonly #batch = new LogBatch();
  readonly #shared = createSharedAttributes({ 'log.file.name': 'service.log' });
  readonly #resource = createResource({ 'service.name': 'service', 'host.name': 'host-1' });
  readonly #digest = createHash('sha256');
  readonly errors = new Map<string, number>();
  #lines = 0;
  #errors = 0;
  #dropped = 0;

  constructor(next: Consumer, clock: FakeClock) {
    this.#next = next;
    this.#clock = clock;
    this.#batch.reset(Buffer.alloc(0));
  }

  get rows(): number {
    return this.#batch.length;
  }

  add({ body, timeMs, severity, attributes }: Line): void {
    const batch = this.#batch;
    const row = batch.addRow(ValueType.none, 0, 0);
    batch.setBody(row, body);
    batch.timeMs[row] = timeMs;
    batch.observedMs[row] = timeMs;
    batch.severity[row] = severity;
    batch.sharedOf[row] = batch.addShared(this.#shared);
    batch.resourceOf[row] = batch.addResource(this.#resource);
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
    this.#lines++;
    if (severity < ERROR) return;
    this.#errors++;
    this.errors.set(body, (this.errors.get(body) ?? 0) + 1);
  }

  /** Lets the clock follow the lines, as it would if they were read as they are written. */
  async send(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    for (let row = 0; row < batch.length; row++) this.#digest.update(writeRequest(batch, row, 0).body);
    const last = batch.timeMs[batch.length - 1] as number;
    batch.setDelivery(
      new Delivery(batch.length, 1, ({ dropped }) => {
        for (const rows of dropped.values()) this.#dropped += rows;
      }),
    );
    await this.#next.consume(batch);
    batch.reset(Buffer.alloc(0));
    await this.#clock.advance(Math.max(0, last - this.#clock.now()));
  }

  result(): { linesIn: number; errorsIn: number; dropped: number; digestIn: string } {
    return { linesIn: this.#lines, errorsIn: this.#errors, dropped: this.#dropped, digestIn: this.#digest.digest('hex') };
  }
}

/** Gathers batches of equal size, writes them as requests and looks at what arrives. */
class RequestSink implements Consumer {
  readonly mutates = false;
  readonly #expands: boolean;
  readonly #compressor = createCompressor('zstd', 0);
  readonly #digest = createHash('sha256');
  readonly #errors = new Map<string, number>();
  #filling = new LogBatch();
  #expand: Processor | undefined;
  #lines = 0;
  #bytes = 0;
  #plainBytes = 0;
  #counted = 0;
  #summaries = 0;

  constructor(expands: boolean) {
    this.#expands = expands;
  }

  async start(clock: FakeClock): Promise<void> {
    if (!this.#expands) return;
    this.#expand = await createProcessor('expand', {}, { mutates: false, consume: async (batch) => this.#arrive(batch) });
    const host: Host = createTestHost({ clock });
    await this.#expand.start(host);
  }

  async consume(batch: LogBatch): Promise<void> {
    appendRows(this.#filling, batch);
    for (const { delivery, rows } of batch.claims()) delivery.durable(rows);
    if (this.#filling.length >= SEND_ROWS) await this.finish();
  }

  async finish(): Promise<void> {
    const batch = this.#filling;
    for (let from = 0; from < batch.length;) {
      const { body, next, rows } = writeRequest(batch, from, REQUEST_BYTES);
      this.#bytes += (await this.#compressor.compress(body)).length;
      this.#plainBytes += body.length;
      this.#lines += rows;
      const arrived = readRequest(body);
      if (this.#expand) await this.#expand.consume(arrived);
      else this.#arrive(arrived);
      from = next;
    }
    batch.reset(Buffer.alloc(0));
  }

  #arrive(batch: LogBatch): void {
    for (let row = 0; row < batch.length; row++) {
      if (this.#expands) this.#digest.update(writeRequest(batch, row, 0).body);
      const count = batch.attribute(row, COUNT);
      if (typeof count === 'number') {
        this.#counted += count;
        this.#summaries++;
      } else if ((batch.severity[row] as number) >= ERROR) {
        const body = batch.bodyText(row);
        this.#errors.set(body, (this.#errors.get(body) ?? 0) + 1);
      }
    }
  }

  result({ errors }: Feed): Omit<Result, 'linesIn' | 'errorsIn' | 'dropped' | 'digestIn' | 'cpuSeconds'> {
    let errorsOut = 0;
    for (const count of this.#errors.values()) errorsOut += count;
    return {
      linesOut: this.#lines,
      bytesOut: this.#bytes,
      plainBytesOut: this.#plainBytes,
      passed: this.#lines - this.#summaries,
      counted: this.#counted,
      errorsOut,
      hasEveryError: [...errors].every(([body, count]) => this.#errors.get(body) === count),
      digestOut: this.#digest.digest('hex'),
    };
  }
}
