import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createLogs, type OwnLogs } from './logs.ts';
import type { LogsSettings } from './settings.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-logs-'));
  file = join(folder, 'own.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const DEFAULTS: LogsSettings = {
  level: 'info',
  encoding: 'json',
  hasColors: false,
  hasStacks: true,
  outputs: [],
  initialFields: {},
  repeats: { windowMs: 10_000, shownMax: 3 },
  otlp: [],
};

async function logsWith(settings: Partial<LogsSettings> = {}): Promise<OwnLogs & { clock: FakeClock }> {
  const clock = new FakeClock();
  const own = await createLogs({ settings: { ...DEFAULTS, outputs: [file], ...settings }, resource: { 'service.name': 'winnow' }, clock });
  return { ...own, clock };
}

const text = (): string => readFileSync(file, 'utf8');
const lines = (): Record<string, unknown>[] =>
  text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a JSON line carries time, level, message, component, pipeline and facts', async () => {
  const { log } = await logsWith({ initialFields: { host: 'a1' } });

  log.with({ component: 'batch', kind: 'processor', pipeline: 'logs' }).warn('Queue is full.', { size: 10, missing: undefined });

  const [line] = lines();
  expect(line).toEqual({
    level: 'warn',
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    msg: 'Queue is full.',
    host: 'a1',
    component: 'batch',
    kind: 'processor',
    pipeline: 'logs',
    size: 10,
  });
});

test('an error comes with type, message and the stacks of its causes', async () => {
  const { log } = await logsWith();

  log.error('It broke.', {}, new TypeError('outer', { cause: new Error('inner') }));

  const [line] = lines();
  expect(line).toMatchObject({ 'exception.type': 'TypeError', 'exception.message': 'outer' });
  expect(line?.['exception.stacktrace']).toMatch(/TypeError: outer\n.*at .*Caused by: Error: inner\n/s);
});

test('lines below the level are not written', async () => {
  const { log } = await logsWith({ level: 'warn' });

  log.info('Too quiet.');
  log.warn('Loud enough.');

  expect(lines().map(({ msg }) => msg)).toEqual(['Loud enough.']);
});

test('repeats within a window are summed up when it ends', async () => {
  const { log, clock } = await logsWith();
  const own = log.with({ component: 'otlp_http' });

  for (let i = 0; i < 413; i++) own.warn('Request failed.', { status: 503 });
  own.warn('Request failed.', { status: 502 });
  expect(lines()).toHaveLength(2);
  await clock.advance(10_000);

  expect(lines()).toHaveLength(3);
  expect(lines()[2]).toMatchObject({ msg: 'Request failed.', component: 'otlp_http', repeated: 412, 'repeated.window': '10s' });
  own.warn('Request failed.', { status: 503 });
  expect(lines()).toHaveLength(4);
});

test('the same words of another component are not repeats', async () => {
  const { log } = await logsWith();

  log.with({ component: 'a' }).warn('Request failed.');
  log.with({ component: 'b' }).warn('Request failed.');
  log.with({ component: 'b' }).error('Request failed.');

  expect(lines()).toHaveLength(3);
});

test('what is summed up so far is said at the end', async () => {
  const { log, close } = await logsWith();
  log.info('File opened.');
  log.info('File opened.');

  await close();

  expect(lines()[1]).toMatchObject({ repeated: 1 });
});

test('secrets do not get into the log', async () => {
  const { log } = await logsWith();

  log.error(
    'Request failed.',
    { 'url.full': 'https://user:hunter2@collect.example/v1/logs', authorization: 'Bearer abcdef012345', api_key: 'k', count: 3 },
    new Error('GET https://user:hunter2@collect.example: sent Authorization: Bearer abcdef012345'),
  );

  expect(text()).not.toMatch(/hunter2|abcdef012345/);
  expect(lines()[0]).toMatchObject({ 'url.full': 'https://[REDACTED]@collect.example/v1/logs', authorization: '[REDACTED]', count: 3 });
});

test('a readable line shows time, level, who, what and facts, a stack below', async () => {
  const { log } = await logsWith({ encoding: 'readable' });

  log.with({ component: 'batch', kind: 'processor', pipeline: 'logs' }).info('Batch sent.', { rows: 5, path: '/a b' });
  log.error('It broke.', {}, new Error('why'));

  const [first, second, third] = text().split('\n');
  expect(first).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}batch \(logs\) Batch sent\. rows=5 path="\/a b"$/);
  expect(second).toMatch(/ERROR It broke\. exception\.type=Error exception\.message=why/);
  expect(third).toBe('    Error: why');
});

test('lines are sent by OTLP as well where the configuration says so', async () => {
  const bodies: string[] = [];
  const backend = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(String(chunk)));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const address = backend.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1/logs`;
  const batch = { delayMs: 60_000, timeoutMs: 1_000, queueMax: 100, sizeMax: 10 };
  const { log, close } = await logsWith({ outputs: [], otlp: [{ url, headers: {}, timeoutMs: 1_000, isCompressed: false, batch }] });

  log.warn('Queue is full.', { exporter: 'otlp_http' });
  await close();

  expect(bodies.join('')).toContain('Queue is full.');
  backend.close();
});

test('a readable line obeys nobody: control characters of names and answers are shown, not sent to the terminal', async () => {
  const { log } = await logsWith({ encoding: 'readable' });

  log.warn('cannot read /tmp/a\u001b[2J\nb.log', { reason: 'no\u001b[31mred\u009b' });

  expect(text()).toContain('cannot read /tmp/a\\u001b[2J\\u000ab.log reason=no\\u001b[31mred\\u009b\n');
});
