import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBatch, resourceAttributes, ValueType, type Origin } from '#model';
import { readRequest, writeRequest } from '#otlp';
import { recordOf, type SunkRecord } from '../../../test/helpers/logs-sink.ts';
import { linesBatch } from '../../../test/helpers/lines-batch.ts';
import { createTestHost } from '../../../test/helpers/test-host.ts';
import { compileOperators } from '../chain.ts';
import type { OperatorConfig } from '../config.ts';

interface Parsed extends SunkRecord {
  readonly eventName: string;
  readonly resource: Record<string, unknown>;
}

function parse(operator: OperatorConfig, lines: readonly string[], attributes: Readonly<Record<string, string>> = {}): Parsed[] {
  const batch = linesBatch(lines, attributes);
  const chain = compileOperators([operator], { id: 'test' });
  chain.start(createTestHost());
  chain.process(batch);
  return lines.map((_, row) => ({
    ...recordOf(batch, row),
    eventName: batch.eventName(row),
    resource: resourceAttributes(batch.resources[batch.resourceOf[row] as number] as Origin),
  }));
}

/** The attributes of one line, or undefined when it could not be read. */
function fieldsOf(operator: OperatorConfig, line: string): Readonly<Record<string, unknown>> | undefined {
  const host = createTestHost();
  const batch = linesBatch([line]);
  const chain = compileOperators([operator], { id: 'test' });
  chain.start(host);
  chain.process(batch);
  const failures = host.metric('winnow_operator_errors', { operator: operator.type, type: operator.type });
  return failures > 0 ? undefined : Object.fromEntries(batch.attributesOf(0));
}

describe('access logs', () => {
  test('combined', () => {
    const line =
      '10.0.0.1 - bob [21/Sep/2026:14:13:20 +0200] "GET /a/b?c=d HTTP/1.1" 503 512 "https://x.example/" "Mozilla/5.0 \\"x\\"" "10.1.1.1" 0.5';

    const [record] = parse({ type: 'access_log_parser' }, [line]);

    expect(record).toMatchObject({ body: line, timeMs: Date.UTC(2026, 8, 21, 12, 13, 20), severity: 17 });
    expect(record?.attributes).toEqual({
      'client.address': '10.0.0.1',
      'user.name': 'bob',
      'http.request.method': 'GET',
      'url.path': '/a/b',
      'url.query': 'c=d',
      'network.protocol.version': '1.1',
      'http.response.status_code': 503,
      'http.response.body.size': 512,
      'http.request.header.referer': 'https://x.example/',
      'user_agent.original': 'Mozilla/5.0 \\"x\\"',
    });
  });

  test('common, with a virtual host and a request that is none', () => {
    const [record] = parse({ type: 'access_log_parser', severity_from_status: false }, [
      'www.example.org:443 2001:db8::1 - - [01/Jan/2026:00:00:00 -0330] "\\x16\\x03\\x01" 400 -',
    ]);

    expect(record).toMatchObject({ timeMs: Date.UTC(2026, 0, 1, 3, 30), severity: 0 });
    expect(record?.attributes).toEqual({
      'server.address': 'www.example.org',
      'server.port': 443,
      'client.address': '2001:db8::1',
      'url.original': '\\x16\\x03\\x01',
      'http.response.status_code': 400,
    });
  });

  test.each([
    '',
    '10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1"',
    '10.0.0.1 - - [31/Feb/2026:14:13:20 +0000] "GET / HTTP/1.1" 200 1',
    '10.0.0.1 - - [21/Sep/2026 14:13:20 +0000] "GET / HTTP/1.1" 200 1',
    '10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 2x0 1',
  ])('are not %s', (line) => {
    expect(fieldsOf({ type: 'access_log_parser' }, line)).toBeUndefined();
  });
});

