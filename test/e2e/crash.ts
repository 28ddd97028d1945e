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
  readonly seed: number;
}

export interface CrashResult {
  readonly written: number;
  readonly lost: number;
  readonly firstLost: readonly number[];
  readonly stats: SinkStats;
  readonly output: string;
}

const TICK_MS = 5;
const ROTATED_KEPT = 8;

export async function runCrash(options: CrashOptions): Promise<CrashResult> {
  const random = createRandom(options.seed);
  const folder = createFolder();
  const sink = await startSequenceSink();
  const agent = new Agent({ folder, config: configOf(folder, sink.endpoint, options.queue) });
  const writer = new RotatingWriter(join(folder, 'app.log'), options);
  try {
    agent.start();
    await eventually(() => existsSync(join(folder, 'storage', 'winnow.sock')), 10_000);
    writer.start();
    for (let kill = 0; kill < options.kills; kill++) {
      const [shortest, longest] = options.lifeMs;
      await pause(shortest + random(longest - shortest));
      await agent.stop('SIGKILL');
      await pause(random(500));
      agent.start();
    }
    await pause(1000);
    const written = writer.stop();
    await eventually(async () => (await sink.stats()).distinct >= written, 60_000);
    await agent.stop();
    const stats = await sink.stats();
    return { written, lost: written - stats.distinct, firstLost: await sink.missing(written), stats, output: agent.output };
  } finally {
    writer.stop();
    await agent.stop('SIGKILL');
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(folder: string, endpoint: string, queue: CrashOptions['queue']): string {
  return `
receivers:
  file_log:
    include: ['${folder}/app.log']
    start_at: beginning
exporters:
  otlp_http:
    endpoint: ${endpoint}
    compression: none
    sending_queue: ${queue === 'disk' ? '{ storage: file_storage }' : '{}'}
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [file_log], exporters: [otlp_http] }
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
