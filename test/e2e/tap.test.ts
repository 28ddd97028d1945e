/** `winnow tap`, as docs/tap.md has it, on a real agent that reads a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/winnow');

let folder: string;
let agent: Agent;

beforeEach(async () => {
  folder = createFolder();
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const config = `
receivers: { file_log/app: { include: [${folder}/*.log], start_at: beginning } }
processors: { attributes: { actions: [{ key: team, value: shop, action: upsert }] } }
exporters: { file: { path: ${folder}/out.jsonl } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [file_log/app], processors: [attributes], exporters: [file] } }
`;
  agent = new Agent({ folder, config, env: { STATE_DIRECTORY: join(folder, 'state') } });
  agent.start();
  if (!(await eventually(() => agent.output.includes('Winnow has started.'), 15_000))) throw new Error(agent.output);
});

afterEach(async () => {
  await agent.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

class Tap {
  out = '';
  err = '';
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown[]>;

  constructor(...args: string[]) {
    this.#process = spawn(LAUNCHER, ['tap', ...args, '--storage', join(folder, 'state')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout?.on('data', (chunk: Buffer) => void (this.out += chunk.toString()));
    this.#process.stderr?.on('data', (chunk: Buffer) => void (this.err += chunk.toString()));
    this.#gone = once(this.#process, 'close');
  }

  async opened(): Promise<this> {
    if (!(await eventually(() => this.err.includes('Ctrl-C ends'), 15_000))) throw new Error(this.err);
    return this;
  }

  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  async exitCode(): Promise<unknown> {
    return (await this.#gone)[0];
  }
}

const write = (...lines: string[]): void => appendFileSync(join(folder, 'app.log'), lines.map((line) => `${line}\n`).join(''));

test('shows the records behind a component, without secrets, until the limit', async () => {
  const tap = await new Tap('attributes', '--limit', '2', '--format', 'json').opened();

  write('login password=hunter22', 'second', 'third');

  expect(await tap.exitCode()).toBe(0);
  const records = tap.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly body: string; readonly attributes: object });
  expect(records.map(({ body }) => body)).toEqual(['login password=[REDACTED]', 'second']);
  expect(records[0]?.attributes).toMatchObject({ team: 'shop', 'log.file.name': 'app.log' });
  expect(tap.err).toContain('2 shown, 0 unseen; the limit is reached');
});

test('shows those before it for which a condition holds, in a line of text, until Ctrl-C', async () => {
  const tap = await new Tap('attributes', '--before', '--filter', 'IsMatch(body, "^wanted")').opened();

  write('other', 'wanted \u001b[31mred', 'other');

  expect(await eventually(() => tap.out.includes('wanted'), 15_000)).toBe(true);
  tap.interrupt();
  expect(await tap.exitCode()).toBe(0);
  expect(tap.out).toMatch(/^\S+ - {5}wanted \\x1b\[31mred log\.file\.name=app\.log\n$/);
  expect(tap.err).toContain('1 shown');
});

test('ends when the agent stops, and fails when it is killed or nobody answers', async () => {
  const stopped = await new Tap('file').opened();
  expect(await agent.stop()).toBe(0);
  expect(await stopped.exitCode()).toBe(0);
  expect(stopped.err).toContain('the agent stops');

  agent.start();
  expect(await eventually(() => agent.output.split('Winnow has started.').length > 2, 15_000)).toBe(true);
  const killed = await new Tap('file').opened();
  await agent.stop('SIGKILL');
  expect(await killed.exitCode()).toBe(1);
  expect(killed.err).toContain('the agent has gone');

  const none = new Tap('file');
  expect(await none.exitCode()).toBe(1);
  expect(none.err).toContain('no agent is running here');
});

test('a component that does not exist is told with those that do', async () => {
  const tap = new Tap('attribute');

  expect(await tap.exitCode()).toBe(1);
  expect(tap.err).toContain(
    '"attribute" is no component of a pipeline here; there are exporter:file, processor:attributes, receiver:file_log/app',
  );
});