describe('container lines', () => {
  const path = '/var/log/pods/shop_cart-7d9_49cc7c1f-d370-2c40-b268-6ea7486091d6/app/3.log';

  test('of CRI, with the pod out of the path', () => {
    const [whole, piece] = parse(
      { type: 'container' },
      ['2026-01-30T12:00:00.123456789+01:00 stderr F it fails', '2026-01-30T12:00:00Z stdout P '],
      { 'log.file.path': path },
    );

    expect(whole).toMatchObject({ body: 'it fails', timeMs: Date.UTC(2026, 0, 30, 11, 0, 0, 123), timeNs: 456_789 });
    expect(whole?.attributes).toEqual({ 'log.iostream': 'stderr', logtag: 'F', 'log.file.path': expect.anything() });
    expect(whole?.resource).toEqual({
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'cart-7d9',
      'k8s.pod.uid': '49cc7c1f-d370-2c40-b268-6ea7486091d6',
      'k8s.container.name': 'app',
      'k8s.container.restart_count': '3',
    });
    expect(piece).toMatchObject({ body: '', attributes: { logtag: 'P' } });
  });

  test('of Docker', () => {
    const [whole, piece] = parse({ type: 'container', add_metadata_from_filepath: false }, [
      '{"log":"it \\"fails\\"\\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-01-30T12:00:00.5Z"}',
      '{"log":"a piece","stream":"stdout","time":"2026-01-30T12:00:00Z"}',
    ]);

    expect(whole).toMatchObject({ body: 'it "fails"', timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 500) });
    expect(whole?.attributes).toEqual({ 'log.iostream': 'stderr', logtag: 'F', attrs: { tag: 'x' } });
    expect(piece).toMatchObject({ body: 'a piece', attributes: { logtag: 'P' } });
  });

  test.each(['x', '2026-01-30T12:00:00Z stdxyz', '2026-01-30T12:00:00Z', '{"stream":"stdout"}'])('are not %s', (line) => {
    expect(fieldsOf({ type: 'container' }, line)).toBeUndefined();
  });
});

describe('pairs', () => {
  test.each([
    ['a=1 b=x', { a: 1, b: 'x' }],
    ['msg="it\\"s \\u00e9" n=007 t=1.5 done', { msg: 'it"s é', n: '007', t: '1.5', done: true }],
    ['a= b="" c=d=e', { a: '', b: '', c: 'd=e' }],
    ['a=1 a=2', { a: 2 }],
    ['only words', undefined],
    ['a="open', undefined],
    ['="x"', undefined],
  ])('of logfmt: %s', (line, expected) => {
    expect(fieldsOf({ type: 'logfmt_parser' }, line)).toEqual(expected);
  });

  test('of logfmt, of which the last of many equal keys counts', () => {
    const pairs = Array.from({ length: 100 }, (_, i) => [`k${i % 40}`, i] as const);

    expect(fieldsOf({ type: 'logfmt_parser' }, pairs.map(([key, value]) => `${key}=${value}`).join(' '))).toEqual(
      Object.fromEntries(pairs),
    );
  });

  test.each<[string, string, string, Record<string, string> | undefined]>([
    ['=', '', 'a=1   b="x y" c=\'z\'', { a: '1', b: 'x y', c: 'z' }],
    [':', ',', ' a : 1 , b : "x, y"', { a: '1', b: 'x, y' }],
    ['::', '||', 'a::1||b::2', { a: '1', b: '2' }],
    ['=', '', 'a=1 b', undefined],
    ['=', '', '', undefined],
  ])('with %s and "%s": %s', (delimiter, pairDelimiter, line, expected) => {
    expect(fieldsOf({ type: 'key_value_parser', delimiter, pair_delimiter: pairDelimiter }, line)).toEqual(expected);
  });
});

describe('comma-separated values', () => {
  test.each<[Partial<Extract<OperatorConfig, { type: 'csv_parser' }>>, string, Record<string, string> | undefined]>([
    [{}, '1,"x ""y"", z",', { a: '1', b: 'x "y", z', c: '' }],
    [{ delimiter: ';', header: 'a;b' }, '1;2', { a: '1', b: '2' }],
    [{ delimiter: '\t', header_delimiter: ',' }, '1\t2\t3', { a: '1', b: '2', c: '3' }],
    [{ lazy_quotes: true }, '1,x "y" z,3', { a: '1', b: 'x "y" z', c: '3' }],
    [{ ignore_quotes: true }, '"1","2","3"', { a: '"1"', b: '"2"', c: '"3"' }],
    [{}, '1,2', undefined],
    [{}, '1,2,3,4', undefined],
    [{}, '1,x "y",3', undefined],
    [{}, '1,"open,3', undefined],
  ])('%o %s', (options, line, expected) => {
    expect(fieldsOf({ type: 'csv_parser', header: 'a,b,c', ...options }, line)).toEqual(expected);
  });

  test('take the header out of an attribute', () => {
    const [record] = parse({ type: 'csv_parser', header_attribute: 'names' }, ['1,2'], { names: 'x,y' });

    expect(record?.attributes).toEqual({ names: 'x,y', x: '1', y: '2' });
  });
});

