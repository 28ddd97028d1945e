import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/winnow');

/** A folder of its own for one test. */
export function createFolder(): string {
  return mkdtempSync(join(tmpdir(), 'winnow-e2e-'));
}

export interface AgentOptions {
  readonly folder: string;
  /** The configuration's text; `service.telemetry.metrics` should be off or on a free port. */
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the one of this checkout. */
  readonly launcher?: string;
}

/** A real agent process, started by the launcher an operator would use. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #configPath: string;
  #process: ChildProcess | undefined;
  /** Everything it has said, over all its lives. */
  output = '';

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#configPath = join(options.folder, 'winnow.yaml');
    writeFileSync(this.#configPath, options.config);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  start(): void {
    const child = spawn(this.#options.launcher ?? LAUNCHER, ['run', '--config', this.#configPath], {
      cwd: this.#options.folder,
      env: { ...process.env, LOG_LEVEL: 'info', ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (chunk: Buffer): void => void (this.output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.#process = child;
  }

  /** Sends the signal and resolves with the exit code when the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    if (!child || !this.isRunning) return child?.exitCode ?? null;
    const gone = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await gone)[0];
  }
}

/** Asks until the answer is yes, for at most `timeoutMs`; says whether it ever was. */
export async function eventually(isTrue: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await isTrue()) return true;
    await sleep(50);
  }
  return isTrue();
}
