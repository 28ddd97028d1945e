import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { DeadLetterConfig } from './config.ts';
import { DeadLetter } from './dead-letter.ts';

let directory: string;
let host: TestHost;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-letters-'));
  host = createTestHost();
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function create(config: Partial<DeadLetterConfig> = {}): DeadLetter {
  const all = { enabled: true, max_size: '1MiB', max_records: 100, ...config };
  return new DeadLetter({ exporter: 'otlp_http', config: all, directory: () => join(directory, 'letters'), host });
}

function payloadOf(text: string) {
  return { body: Buffer.from(text), rows: 1, encoding: 'gzip', contentType: 'application/json' };
}

function lettersIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => Buffer.from((JSON.parse(line) as { body: string }).body, 'base64').toString());
}

test('writes one line for each letter, for its owner alone', async () => {
  const letters = create();

  const path = (await letters.write(payloadOf('one'), '400: no')) ?? '';
  await letters.write(payloadOf('two'), '400: no');

  expect(lettersIn(path)).toEqual(['one', 'two']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const first: unknown = JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '');
  expect(first).toEqual({
    time: '2026-01-30T12:00:00.000Z',
    exporter: 'otlp_http',
    reason: '400: no',
    rows: 1,
    content_type: 'application/json',
    encoding: 'gzip',
    body: Buffer.from('one').toString('base64'),
  });
});

test('keeps the number of letters within its bound, the newest ones, also over a restart', async () => {
  for (let i = 0; i < 25; i++) await create({ max_records: 10 }).write(payloadOf(`letter ${i}`), 'no');

  const path = join(directory, 'letters', 'dead-letter.ndjson');
  const all = [...lettersIn(`${path}.1`), ...lettersIn(path)];
  expect(all.length).toBeLessThanOrEqual(10);
  expect(all.at(-1)).toBe('letter 24');
  expect(all).toEqual(Array.from({ length: all.length }, (_, i) => `letter ${25 - all.length + i}`));
});

test('keeps the bytes within their bound, also over a restart, and says when a single letter is larger', async () => {
  let letters = create({ max_size: 2000 });
  for (let i = 0; i < 19; i++) await letters.write(payloadOf('x'.repeat(100)), 'no');
  // Three fit into each of the two files.
  const path = join(directory, 'letters', 'dead-letter.ndjson');
  expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThanOrEqual(2000);
  expect([lettersIn(`${path}.1`).length, lettersIn(path).length]).toEqual([3, 1]);
  for (let i = 0; i < 3; i++) {
    letters = create({ max_size: 2000 });
    await letters.write(payloadOf('x'.repeat(100)), 'no');
  }
  expect([lettersIn(`${path}.1`).length, lettersIn(path).length]).toEqual([3, 1]);

  const kept = await letters.write(payloadOf('x'.repeat(3000)), 'no');

  expect(kept).toBeUndefined();
  expect(host.lines.at(-1)).toMatchObject({ level: 'error', message: 'A dead letter cannot be written.' });
});

test('writes nothing when it is switched off', async () => {
  expect(await create({ enabled: false }).write(payloadOf('one'), 'no')).toBeUndefined();
  expect(existsSync(join(directory, 'letters'))).toBe(false);
});