describe('syslog', () => {
  test('of RFC 5424', () => {
    const line = '<165>1 2003-10-11T22:14:15.003-07:00 host.example.com app 42 ID47 [ex@1 a="b\\"c\\]" d=""][e] \u{FEFF}It works';

    const [record] = parse({ type: 'syslog_parser' }, [line]);

    expect(record).toMatchObject({ body: line, timeMs: Date.UTC(2003, 9, 12, 5, 14, 15, 3), severity: 10, severityText: 'notice' });
    expect(record?.attributes).toEqual({
      priority: 165,
      facility: 20,
      facility_text: 'local4',
      version: 1,
      hostname: 'host.example.com',
      appname: 'app',
      proc_id: '42',
      msg_id: 'ID47',
      structured_data: { 'ex@1': { a: 'b"c]', d: '' }, e: {} },
      message: 'It works',
    });
  });

  test('without a message, right before a record that begins with a byte order mark', () => {
    const lines = ['<34>1 - - - - - -', '\u{FEFF}<34>1 - - - - - - x'];
    const batch = new LogBatch();
    batch.reset(Buffer.from(lines.join('')));
    batch.addRow(ValueType.string, 0, 17);
    batch.addRow(ValueType.string, 17, Buffer.byteLength(lines[1] ?? ''));
    const chain = compileOperators([{ type: 'syslog_parser' }], { id: 'test' });
    chain.start(createTestHost());
    chain.process(batch);

    const { body } = writeRequest(batch, 0, Number.POSITIVE_INFINITY);
    const read = readRequest(body);
    expect(recordOf(read, 0)).toMatchObject({ body: lines[0], attributes: { version: 1, message: '' } });
    expect(recordOf(read, 1)).toMatchObject({ body: lines[1], attributes: {} });
  });

  test('of RFC 3164, with a year that is missing and a zone', () => {
    const [record] = parse({ type: 'syslog_parser', location: 'Europe/Berlin' }, ["<34>Jan 11 22:14:15 box su[99]: 'su root' failed"]);

    expect(record).toMatchObject({ timeMs: Date.UTC(2026, 0, 11, 21, 14, 15), severity: 18, severityText: 'crit' });
    expect(record?.attributes).toEqual({
      priority: 34,
      facility: 4,
      facility_text: 'auth',
      hostname: 'box',
      appname: 'su',
      proc_id: '99',
      message: "'su root' failed",
    });
  });

  test('of a file, where the priority is missing', () => {
    const lines = ['Jan  3 12:00:00 box kernel: up', '2026-01-03T12:00:00.5+01:00 box cron[1]: run', 'Jan  3 12:00:00 box no tag here'];

    const records = parse({ type: 'syslog_parser', allow_skip_pri_header: true }, lines);

    expect(records.map(({ attributes }) => attributes['message'])).toEqual(['up', 'run', 'no tag here']);
    expect(records[1]?.timeMs).toBe(Date.UTC(2026, 0, 3, 11, 0, 0, 500));
    expect(fieldsOf({ type: 'syslog_parser' }, lines[0] ?? '')).toBeUndefined();
  });

  test.each(['<999>1 - - - - - -', '<34>', '<34>Foo 11 22:14:15 box x', '<34>1 2003 h a p m -', '<34>1 - h a p m [x'])(
    'is not %s',
    (line) => {
      expect(fieldsOf({ type: 'syslog_parser' }, line)).toBeUndefined();
    },
  );
});

test('takes URIs apart', () => {
  expect(fieldsOf({ type: 'uri_parser' }, 'https://bob:pw@example.com:8443/a/b?x=1&x=2&y=')).toEqual({
    scheme: 'https',
    user: 'bob',
    host: 'example.com',
    port: '8443',
    path: '/a/b',
    query: { x: ['1', '2'], y: [''] },
  });
  expect(fieldsOf({ type: 'uri_parser' }, 'no uri')).toBeUndefined();
});

test('writes to the body or into an attribute, and replaces what the row had', () => {
  const line = 'a=1 b=2';

  expect(parse({ type: 'logfmt_parser', parse_to: 'body' }, [line])[0]?.body).toEqual({ a: 1, b: 2 });
  expect(parse({ type: 'logfmt_parser', parse_to: 'attributes.in' }, [line])[0]?.attributes).toEqual({ in: { a: 1, b: 2 } });
  expect(parse({ type: 'logfmt_parser' }, [line], { a: 'shared', c: 'kept' })[0]?.attributes).toEqual({ a: 1, b: 2, c: 'kept' });
});

