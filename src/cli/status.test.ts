import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveControl, socketPathOf, type ControlServer, type StatusReport } from '../control/index.ts';
import type { Shell } from './shell.ts';
import { status } from './status.ts';

const REPORT: StatusReport = {
  version: '1.2.3',
  pid: 42,
  uptime_seconds: 3661,
  is_ready: true,
  config: ['/etc/winnow/config.yaml'],
  generation: 1,
  storage: '/var/lib/winnow',
  memory_rss_bytes: 60 * 1024 * 1024,
  components: {
    'receiver:file_log': { status: 'ok', since: '2026-01-30T12:00:00.000Z' },
    'exporter:otlp_http': { status: 'recoverable', since: '2026-01-30T12:30:00.000Z', message: 'it does not answer' },
  },
  books: {
    receivers: [{ receiver: 'file_log', accepted: 100, refused: 0 }],
    pipelines: [
      {
        pipeline: 'logs',
        accepted: 100,
        created: 1,
        restored: 0,
        passed: 81,
        suppressed: 10,
        merged: 0,
        dropped: { noise: 7, rate_limited: 1 },
        held: 2,
        difference: 0,
      },
    ],
    connectors: [],
    exporters: [{ exporter: 'otlp_http', accepted: 81, restored: 0, sent: 80, dropped: {}, abandoned: 0, held: 1, difference: 0 }],
  },
  queues: [{ exporter: 'otlp_http', size: 1, capacity: 1000 }],
  files: [{ receiver: 'file_log', followed: 3, open: 2, behind_bytes: 512 }],
};

let directory: string;
let server: ControlServer | undefined;
let out: string;
let err: string;
let shell: Shell;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-status-'));
  out = '';
  err = '';
  shell = {
    env: {},
    cwd: directory,
    isTerminal: false,
    version: '1.2.3',
    out: (text) => (out += text),
    err: (text) => (err += text),
    exit: () => {},
  };
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function ask(report: StatusReport, json: boolean = false): Promise<number> {
  server = await serveControl(
    socketPathOf(directory),
    () => report,
    () => ({ watch: () => () => {} }),
  );
  return status({ config: [], set: [], storage: directory, json }, shell);
}

test('shows what became of every record, in tables', async () => {
  expect(await ask(REPORT)).toBe(0);

  expect(stripVTControlCharacters(out)).toBe(`winnow 1.2.3, pid 42, up 1h 1m, 60 MB, ready
configuration  /etc/winnow/config.yaml (generation 1)
storage        /var/lib/winnow

component           status       since
receiver:file_log   ok           2026-01-30T12:00:00.000Z
exporter:otlp_http  recoverable  2026-01-30T12:30:00.000Z  it does not answer

receiver  accepted  refused
file_log  100       0

pipeline  accepted  created  restored  = passed  suppressed  merged  dropped                  held  on the way
logs      100       1        0         81        10          0       7 noise, 1 rate_limited  2     0

exporter   accepted  restored  = sent  dropped  abandoned  held  on the way
otlp_http  81        0         80      0        0          1     0

queue      size  capacity
otlp_http  1     1000

files     followed  open  bytes behind
file_log  3         2     512
`);
});

test('has a table of connectors where there are some, and none of queues and files where there are none', async () => {
  const connector = {
    connector: 'failover',
    accepted: 5,
    created: 0,
    passed: 4,
    merged: 0,
    dropped: {},
    abandoned: 1,
    held: 0,
    difference: 0,
  };

  await ask({ ...REPORT, books: { ...REPORT.books, connectors: [connector] }, queues: [], files: [] });

  const text = stripVTControlCharacters(out);
  expect(text).toContain(`
connector  accepted  created  = passed  merged  dropped  abandoned  held  on the way
failover   5         0        4         0       0        1          0     0
`);
  expect(text).not.toMatch(/^(queue|files) /m);
  expect(text.endsWith('on the way\notlp_http  81        0         80      0        0          1     0\n')).toBe(true);
});

test('fails when a component needs somebody, also as JSON', async () => {
  const broken = { status: 'permanent', since: '2026-01-30T12:00:00.000Z', message: '401' } as const;

  expect(await ask({ ...REPORT, components: { 'exporter:otlp_http': broken } }, true)).toBe(1);

  expect(JSON.parse(out)).toMatchObject({ components: { 'exporter:otlp_http': broken } });
});

test('fails when no agent answers, and says what to give', async () => {
  expect(await status({ config: [], set: [], storage: directory }, shell)).toBe(1);

  expect(err).toMatch(/^winnow: no agent is running here: .* give --config .*\n$/);
  expect(out).toBe('');
});
