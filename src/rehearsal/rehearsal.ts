import { Delivery, messageOf, type Consumer, type ExporterFactory, type ExtensionFactory, type ReceiverFactory } from '#component';
import { LogBatch } from '#model';
import { MetricsRegistry } from '#telemetry';
import type { Config } from '../config/index.ts';
import { computeBooks, Service, Statuses, toPlainRecord, type PlainRecord } from '../pipeline/index.ts';
import type { GraphPlan, Member } from '../pipeline/plan.ts';
import { MemoryFiles } from './memory-files.ts';
import { MemoryStorage } from './memory-storage.ts';
import { createQuietLogger } from './quiet-logger.ts';
import { createRandom } from './random.ts';
import { addRecord, type WrittenRecord } from './record.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface RehearsalOptions {
  readonly config: Config;
  /** Id of the pipeline. */
  readonly pipeline: string;
  /** Milliseconds since 1970 at which the clock begins. */
  readonly start: number;
  readonly seed: number;
}

/** How long the receiver is given to read lines that were written: more than the pause between two looks. */
const READING_MS = 1000;

/**
 * One pipeline of a configuration in a world of its own: its processors are the real ones, its exporters are replaced by
 * one that captures, time is moved by hand, chance comes out of a seed, storage and files are in memory. Nothing
 * reaches this host.
 */
export class Rehearsal {
  readonly #options: RehearsalOptions;
  #metrics = new MetricsRegistry();
  readonly #files: MemoryFiles;
  #clock: VirtualClock;
  #storage = new MemoryStorage();
  #service: Service | undefined;
  #life = { isDead: false };
  #head: Consumer | undefined;
  #captured: PlainRecord[] = [];
  readonly #complaints: string[] = [];

  constructor(options: RehearsalOptions) {
    this.#options = options;
    this.#clock = new VirtualClock(options.start);
    this.#files = new MemoryFiles(() => this.#clock.now());
  }