describe('small operators', () => {
  function attributesAfter(operators: readonly OperatorConfig[], line: string): Readonly<Record<string, unknown>> {
    const batch = linesBatch([line]);
    compileOperators(operators, { id: 'test' }).process(batch);
    return Object.fromEntries(batch.attributesOf(0));
  }

  test('flatten moves the members of a map up', () => {
    const json = { type: 'json_parser' } as const;

    expect(attributesAfter([json, { type: 'flatten', field: 'attributes.a' }], '{"a":{"b":1,"c":{"d":2}},"e":3}')).toEqual({
      b: 1,
      c: { d: 2 },
      e: 3,
    });
    expect(attributesAfter([json, { type: 'flatten', field: 'attributes.a' }], '{"a":1}')).toEqual({ a: 1 });
  });

  test('filter drops what a condition is true for, or a share of it', () => {
    const count = (drop_ratio: number): number => {
      const batch = linesBatch(['yes', 'no', 'yes']);
      const chain = compileOperators([{ type: 'filter', expr: 'body == "yes"', drop_ratio }], { id: 'test' });
      chain.start(createTestHost({ random: () => 0.5 }));
      chain.process(batch);
      return batch.liveRows;
    };

    expect([count(1), count(0.4), count(0.6)]).toEqual([1, 3, 1]);
  });

  test('scope_name_parser names the scope', () => {
    const batch = linesBatch(['my.logger']);
    compileOperators([{ type: 'scope_name_parser', parse_from: 'body' }], { id: 'test' }).process(batch);

    expect(Buffer.from(batch.scopes[batch.scopeOf[0] as number]?.encoded ?? []).toString()).toContain('my.logger');
  });
});

/**
 * Goal: no text of whatever kind makes a parser throw, look beyond the text, or change a row it could not read. Method:
 * good lines that are cut, joined and broken at random, in a batch between two others.
 */
describe('any text', () => {
  const runs = { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 200) };
  const good = [
    '10.0.0.1 - bob [21/Sep/2026:14:13:20 +0200] "GET /a?c=d HTTP/1.1" 503 512 "-" "x"',
    '2026-01-30T12:00:00.123456789+01:00 stderr F it fails',
    '{"log":"x\\n","stream":"stderr","time":"2026-01-30T12:00:00Z"}',
    'a=1 msg="it\\"s" b',
    '1,"x ""y""",3',
    '<165>1 2003-10-11T22:14:15.003Z host app 42 ID47 [ex@1 a="b"] hi',
    '<34>Jan 11 22:14:15 box su[99]: failed',
    '2026-01-30 14:39:06,711 (7ae1b6527b38) :  INFO (agentkit:961) - AEBN  - Searching',
    '2026/01/30 12:00:00 [error] 31#31: *7 open() failed, client: 10.0.0.1',
    '[Fri Jan 30 12:00:00.123456 2026] [core:error] [pid 31:tid 99] [client 10.0.0.1:5000] denied',
    '{"timestamp":"2026-01-30T12:00:00Z","level":"info","message":"x","error":{"type":"E","stack":["a","b"]}}',
  ];
  const piece = fc.oneof(
    fc
      .constantFrom(...good)
      .chain((line) => fc.tuple(fc.nat(line.length), fc.nat(line.length)).map(([a, b]) => line.slice(Math.min(a, b), Math.max(a, b)))),
    fc.constantFrom(...good),
    fc.string({ unit: fc.constantFrom('"', '[', ']', '=', ' ', ',', '<', '>', '\\', '-', ':', '1', 'é', '{', '}', '\t'), maxLength: 12 }),
  );
  const text = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join('').replaceAll('\n', ''));
  const operators: readonly OperatorConfig[] = [
    { type: 'access_log_parser' },
    { type: 'container' },
    { type: 'logfmt_parser' },
    { type: 'key_value_parser' },
    { type: 'csv_parser', header: 'a,b,c' },
    { type: 'csv_parser', header: 'a,b,c', lazy_quotes: true },
    { type: 'syslog_parser', allow_skip_pri_header: true },
    { type: 'uri_parser' },
    { type: 'preset_parser', preset: 'plex_plugin' },
    { type: 'preset_parser', preset: 'server_error' },
    { type: 'preset_parser', preset: 'common_json' },
    { type: 'preset_parser', preset: 'plain' },
  ];

  test.each(operators)('$type leaves what it cannot read as it is, and its neighbours alone', (operator) => {
    const neighbour = good[0] ?? '';
    fc.assert(
      fc.property(text, (line) => {
        const alone = parse(operator, [line]);
        const between = parse(operator, [neighbour, line, neighbour]);

        // What stands around a text is not looked at.
        expect(between[1]).toEqual(alone[0]);
        const isRead = fieldsOf(operator, line) !== undefined;
        expect(alone[0]).toMatchObject(isRead ? {} : { body: line, attributes: {}, timeMs: 0, severity: 0 });
      }),
      runs,
    );
  });

  test('is nothing that recognition stumbles over', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (lines) => {
        const records = parse({ type: 'auto_parser' }, lines);

        expect(records.map(({ timeMs }) => timeMs >= 0)).toEqual(lines.map(() => true));
      }),
      runs,
    );
  });
});
