/**
 * Kills the agent with SIGKILL at random moments while a log is written and rotated, starts it again, and adds up at the
 * backend what came. Used by crash.test.ts, shortened, and by `npm run soak -- crash` at full length.
 */
import { appendFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, lineOf } from '../bench/log-lines.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { startSequenceSink, type SinkStats } from '../helpers/sequence-sink.ts';

export interface CrashOptions {
  readonly kills: number;
  readonly linesPerSecond: number;
  readonly rotateEvery: number;
  /** Between two kills, drawn anew each time. */
  readonly lifeMs: readonly [number, number];
  readonly queue: 'memory' | 'disk';
  /** A second exporter, with the other kind of queue, whose backend is away until the last line is written. */
  readonly hasSecondAway?: boolean;
  /** Processors between, in order, each with its configuration. */
  readonly processors?: Readonly<Record<string, string>>;
  readonly seed: number;
}

export interface CrashResult {
  readonly written: number;
  readonly lost: number;
  readonly firstLost: readonly number[];
  readonly stats: SinkStats;
  /** What became of it at the backend that was away. */
  readonly away?: { readonly lost: number; readonly repeated: number };
  readonly output: string;
}

/** One of each kind of processor between a file and its backend. */
export const FULL_PIPELINE: Readonly<Record<string, string>> = {
  parse: '{ format: nginx }',
  redact: '{}',
  template: '{}',
  dedupe: '{}',
  truncate: '{}',
  anomaly: '{}',
};

const TICK_MS = 5;
const ROTATED_KEPT = 40;
const KNOWN_MS = 30_000;
const DRAIN_MS = 90_000;

export async function runCrash(options: CrashOptions): Promise<CrashResult> {
  const random = createRandom(options.seed);
  const folder = createFolder();
  const sink = await startSequenceSink();
  const away = options.hasSecondAway === true ? await startSequenceSink() : undefined;
  await away?.answer(503);
  const exporters = [{ endpoint: sink.endpoint, queue: options.queue }];
  if (away) exporters.push({ endpoint: away.endpoint, queue: options.queue === 'disk' ? 'memory' : 'disk' });
  const agent = new Agent({ folder, config: configOf(folder, exporters, options.processors ?? {}) });
  const writer = new RotatingWriter(join(folder, 'app.log'), options);
  try {
    agent.start();
    await eventually(() => existsSync(join(folder, 'storage', 'winnow.sock')), 10_000);
    writer.start();
    // A file that nobody has ever seen and that is renamed to a name nobody asks for would not be found.
    await eventually(async () => (await sink.stats()).distinct > 0, KNOWN_MS);
    for (let kill = 0; kill < options.kills; kill++) {
      const [shortest, longest] = options.lifeMs;
      await pause(shortest + random(longest - shortest));
      await agent.stop('SIGKILL');
      await pause(random(500));
      agent.start();
    }
    await pause(1000);
    const written = writer.stop();
    await away?.answer(200);
    await eventually(async () => (await sink.stats()).distinct >= written, DRAIN_MS);
    await eventually(async () => !away || (await away.stats()).distinct >= written, DRAIN_MS);
    await agent.stop();
    const stats = await sink.stats();
    const result = { written, lost: written - stats.distinct, firstLost: await sink.missing(written), stats, output: agent.output };
    if (!away) return result;
    const { distinct, repeated } = await away.stats();
    return { ...result, away: { lost: written - distinct, repeated } };
  } finally {
    writer.stop();
    await agent.stop('SIGKILL');
    sink.stop();
    away?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ExporterOptions {
  readonly endpoint: string;
  readonly queue: CrashOptions['queue'];
}

function configOf(folder: string, exporters: readonly ExporterOptions[], processors: Readonly<Record<string, string>>): string {
  const sections = exporters.map(
    ({ endpoint, queue }, i) => `
  otlp_http/${i}:
    endpoint: ${endpoint}
    compression: none
    retry_on_failure: { initial_interval: 500ms, max_interval: 2s }
    sending_queue: ${queue === 'disk' ? '{ storage: file_storage }' : '{}'}`,
  );
  return `
receivers:
  file_log:
    include: ['${folder}/app.log']
    start_at: beginning
processors:${
    Object.entries(processors)
      .map(([id, config]) => `\n  ${id}: ${config}`)
      .join('') || ' {}'
  }
exporters:${sections.join('')}
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [file_log], processors: [${Object.keys(processors).join(', ')}], exporters: [${exporters.map((_, i) => `otlp_http/${i}`).join(', ')}] }
`;
}

/** Appends lines at a pace, and renames the file away every so many lines, as logrotate does. */
export class RotatingWriter {
  readonly #path: string;
  readonly #options: Pick<CrashOptions, 'linesPerSecond' | 'rotateEvery' | 'seed'>;
  readonly #random: (n: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #written = 0;

  constructor(path: string, options: Pick<CrashOptions, 'linesPerSecond' | 'rotateEvery' | 'seed'>) {
    this.#path = path;
    this.#options = options;
    this.#random = createRandom(options.seed + 1);
    appendFileSync(path, '');
  }

  get written(): number {
    return this.#written;
  }

  start(): void {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * this.#options.linesPerSecond) / 1000);
      let text = '';
      while (this.#written < due) {
        text += `${lineOf('nginx', this.#written++, this.#random)}\n`;
        if (this.#written % this.#options.rotateEvery === 0) {
          appendFileSync(this.#path, text);
          text = '';
          this.#rotate();
        }
      }
      if (text !== '') appendFileSync(this.#path, text);
    }, TICK_MS);
  }

  /** Stops writing; says how many lines there are. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#written;
  }

  #rotate(): void {
    const name = (generation: number): string => `${this.#path}.${generation}`;
    for (let generation = ROTATED_KEPT; generation >= 1; generation--) {
      if (existsSync(name(generation))) renameSync(name(generation), name(generation + 1));
    }
    renameSync(this.#path, name(1));
    appendFileSync(this.#path, '');
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
