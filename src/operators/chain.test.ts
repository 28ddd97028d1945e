import { expect, test } from 'vitest';
import { ConfigError } from '#component';
import { LogBatch, ValueType, createResource, createSharedAttributes, resourceAttributes, type Origin } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { deliver, recordOf, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { linesBatch } from '../../test/helpers/lines-batch.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { compileOperators } from './chain.ts';
import type { OperatorConfig } from './config.ts';

function run(operators: readonly OperatorConfig[], ...lines: readonly string[]): SunkRecord[] {
  const batch = linesBatch(lines);
  const chain = compileOperators(operators, { id: 'file_log' });
  chain.start(createTestHost());
  chain.process(batch);
  return records(batch);
}

function records(batch: LogBatch): SunkRecord[] {
  return Array.from({ length: batch.length }, (_, row) => row)
    .filter((row) => batch.isDropped[row] === 0)
    .map((row) => recordOf(batch, row));
}

test('parses JSON with time, severity, trace and body', () => {
  const line = '{"ts":"2026-09-21T14:13:20.001Z","level":"warn","n":3,"t":"0af7651916cd43dd8448eb211c80319c","x":{"a":[1,2.5]}}';

  const [record] = run(
    [
      {
        type: 'json_parser',
        timestamp: { parse_from: 'attributes.ts', layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
        severity: { parse_from: 'attributes.level' },
        trace: { trace_id: { parse_from: 'attributes.t' } },
        body: 'attributes.level',
      },
    ],
    line,
  );

  expect(record).toMatchObject({
    body: 'warn',
    attributes: { ts: '2026-09-21T14:13:20.001Z', level: 'warn', n: 3, x: { a: [1, 2.5] } },
    timeMs: Date.UTC(2026, 8, 21, 14, 13, 20, 1),
    severity: 13,
    severityText: 'warn',
    traceId: '0af7651916cd43dd8448eb211c80319c',
  });
});

test('parses by regular expression, and the source stays', () => {
  const [record] = run(
    [{ type: 'regex_parser', regex: '^(?P<time>\\S+) (?P<level>[A-Z]+) (?P<text>.*)$', severity: { parse_from: 'attributes.level' } }],
    '10:00:00 ERROR größer als 5',
  );

  expect(record).toMatchObject({
    body: '10:00:00 ERROR größer als 5',
    attributes: { time: '10:00:00', level: 'ERROR', text: 'größer als 5' },
    severity: 17,
  });
});

test('replaces attributes that are there already', () => {
  const batch = linesBatch(['a=1', '{"x":2,"x":3}']);
  const shared = batch.addShared(createSharedAttributes({ a: 'shared', x: 'shared' }));
  batch.sharedOf.fill(shared, 0, 2);
  batch.setAttribute(1, 'x', 'own');

  compileOperators([{ type: 'regex_parser', regex: '^(?P<a>.)=(?P<b>.)' }], { id: 'r' }).process(batch);
  compileOperators([{ type: 'json_parser', on_error: 'send_quiet' }], { id: 'j' }).process(batch);

  expect(records(batch).map(({ attributes }) => attributes)).toEqual([
    { a: 'a', b: '1', x: 'shared' },
    { a: 'shared', x: 3 },
  ]);
});

test('keeps a row that it cannot parse, counts it and tells of it now and then', async () => {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const chain = compileOperators([{ type: 'json_parser', id: 'app', timestamp: { parse_from: 'attributes.ts', layout: '%Y' } }], {
    id: 'file_log',
  });
  chain.start(host);
  const process = (...lines: string[]): SunkRecord[] => {
    const batch = linesBatch(lines);
    chain.process(batch);
    return records(batch);
  };

  const first = process('{"ts":"2026"}', 'no json', '{"ts":"soon"}');
  process('no json');
  process('no json');
  await clock.advance(60_000);
  process('{"ts":"2026"}');

  expect(first.map(({ body, attributes }) => [body, attributes])).toEqual([
    ['{"ts":"2026"}', { ts: '2026' }],
    ['no json', {}],
    ['{"ts":"soon"}', { ts: 'soon' }],
  ]);
  expect(host.metric('winnow_operator_errors', { operator: 'app', type: 'json_parser' })).toBe(4);
  expect(host.lines.map(({ level, facts }) => [level, facts['operator'], facts['records']])).toEqual([
    ['warn', 'app', 2],
    ['warn', 'app', 2],
  ]);
});

test('drops a row with on_error: drop, settles and counts it', async () => {
  const host = createTestHost();
  const batch = linesBatch(['{"a":1}', 'no json', '{"a":2}']);
  const { outcome } = deliver(batch);
  const chain = compileOperators(
    [
      { type: 'json_parser', on_error: 'drop' },
      { type: 'add', field: 'attributes.b', value: 1 },
    ],
    { id: 'file_log' },
  );
  chain.start(host);

  chain.process(batch);
  batch.settleDurable();

  expect(records(batch).map(({ attributes }) => attributes)).toEqual([
    { a: 1, b: 1 },
    { a: 2, b: 1 },
  ]);
  expect(await outcome).toEqual({ durable: 2, dropped: new Map([['operator_error', 1]]), abandoned: 0 });
  expect(host.metric('winnow_operator_dropped_log_records', { operator: 'json_parser', type: 'json_parser' })).toBe(1);
  expect(host.lines).toMatchObject([{ level: 'error' }]);
});

test('a quiet failure is told at DEBUG', () => {
  const host = createTestHost();
  const chain = compileOperators([{ type: 'remove', field: 'attributes.x', on_error: 'send_quiet' }], { id: 'file_log' });
  chain.start(host);

  chain.process(linesBatch(['a']));

  expect(host.lines).toMatchObject([{ level: 'debug', facts: { records: 1, problem: 'there is no attributes.x' } }]);
});

test('tells what is left when it stops', () => {
  const host = createTestHost();
  const chain = compileOperators([{ type: 'json_parser' }], { id: 'file_log' });
  chain.start(host);
  chain.process(linesBatch(['a']));
  chain.process(linesBatch(['b', 'c']));

  chain.stop();

  expect(host.lines.map(({ facts }) => facts['records'])).toEqual([1, 2]);
});

test.each<[string, OperatorConfig[], Partial<SunkRecord>]>([
  [
    'move between attributes',
    [{ type: 'move', from: 'attributes.n', to: 'attributes.m' }],
    { attributes: { s: 'x', o: { p: { q: 1 } }, m: 1 } },
  ],
  ['move to the body', [{ type: 'move', from: 'attributes.s', to: 'body' }], { body: 'x', attributes: { n: 1, o: { p: { q: 1 } } } }],
  ['move a number to the body', [{ type: 'move', from: 'attributes.n', to: 'body' }], { body: 1 }],
  [
    'move from inside',
    [{ type: 'move', from: 'attributes.o.p.q', to: 'attributes["a.b"]' }],
    { attributes: { s: 'x', n: 1, o: { p: {} }, 'a.b': 1 } },
  ],
  ['move inside', [{ type: 'move', from: 'attributes.n', to: 'attributes.o.n' }], { attributes: { s: 'x', o: { p: { q: 1 }, n: 1 } } }],
  [
    'merge a map into the attributes',
    [{ type: 'move', from: 'attributes.o', to: 'attributes' }],
    { attributes: { s: 'x', n: 1, p: { q: 1 } } },
  ],
  ['move onto itself', [{ type: 'move', from: 'attributes.n', to: 'attributes.n' }], { attributes: { s: 'x', n: 1, o: { p: { q: 1 } } } }],
  ['copy', [{ type: 'copy', from: 'attributes.s', to: 'body' }], { body: 'x', attributes: { s: 'x', n: 1, o: { p: { q: 1 } } } }],
  [
    'copy the body',
    [{ type: 'copy', from: 'body', to: 'attributes.s' }],
    { attributes: { s: '{"s":"x","n":1,"o":{"p":{"q":1}}}', n: 1, o: { p: { q: 1 } } } },
  ],
  ['move the body', [{ type: 'move', from: 'body', to: 'attributes.raw' }], { body: null }],
  [
    'move into the body',
    [{ type: 'move', from: 'attributes.s', to: 'body.s' }],
    { body: { s: 'x' }, attributes: { n: 1, o: { p: { q: 1 } } } },
  ],
  [
    'add',
    [{ type: 'add', field: 'attributes.a', value: { b: [1, 'c', null] } }],
    { attributes: { s: 'x', n: 1, o: { p: { q: 1 } }, a: { b: [1, 'c', null] } } },
  ],
  [
    'add inside',
    [{ type: 'add', field: 'attributes.o', value: { r: true } }],
    { attributes: { s: 'x', n: 1, o: { p: { q: 1 }, r: true } } },
  ],
  ['remove', [{ type: 'remove', field: 'attributes.s' }], { attributes: { n: 1, o: { p: { q: 1 } } } }],
  ['remove inside', [{ type: 'remove', field: 'attributes.o.p.q' }], { attributes: { s: 'x', n: 1, o: { p: {} } } }],
  ['remove all', [{ type: 'remove', field: 'attributes' }], { attributes: {} }],
  ['remove the body', [{ type: 'remove', field: 'body' }], { body: null }],
  [
    'retain',
    [{ type: 'retain', fields: ['attributes.n', 'attributes.none', 'attributes.o.p'] }],
    { attributes: { n: 1, o: { p: { q: 1 } } }, body: '{"s":"x","n":1,"o":{"p":{"q":1}}}' },
  ],
  ['noop', [{ type: 'noop' }], { attributes: { s: 'x', n: 1, o: { p: { q: 1 } } } }],
])('%s', (_, operators, expected) => {
  const [record] = run([{ type: 'json_parser' }, ...operators], '{"s":"x","n":1,"o":{"p":{"q":1}}}');

  // Attributes are compared as a whole: none may be left that is not expected.
  expect({ ...record, ...expected }).toEqual(record);
});

test('parses to the body, to an attribute and to the resource', () => {
  const line = '{"a":1,"b":{"c":"d"}}';
  const batch = linesBatch([line, line]);
  batch.resources[0] = createResource({ host: 'h' });

  compileOperators(
    [
      { type: 'json_parser', parse_to: 'attributes.json' },
      { type: 'json_parser', parse_to: 'resource' },
      { type: 'json_parser', parse_to: 'body' },
      { type: 'move', from: 'body.b.c', to: 'body.e' },
    ],
    { id: 'file_log' },
  ).process(batch);

  expect(records(batch)[1]).toMatchObject({ body: { a: 1, b: {}, e: 'd' }, attributes: { json: { a: 1, b: { c: 'd' } } } });
  expect(resourceAttributes(batch.resources[batch.resourceOf[0] as number] as Origin)).toEqual({ host: 'h', a: 1, b: { c: 'd' } });
  expect(batch.resourceOf[1]).toBe(batch.resourceOf[0]);
});

test('a double that is whole stays a double when it moves', () => {
  const batch = linesBatch(['{"a":3.0}']);

  compileOperators([{ type: 'json_parser' }, { type: 'copy', from: 'attributes.a', to: 'attributes.b' }], { id: 'x' }).process(batch);

  expect([...batch.attributes.type.subarray(0, 2)]).toEqual([ValueType.double, ValueType.double]);
});

test('decodes bytes that are no text before parsing', () => {
  const batch = new LogBatch();
  batch.reset(Buffer.from([...Buffer.from('{"a":"x'), 0xff, ...Buffer.from('"}')]));
  batch.addRow(ValueType.bytes, 0, 10);

  compileOperators([{ type: 'json_parser' }], { id: 'x' }).process(batch);

  expect(batch.attribute(0, 'a')).toBe('x\ufffd');
});

test('reads trace context, and says what is wrong with it', () => {
  const host = createTestHost();
  const batch = linesBatch([
    '{"t":"0AF7651916CD43DD8448EB211C80319C","s":"b7ad6b7169203331","f":"01"}',
    '{"t":"xyz","s":"b7ad6b7169203331"}',
    '{"t":""}',
  ]);
  const trace = {
    trace_id: { parse_from: 'attributes.t' },
    span_id: { parse_from: 'attributes.s' },
    trace_flags: { parse_from: 'attributes.f' },
  };
  const chain = compileOperators([{ type: 'json_parser' }, { type: 'trace_parser', ...trace }], { id: 'x' });
  chain.start(host);

  chain.process(batch);

  expect(records(batch).map(({ traceId, spanId }) => [traceId, spanId])).toEqual([
    ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'],
    ['', 'b7ad6b7169203331'],
    ['', ''],
  ]);
  expect(batch.rare?.flags[0]).toBe(1);
  expect(host.lines).toMatchObject([{ facts: { problem: 'attributes.t: expected 32 hexadecimal digits, got "xyz"' } }]);
});

test('refuses to compile what cannot run, all of it at once', () => {
  const compile = (): unknown =>
    compileOperators(
      [
        { type: 'regex_parser', regex: '(x' },
        { type: 'time_parser', parse_from: 'attributes.t', layout: '%Q' },
      ],
      { id: 'file_log/app' },
    );

  expect(compile).toThrow(ConfigError);
  expect(compile).toThrow(/file_log\/app\.operators\.0: .*\n.*operators\.1: /);
});

test('runs an operator only where its condition is true, and treats a condition without an answer as a failure', () => {
  const found = run(
    [
      { type: 'json_parser', if: 'body startsWith "{"' },
      { type: 'remove', field: 'body', if: 'attributes.n > 1', on_error: 'drop_quiet' },
      { type: 'add', field: 'attributes.seen', value: true },
    ],
    '{"n":1}',
    '{"n":2}',
    '{"n":"text"}',
  );

  expect(found.map(({ body, attributes }) => [body, attributes])).toEqual([
    ['{"n":1}', { n: 1, seen: true }],
    [null, { n: 2, seen: true }],
  ]);
});