  async start(): Promise<void> {
    const life = { isDead: false };
    this.#life = life;
    const clock = this.#clock;
    const storage = this.#storage;
    const { seed } = this.#options;
    this.#service = new Service(this.#plan(life), {
      clock,
      random: createRandom(seed),
      fs: this.#files.fileSystem,
      log: createQuietLogger((line) => void this.#complaints.push(line)),
      metrics: this.#metrics,
      statuses: new Statuses(clock),
      fatal: (problem) => void this.#complaints.push(`a bug of the agent: ${String(problem)}`),
      openStorage: async () => ({ ...storageOf(storage), close: async () => {} }),
      shutdownTimeoutMs: 60_000,
      isRehearsal: true,
    });
    await this.#service.start();
    await clock.advance(0);
  }

  /** Gives records to the pipeline in one batch. Says how many were refused: all of them, or none. */
  async send(records: readonly WrittenRecord[]): Promise<string | undefined> {
    const batch = new LogBatch();
    for (const record of records) addRecord(batch, record, { now: this.#clock.now(), start: this.#options.start });
    return this.#give(batch);
  }

  /**
   * Lets the pipeline's file_log read lines, as if they were appended to the file; a second passes meanwhile. Without
   * such a receiver each line is the body of a record.
   */
  async write(lines: readonly string[], file: string | undefined): Promise<string | undefined> {
    const path = file ?? this.#firstFile();
    if (path !== undefined) {
      this.#files.append(path, Buffer.from(lines.map((line) => `${line}\n`).join('')));
      await this.#clock.advance(READING_MS);
      return undefined;
    }
    return this.send(lines.map((body) => ({ body })));
  }

  async #give(batch: LogBatch): Promise<string | undefined> {
    if (!this.#head) throw new Error('the rehearsal has not started');
    if (batch.length === 0) return undefined;
    batch.setDelivery(new Delivery(batch.length, 0, () => {}));
    const state: { refusal?: string } = {};
    // Not awaited: a processor may hold its caller back until time passes.
    void this.#head.consume(batch).catch((error: unknown) => (state.refusal = messageOf(error)));
    await this.#clock.advance(0);
    return state.refusal;
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Stops the pipeline as SIGTERM does: what it holds comes out or is stored. */
  async stop(): Promise<void> {
    const service = this.#service;
    if (!service) return;
    const state = { isStopped: false };
    const stopping = service.stop().then(() => (state.isStopped = true));
    for (let turn = 0; turn < 700 && !state.isStopped; turn++) await this.#clock.advance(100);
    await stopping;
    this.#service = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends it as kill -9 does, and starts it again: memory and counters are gone, storage is what had been committed. */
  async kill(): Promise<void> {
    this.#life.isDead = true;
    this.#storage = this.#storage.afterCrash();
    this.#metrics = new MetricsRegistry();
    this.#clock = new VirtualClock(this.#clock.now());
    await this.start();
  }

  /** What has come out since the last call. */
  take(): PlainRecord[] {
    return this.#captured.splice(0);
  }

  /** Lines the components logged at ERROR since the last call. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0);
  }

  /** Rows the pipeline has dropped since the beginning or the last kill, by reason. */
  get dropped(): Readonly<Record<string, number>> {
    return computeBooks(this.#metrics).pipelines[0]?.dropped ?? {};
  }

  /** Rows of the pipeline that are neither held nor counted anywhere; anything but 0 is a bug. */
  get unaccounted(): number {
    return computeBooks(this.#metrics).pipelines[0]?.difference ?? 0;
  }

  /** The sum of the series of this name that carry these labels; undefined when there is none. */
  metric(name: string, labels: Readonly<Record<string, string>>): number | undefined {
    const wanted = Object.entries(labels);
    const series = this.#metrics.samples(name).filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value));
    return series.length === 0 ? undefined : series.reduce((sum, { value }) => sum + value, 0);
  }

  /** The first pattern of the first file_log, with its wildcards filled in. */
  #firstFile(): string | undefined {
    for (const id of this.#fileReceivers()) {
      const settings: object = this.#options.config.receivers.get(id)?.config ?? {};
      const patterns = 'include' in settings && Array.isArray(settings.include) ? settings.include : [];
      const [first] = patterns as unknown[];
      if (typeof first === 'string') return first.replaceAll(/\*+/g, 'test').replaceAll('?', 't');
    }
    return undefined;
  }

  #fileReceivers(): string[] {
    const { config, pipeline } = this.#options;
    const { receivers = [] } = config.service.pipelines.find(({ id }) => id === pipeline) ?? {};
    return receivers.filter((id) => config.receivers.get(id)?.type === 'file_log');
  }

  #plan(life: { readonly isDead: boolean }): GraphPlan {
    const { config, pipeline: id } = this.#options;
    const pipeline = config.service.pipelines.find((candidate) => candidate.id === id);
    const real = this.#fileReceivers();
    const stand = { ...FACTS, type: 'test' } as const;
    const input: ReceiverFactory<never> = {
      ...stand,
      kind: 'receiver',
      create: (_config, _settings, next) => ((this.#head = next), QUIET),
    };
    const output: ExporterFactory<never> = { ...stand, kind: 'exporter', create: () => ({ ...QUIET, ...this.#capture(life) }) };
    const extension: ExtensionFactory<never> = { ...stand, kind: 'extension', create: () => ({ ...QUIET, ...storageOf(this.#storage) }) };
    // None of the three reads its configuration.
    const none = {} as never;
    const { extensions } = config.service;
    return {
      receivers: new Map<string, Member<ReceiverFactory<never>>>(config.receivers).set('test', {
        id: 'test',
        factory: input,
        config: none,
      }),
      processors: config.processors,
      exporters: new Map([['test', { id: 'test', factory: output, config: none }]]),
      connectors: new Map(),
      extensions: new Map(extensions.map((name) => [name, { id: name, factory: extension, config: none }])),
      service: {
        extensions,
        pipelines: [{ id, receivers: [...real, 'test'], processors: pipeline?.processors ?? [], exporters: ['test'] }],
      },
    };
  }

  #capture(life: { readonly isDead: boolean }): Consumer {
    return {
      mutates: false,
      consume: async (batch) => {
        if (life.isDead) return new Promise(() => {});
        for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) this.#captured.push(toPlainRecord(batch, row));
        batch.settleDurable();
      },
    };
  }
}

const QUIET = { start: async (): Promise<void> => {}, shutdown: async (): Promise<void> => {} };

const FACTS = {
  stability: 'stable',
  summary: 'Stands in for a component in a test.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
} as const;

function storageOf(storage: MemoryStorage): { readonly directory: string; client: MemoryStorage['client'] } {
  return { directory: '/winnow-test', client: (component) => storage.client(component) };
}
