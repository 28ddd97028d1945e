import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

// The command line as an operator meets it: real processes, started by the launcher.

const LAUNCHER = resolve(import.meta.dirname, '../../bin/winnow');

let folder: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-cli-'));
  mkdirSync(join(folder, 'in'));
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Winnow {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #out = '';
  #err = '';
  #onErr = (): void => {};

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, launcher: string = LAUNCHER) {
    const child = spawn(launcher, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PROM_PORT: '0', XDG_STATE_HOME: join(folder, 'state'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    running.push(child);
    child.stdout.on('data', (chunk: Buffer) => (this.#out += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#err += String(chunk);
      this.#onErr();
    });
    this.finished = once(child, 'close').then(([code]: unknown[]) => {
      return { code: typeof code === 'number' ? code : null, out: this.#out, err: this.#err };
    });
  }

  /** Resolves with the line of the agent's log that has this message. */
  async said(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.#err.split('\n').find((each) => each.includes(`"msg":"${message}`));
      if (line) return JSON.parse(line) as Record<string, unknown>;
      if (this.child.exitCode !== null) throw new Error(`ended without saying "${message}":\n${this.#err}`);
      await new Promise<void>((heard) => (this.#onErr = heard));
    }
  }
}

const winnow = (...args: string[]): Promise<Finished> => new Winnow(args).finished;

function writeConfig(exporter: string = `file: { path: ${join(folder, 'out.json')} }`): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(
    path,
    `receivers:
  file_log: { include: [${join(folder, 'in', '*.log')}], start_at: beginning }
exporters:
  ${exporter}
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [${exporter.split(':')[0]}] }
`,
  );
  return path;
}

test('version and help answer without a configuration', async () => {
  const [version, help] = await Promise.all([winnow('version'), winnow('--help')]);

  expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^winnow \d+\.\d+\.\d+ \(node \d+/), err: '' });
  expect(help.code).toBe(0);
  for (const word of ['run', 'validate', 'components', 'schema', 'print-config', 'status', 'service', 'Exit codes', 'Examples']) {
    expect(help.out).toContain(word);
  }
});

test('an unknown command and an unknown option are usage errors with a hint', async () => {
  const [command, option] = await Promise.all([winnow('vaildate'), winnow('run', '--confg', 'x')]);

  expect(command).toMatchObject({ code: 2, err: expect.stringContaining('validate') });
  expect(option).toMatchObject({ code: 2, err: expect.stringContaining('--config') });
});

test('components lists what the registry has, also as JSON', async () => {
  const [text, json] = await Promise.all([winnow('components'), winnow('components', '--json')]);

  expect(text.out).toMatch(/receivers\n {2}file_log .*Also: filelog\./s);
  const { components } = JSON.parse(json.out) as { components: { type: string }[] };
  expect(components.map(({ type }) => type)).toContain('health_check');
});

test('validate says all mistakes with their places and ends with 2', async () => {
  const good = writeConfig();
  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, readFileSync(good, 'utf8').replace('start_at', 'start_it').replace('exporters: [file]', 'exporters: [fiel]'));

  const [valid, invalid] = await Promise.all([winnow('validate', '--config', good), winnow('validate', '--config', bad)]);

  expect(valid).toMatchObject({ code: 0, out: 'The configuration is valid. Pipelines: logs.\n', err: '' });
  expect(invalid).toMatchObject({ code: 2, out: '' });
  expect(invalid.err).toMatch(/bad\.yaml:2:\d+: receivers\.file_log.*start_it/);
  expect(invalid.err).toMatch(/bad\.yaml:7:\d+: service\.pipelines\.logs.*fiel/);
});

test('print-config shows what was merged and set', async () => {
  const path = writeConfig();

  const { code, out } = await winnow('print-config', '--config', path, '--set', 'service.telemetry.logs.level=debug');

  expect([code, out]).toEqual([0, expect.stringContaining('level: debug')]);
});

test('the agent ships lines, tells how it is, and drains on SIGTERM', async () => {
  const config = writeConfig();
  writeFileSync(join(folder, 'in', 'app.log'), 'one\ntwo\n');
  const agent = new Winnow(['run', '--config', config]);
  const started = await agent.said('Winnow has started.');
  expect(started).toMatchObject({ level: 'info', config, version: expect.any(String), pid: agent.child.pid });
  expect(statSync(String(started['control'])).mode & 0o777).toBe(0o600);

  const metrics = await (await fetch(String(started['metrics']))).text();
  expect(metrics).toContain('otelcol_receiver_accepted_log_records{receiver="file_log",transport=""}');
  const status = await winnow('status', '--config', config, '--json');
  expect(status.code).toBe(0);
  expect(JSON.parse(status.out)).toMatchObject({
    pid: agent.child.pid,
    is_ready: true,
    components: { 'receiver:file_log': { status: 'ok' } },
  });

  agent.child.kill('SIGHUP');
  await agent.said('SIGHUP: written files are opened anew');
  appendFileSync(join(folder, 'in', 'app.log'), 'three\n');
  agent.child.kill('SIGTERM');
  const { code, err } = await agent.finished;
  expect(code).toBe(0);
  expect(err).toContain('"msg":"Stopped."');
  expect(readFileSync(join(folder, 'out.json'), 'utf8')).toMatch(/"one".*"two"/s);
  expect(await winnow('status', '--config', config)).toMatchObject({ code: 1, err: expect.stringContaining('no agent is running here') });
});

test('a second agent on the same storage cannot start and says who holds it', async () => {
  const config = writeConfig();
  const first = new Winnow(['run', '--config', config]);
  await first.said('Winnow has started.');

  const second = await winnow('run', '--config', config);

  expect(second.code).toBe(3);
  expect(second.err).toContain(`in use by the agent with process id ${first.child.pid}`);
});

test('a second SIGTERM ends a shutdown that waits for a silent backend', async () => {
  const silent = createServer();
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const address = silent.address();
  const config = writeConfig(`otlp_http: { endpoint: "http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}" }`);
  writeFileSync(join(folder, 'in', 'app.log'), 'one\n');
  const asked = once(silent, 'connection');
  const agent = new Winnow(['run', '--config', config]);
  await asked;

  agent.child.kill('SIGTERM');
  await agent.said('Stopping');
  agent.child.kill('SIGTERM');

  const { code, err } = await agent.finished;
  expect(code).toBe(143);
  expect(err).toContain('Stopped at once by a second signal');
  silent.close();
});

test('the launcher follows symbolic links and says in one line what is missing', async () => {
  const link = join(folder, 'winnow');
  symlinkSync(LAUNCHER, link);
  const old = join(folder, 'old-node');
  writeFileSync(old, '#!/bin/sh\necho v20.11.0\n');
  chmodSync(old, 0o755);

  const [linked, tooOld] = await Promise.all([
    new Winnow(['version'], {}, link).finished,
    new Winnow(['version'], { WINNOW_NODE: old }).finished,
  ]);

  expect(linked.code).toBe(0);
  expect(tooOld).toEqual({ code: 3, out: '', err: `winnow: WINNOW_NODE=${old} is not Node 24 or later\n` });
});

test('a command whose reader has seen enough ends, without a word', async () => {
  const record = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'x'.repeat(1000) } }] }] }] });
  writeFileSync(join(folder, 'many.jsonl'), `${record}\n`.repeat(5000));
  const command = new Winnow(['expand', 'many.jsonl']);

  command.child.stdout?.once('data', () => command.child.stdout?.destroy());

  expect(await command.finished).toMatchObject({ code: 0, err: '' });
});
