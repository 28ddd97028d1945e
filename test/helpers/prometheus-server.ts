import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Of the Debian package prometheus.
export const PROMTOOL = 'promtool';
const PROMETHEUS = 'prometheus';
const STEP_MS = 100;
const PATIENCE_MS = 30_000;

let isInstalled: boolean | undefined;

/** A test that is left out must be seen to be left out. */
export function hasPrometheus(): boolean {
  if (isInstalled !== undefined) return isInstalled;
  isInstalled = [PROMTOOL, PROMETHEUS].every((name) => spawnSync(name, ['--version']).status === 0);
  if (!isInstalled) process.stderr.write('SKIPPED: promtool and prometheus are not installed (Debian: apt-get install prometheus).\n');
  return isInstalled;
}

export interface ServerOptions {
  /** Of prometheus.yml. */
  readonly scrapes?: readonly object[];
  readonly flags?: readonly string[];
  /** Of --web.config.file; requests of ours are plain HTTP then no longer. */
  readonly web?: object;
}

/** The real Prometheus, on loopback, with a folder of its own. */
export class PrometheusServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'winnow-prometheus-'));
  readonly #flags: readonly string[];
  readonly #hasWeb: boolean;
  #port = 0;
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor({ scrapes = [], flags = [], web }: ServerOptions) {
    this.#flags = flags;
    this.#hasWeb = web !== undefined;
    const config = { global: { scrape_interval: '200ms', scrape_timeout: '200ms' }, scrape_configs: scrapes };
    writeFileSync(join(this.#folder, 'prometheus.yml'), JSON.stringify(config));
    if (web) writeFileSync(join(this.#folder, 'web.yml'), JSON.stringify(web));
    execFileSync(PROMTOOL, ['check', 'config', join(this.#folder, 'prometheus.yml')]);
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Begins, or begins again with what it had. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const web = this.#hasWeb ? [`--web.config.file=${this.#folder}/web.yml`] : [];
    const own = [`--config.file=${this.#folder}/prometheus.yml`, `--storage.tsdb.path=${this.#folder}/data`];
    const process = spawn(PROMETHEUS, [...own, `--web.listen-address=${this.address}`, ...web, ...this.#flags], { stdio: 'ignore' });
    this.#process = process;
    this.#ended = new Promise((resolve) => process.once('exit', resolve));
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** An answer of its API. */
  async ask(path: string): Promise<unknown> {
    return (await fetch(`http://${this.address}/api/v1/${path}`)).json();
  }

  /** The values that an expression has now, by the name of the metric. */
  async query(expression: string): Promise<Map<string, number>> {
    const { data } = (await this.ask(`query?query=${encodeURIComponent(expression)}`)) as Answered;
    return new Map(data.result.map(({ metric, value }) => [metric.__name__ ?? '', Number(value[1])]));
  }
}

interface Answered {
  readonly data: { readonly result: readonly { readonly metric: { readonly __name__?: string }; readonly value: [number, string] }[] };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits for another process, which no clock of ours can move. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`Prometheus does not show within ${PATIENCE_MS / 1000} s what the test waits for`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
