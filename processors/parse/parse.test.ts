import v8 from 'node:v8';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch, ValueType } from '#model';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { subjectOf, validate } from '../../test/contract/subject.ts';
import { registry } from '../../src/registry.ts';
import type { ParseConfig } from './config.ts';
import { factory } from './index.ts';

// As the program does before it makes any regular expression.
v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/** The configuration with the schema's defaults, and what is wrong with it. */
async function check(config: object): Promise<{ config: ParseConfig; problems: string[] }> {
  const entry = registry.find(({ type }) => type === 'parse');
  if (!entry) throw new Error('parse is not in the registry');
  const found = validate((await subjectOf(entry)).factory, config);
  return { config: found.config as ParseConfig, problems: found.problems };
}

function batchOf(lines: readonly string[]): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(lines.join('')));
  let start = 0;
  for (const line of lines) {
    batch.addRow(ValueType.string, start, Buffer.byteLength(line));
    start += Buffer.byteLength(line);
  }
  return batch;
}

interface Ran {
  readonly sink: LogsSink;
  readonly host: TestHost;
  readonly outcome: object;
}

async function run(written: object, ...lines: readonly string[]): Promise<Ran> {
  const { config, problems } = await check(written);
  expect(problems).toEqual([]);
  const sink = new LogsSink();
  const host = createTestHost();
  const processor = factory.create(config, { id: 'parse' }, sink);
  await processor.start(host);
  const batch = batchOf(lines);
  const { outcome } = deliver(batch);
  await processor.consume(batch);
  await processor.shutdown(new AbortController().signal);
  return { sink, host, outcome: await outcome };
}

describe('every format', () => {
  test.each<[object, string, object]>([
    [{}, '{"level":"info","msg":"found by itself"}', { body: 'found by itself', severity: 9 }],
    [{}, '{"level":"info","msg":"a","ts":1e25}', { body: 'a', timeMs: 0, attributes: { ts: 1e25 } }],
    [{ format: 'json' }, '{"a":1}', { attributes: { a: 1 } }],
    [{ format: 'json', parse_ints: false, parse_to: 'body' }, '{"a":{"b":1.5}}', { body: { a: { b: 1.5 } } }],
    [{ format: 'regex', regex: '^(?P<a>\\d+)' }, '12x', { attributes: { a: '12' } }],
    [{ format: 'logfmt' }, 'a=1', { attributes: { a: 1 } }],
    [{ format: 'key_value', delimiter: ':', pair_delimiter: ';' }, 'a:1;b:2', { attributes: { a: '1', b: '2' } }],
    [{ format: 'csv', header: 'a|b', delimiter: '|' }, '1|2', { attributes: { a: '1', b: '2' } }],
    [{ format: 'syslog' }, 'Jan  3 12:00:00 box app: hi', { attributes: { hostname: 'box', appname: 'app', message: 'hi' } }],
    [{ format: 'cri' }, '2026-01-30T12:00:00Z stdout F hi', { body: 'hi' }],
    [{ format: 'docker' }, '{"log":"hi\\n","stream":"stdout","time":"2026-01-30T12:00:00Z"}', { body: 'hi' }],
    [{ format: 'container' }, '2026-01-30T12:00:00Z stderr P hi', { body: 'hi', attributes: { logtag: 'P' } }],
    [{ format: 'nginx' }, 'h - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 404 1', { severity: 13 }],
    [{ format: 'apache', severity_from_status: false }, 'h - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 404 1', { severity: 0 }],
    [{ format: 'uri' }, 'http://h/p', { attributes: { scheme: 'http', host: 'h', path: '/p' } }],
    [{ format: 'plex_plugin' }, '2026-01-30 14:39:06,711 (1f) :  ERROR (a:1) - x', { body: 'x', severity: 17 }],
    [{ format: 'central_json' }, '{"severity":"ERROR","message":"x"}', { body: 'x', severity: 17 }],
  ])('%o', async (config, line, expected) => {
    const { sink } = await run(config, line);

    expect(sink.records).toMatchObject([expected]);
  });
});

