import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '#component';
import { detect } from './index.ts';
import { lines } from './lines.ts';

const shell = (err: (text: string) => void) => ({ env: {}, cwd: '/', isTerminal: false, version: '0', out: () => {}, err, exit: () => {} });

test('prints one line for a new pattern, with the fields of an anomaly, and counts what it cannot read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-detect-'));
  const input = join(folder, 'in.ndjson');
  const output = join(folder, 'out.ndjson');
  const start = Date.UTC(2026, 0, 5);
  const records: string[] = [];
  for (let i = 0; i < 4000; i++) {
    records.push(JSON.stringify({ ts: start + i * 5000, source: 'shop', level: 'info', message: `order ${i} taken by customer` }));
  }
  records.splice(3000, 0, 'no json', '{"level":"info"}');
  const newAt = start + 4000 * 5000;
  records.push(JSON.stringify({ ts: newAt, source: 'shop', level: 'error', message: 'certificate of the bank has expired' }));
  writeFileSync(input, records.join('\n'));
  const said: string[] = [];

  const code = await detect(
    { input, output, warmUp: '2h', falseAlarms: '0.2' },
    shell((text) => said.push(text)),
  );

  expect(code).toBe(0);
  expect(said.join('')).toContain('2 lines');
  const printed = readFileSync(output, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(printed).toHaveLength(1);
  expect(printed[0]).toMatchObject({
    start: newAt,
    detected_at: newAt,
    type: 'pattern',
    source: 'shop',
    phase: 'opened',
    method: 'pattern_based',
  });
  for (const field of ['score', 'end', 'confidence', 'severity', 'baseline', 'impact', 'recommendations', 'affected'])
    expect(printed[0]).toHaveProperty(field);
});

test.each([
  [{ warmUp: '24h', falseAlarms: 'few' }, '--false-alarms: expected a number above 0'],
  [{ warmUp: '5', falseAlarms: '0.2' }, '--warm-up: expected a duration'],
])('a wrong option is a mistake of the command line: %j', async (flags, said) => {
  const refused = await detect(
    flags,
    shell(() => {}),
  ).catch((error: unknown) => error);

  expect(refused).toBeInstanceOf(ConfigError);
  expect(String(refused)).toContain(said);
});

test('gives the lines of chunks that end anywhere', async () => {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const part of ['a\nbc', '', 'd\n\ne', 'f']) yield Buffer.from(part);
  }
  const all: string[] = [];
  for await (const line of lines(chunks())) all.push(line.toString());
  expect(all).toEqual(['a', 'bcd', '', 'ef']);
});