test('runs the blocks and the operators after the format', async () => {
  const { sink } = await run(
    {
      format: 'regex',
      regex: '^(?P<time>\\S+) (?P<level>\\w+) (?P<trace>\\w+) (?P<text>.*)$',
      timestamp: { parse_from: 'attributes.time', layout: '2006-01-02T15:04:05Z', layout_type: 'gotime' },
      severity: { parse_from: 'attributes.level', mapping: { fatal: ['disaster'] } },
      trace: { trace_id: { parse_from: 'attributes.trace' } },
      body: 'attributes.text',
      operators: [{ type: 'retain', fields: ['attributes.level'] }],
    },
    '2026-01-30T12:00:00Z disaster 0af7651916cd43dd8448eb211c80319c it broke',
  );

  expect(sink.records).toMatchObject([
    { body: 'it broke', severity: 21, timeMs: Date.UTC(2026, 0, 30, 12), traceId: '0af7651916cd43dd8448eb211c80319c' },
  ]);
  expect(sink.records[0]?.attributes).toEqual({ level: 'disaster' });
});

test('leaves records alone for which the condition is false', async () => {
  const { sink } = await run({ format: 'logfmt', if: 'body startsWith "a"' }, 'a=1', 'b=2');

  expect(sink.records.map(({ attributes }) => attributes)).toEqual([{ a: 1 }, {}]);
});

describe('a record that cannot be read', () => {
  test.each([
    ['send', 2, 'warn'],
    ['send_quiet', 2, 'debug'],
    ['drop', 1, 'error'],
    ['drop_quiet', 1, 'debug'],
  ])('%s: is sent or dropped, counted and told of', async (onError, left, level) => {
    const { sink, host, outcome } = await run({ format: 'json', on_error: onError }, '{"a":1}', 'no JSON');

    expect(sink.records).toHaveLength(left);
    expect(outcome).toEqual({ durable: left, dropped: new Map(left === 1 ? [['operator_error', 1]] : []), abandoned: 0 });
    expect(host.metric('winnow_operator_errors', { operator: 'parse', type: 'json_parser' })).toBe(1);
    expect(host.lines.map((line) => line.level)).toEqual([level]);
  });
});

test('does not read a record again that was refused', async () => {
  const { config } = await check({ format: 'cri' });
  const sink = new LogsSink();
  const processor = factory.create(config, { id: 'parse' }, sink);
  await processor.start(createTestHost());
  const batch = batchOf(['2026-01-30T12:00:00Z stdout F 2026-01-30T13:00:00Z stdout F twice']);
  deliver(batch);
  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toThrow(RefusedError);
  sink.isRefusing = false;

  await processor.consume(batch);

  expect(sink.bodies).toEqual(['2026-01-30T13:00:00Z stdout F twice']);
});

/** Patterns that take longer than anybody waits for when they are run as they are written. */
describe('a pattern that explodes', () => {
  test.each([
    ['plain', '^(?P<a>(?:a+)+)$', `${'a'.repeat(40)}!`],
    ['case-insensitive', '(?i)^(?P<a>(?:a+)+)$', `${'aA'.repeat(20)}!`],
    ['unicode', '^(?P<a>(?:\\pL+)+)$', `${'aé'.repeat(20)}!`],
    ['counted', '^(?P<a>(?:a{1,40}){1,40})$', `${'a'.repeat(2000)}!`],
    ['counted without end', '^(?P<a>(?:a{2,})+)$', `${'a'.repeat(64)}!`],
    ['alternatives', '^(?P<a>(?:a|aa)+)$', `${'a'.repeat(60_000)}!`],
    ['quadratic', '(?P<a>a*)b', 'a'.repeat(60_000)],
  ])('is contained: %s', async (_form, regex, line) => {
    const start = performance.now();
    const { sink } = await run({ format: 'regex', regex }, line);

    expect(performance.now() - start).toBeLessThan(2000);
    expect(sink.bodies).toEqual([line]);
  });

  test.each([
    ['lookahead', '^(?=(?:a+)+$)(?P<a>a)', 'lookahead'],
    ['backreference', '^(?P<a>a*)(?:\\1)*$', 'references'],
  ])('is refused: %s', async (_form, regex, message) => {
    const { problems } = await check({ format: 'regex', regex });

    expect(problems.join()).toContain(message);
  });
});
