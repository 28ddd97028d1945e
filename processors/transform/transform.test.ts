import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch, createResource, createScope, resourceAttributes, scopeNameAndVersion, type AttributeValue, type Origin } from '#model';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { buildBatch, rowSpec, saidByRow } from '../../test/helpers/row-arbitrary.ts';
import { Transform, type TransformConfig } from './transform.ts';

interface RecordSpec {
  readonly body?: AttributeValue;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly resource?: Readonly<Record<string, AttributeValue>>;
  readonly scope?: string;
}

function batchOf(...records: readonly RecordSpec[]): LogBatch {
  const batch = new LogBatch();
  const resources = new Map<string, Origin>();
  for (const { body = 'body', attributes = {}, resource, scope } of records) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
    if (resource) {
      const id = JSON.stringify(resource);
      const known = resources.get(id) ?? createResource(resource);
      resources.set(id, known);
      const index = batch.resources.indexOf(known);
      batch.resourceOf[row] = index < 0 ? batch.addResource(known) : index;
    }
    if (scope !== undefined) batch.scopeOf[row] = batch.addScope(createScope(scope));
  }
  return batch;
}

async function transformed(config: Partial<TransformConfig>, batch: LogBatch, host: TestHost = createTestHost()): Promise<LogsSink> {
  const sink = new LogsSink();
  const transform = new Transform({ error_mode: 'ignore', ...config }, sink);
  await transform.start(host);
  deliver(batch);
  await transform.consume(batch);
  await transform.shutdown();
  return sink;
}

const resourceOfRow = (batch: LogBatch, row: number): Origin => batch.resources[batch.resourceOf[row] as number] as Origin;
const scopeOfRow = (batch: LogBatch, row: number): string => scopeNameAndVersion(batch.scopes[batch.scopeOf[row] as number] as Origin).name;

describe('gives what the documentation of the Collector says', () => {
  test.each<
    [string, string[], RecordSpec, { body?: AttributeValue; attributes?: Readonly<Record<string, AttributeValue>>; severityText?: string }]
  >([
    [
      'sets a field on a condition',
      ['set(log.severity_text, "FAIL") where log.body == "request failed"'],
      { body: 'request failed' },
      { severityText: 'FAIL' },
    ],
    [
      'replaces by glob',
      ['replace_all_matches(log.attributes, "/user/*/list/*", "/user/{userId}/list/{listId}")'],
      { attributes: { t: '/user/1/list/2' } },
      { attributes: { t: '/user/{userId}/list/{listId}' } },
    ],
    [
      'replaces by pattern',
      ['replace_all_patterns(log.attributes, "value", "/account/\\\\d{4}", "/account/{accountId}")'],
      { attributes: { t: '/account/1234' } },
      { attributes: { t: '/account/{accountId}' } },
    ],
    [
      'sets the body from an attribute',
      ['set(log.body, log.attributes["http.route"])'],
      { attributes: { 'http.route': '/cart' } },
      { body: '/cart' },
    ],
    [
      'masks a password',
      ['replace_pattern(log.attributes["process.command_line"], "password\\\\=[^\\\\s]*(\\\\s?)", "password=***")'],
      { attributes: { 'process.command_line': 'x password=1 y' } },
      { attributes: { 'process.command_line': 'x password=***y' } },
    ],
    [
      'keeps keys',
      ['keep_keys(log.attributes, ["service.name", "cloud.region"])'],
      { attributes: { 'service.name': 's', other: 1 } },
      { attributes: { 'service.name': 's' } },
    ],
    [
      'limits and truncates',
      ['limit(log.attributes, 1, [])', 'truncate_all(log.attributes, 2)'],
      { attributes: { a: 'xyz', b: 1 } },
      { attributes: { a: 'xy' } },
    ],
    [
      'parses JSON into attributes',
      ['merge_maps(log.attributes, ParseJSON(log.body), "upsert")'],
      { body: '{"a":1,"b":{"c":"d"}}' },
      { attributes: { a: 1, b: { c: 'd' } } },
    ],
    [
      'by way of the cache',
      [
        'merge_maps(log.cache, ParseJSON(log.body), "upsert") where IsMatch(log.body, "^\\\\{")',
        'set(log.attributes["attr1"], log.cache["attr1"])',
        'set(log.attributes["nested.attr3"], log.cache["nested"]["attr3"])',
      ],
      { body: '{"attr1":"example 1","nested":{"attr3":"example 3"}}' },
      { attributes: { attr1: 'example 1', 'nested.attr3': 'example 3' } },
    ],
    [
      'sets an attribute if it is not there',
      ['set(log.attributes["test"], "pass") where log.attributes["test"] == nil'],
      { attributes: {} },
      { attributes: { test: 'pass' } },
    ],
    [
      'renames',
      ['set(log.attributes["namespace"], log.attributes["k8s.namespace.name"])', 'delete_key(log.attributes, "k8s.namespace.name")'],
      { attributes: { 'k8s.namespace.name': 'x' } },
      { attributes: { namespace: 'x' } },
    ],
    [
      'moves attributes into the body',
      ['set(log.body, {"message": log.body, "code": log.attributes["code"]})'],
      { body: 'm', attributes: { code: 5 } },
      { body: { message: 'm', code: 5 } },
    ],
    [
      'adds up',
      ['set(log.attributes["sum"], log.attributes["a"] + 2 * log.attributes["b"])'],
      { attributes: { a: 1, b: 2 } },
      { attributes: { a: 1, b: 2, sum: 5 } },
    ],
  ])('%s', async (_, statements, record, expected) => {
    const { records } = await transformed({ log_statements: statements }, batchOf(record));

    expect(records).toMatchObject([expected]);
    expect(records[0]?.attributes).toEqual(expected.attributes ?? record.attributes ?? {});
  });
});

test('the context is the narrowest that a prefix names; conditions of a group are ORed', async () => {
  const batch = batchOf({ body: 'a', resource: { s: 1 } }, { body: 'b', resource: { s: 1 } }, { body: 'c', resource: { s: 1 } });

  const { records } = await transformed(
    {
      log_statements: [
        { conditions: ['log.body == "a"', 'log.body == "b"'], statements: ['set(log.attributes["s"], resource.attributes["s"])'] },
        { context: 'log', conditions: [], statements: ['set(attributes["bare"], body)'] },
      ],
    },
    batch,
  );

  expect(records.map(({ attributes }) => attributes)).toEqual([{ s: 1, bare: 'a' }, { s: 1, bare: 'b' }, { bare: 'c' }]);
});

describe('resources and scopes', () => {
  test('statements about a resource run once for it, and its rows stay together', async () => {
    const batch = batchOf({ resource: { n: 'x' } }, { resource: { n: 'y' } }, { resource: { n: 'x' } }, {});

    await transformed(
      {
        log_statements: [
          'set(resource.attributes["id"], UUID())',
          'delete_key(resource.attributes, "n") where resource.attributes["n"] == "y"',
        ],
      },
      batch,
    );

    expect(resourceOfRow(batch, 0)).toBe(resourceOfRow(batch, 2));
    expect([0, 1, 2, 3].map((row) => Object.keys(resourceAttributes(resourceOfRow(batch, row))))).toEqual([
      ['n', 'id'],
      ['id'],
      ['n', 'id'],
      ['id'],
    ]);
  });

  test('equal resources become the same object, batch after batch, and nothing leaks into the next one', async () => {
    const transform = new Transform({ error_mode: 'ignore', log_statements: ['set(resource.attributes["env"], "prod")'] }, new LogsSink());
    const shop = createResource({ 'service.name': 'shop' });
    const batch = new LogBatch();
    const seen: Origin[] = [];
    for (let turn = 0; turn < 2; turn++) {
      batch.reset(Buffer.alloc(0));
      for (const resource of [undefined, shop]) {
        const row = batch.addRow(0, 0, 0);
        if (resource) batch.resourceOf[row] = batch.addResource(resource);
      }
      deliver(batch);
      await transform.consume(batch);
      seen.push(resourceOfRow(batch, 0), resourceOfRow(batch, 1));
    }

    expect(seen[2]).toBe(seen[0]);
    expect(seen[3]).toBe(seen[1]);
    expect(seen.slice(0, 2).map(resourceAttributes)).toEqual([{ env: 'prod' }, { 'service.name': 'shop', env: 'prod' }]);
    batch.reset(Buffer.alloc(0));
    batch.addRow(0, 0, 0);
    expect(resourceAttributes(resourceOfRow(batch, 0))).toEqual({});
  });

  test('a statement about a record gives that record another resource, and no other one', async () => {
    const batch = batchOf({ body: 'a', resource: { s: 1 } }, { body: 'b', resource: { s: 1 } }, { body: 'a', resource: { s: 1 } });

    await transformed({ log_statements: ['set(resource.attributes["from"], log.body) where log.body == "a"'] }, batch);

    expect([0, 1, 2].map((row) => resourceAttributes(resourceOfRow(batch, row)))).toEqual([
      { s: 1, from: 'a' },
      { s: 1 },
      { s: 1, from: 'a' },
    ]);
    expect(resourceOfRow(batch, 0)).toBe(resourceOfRow(batch, 2));
  });

  test('scopes have names, versions and attributes', async () => {
    const batch = batchOf({ scope: 'a', resource: { s: 1 } }, { scope: 'b' });

    await transformed(
      {
        log_statements: [
          'set(scope.attributes["of"], resource.attributes["s"]) where scope.name == "a"',
          'set(scope.name, Concat([scope.name, "!"], ""))',
          { context: 'log', conditions: [], statements: ['set(attributes["seen"], instrumentation_scope.attributes["of"])'] },
        ],
      },
      batch,
    );

    expect([scopeOfRow(batch, 0), scopeOfRow(batch, 1)]).toEqual(['a!', 'b!']);
    expect([batch.attribute(0, 'seen'), batch.attribute(1, 'seen')]).toEqual([1, undefined]);
  });
});

describe('a statement that fails on a record', () => {
  const statements = ['merge_maps(log.attributes, ParseJSON(log.body), "upsert")', 'set(log.attributes["after"], true)'];
  const records = [{ body: '{"a":1}' }, { body: 'no JSON' }];

  test('ignore: the next one runs, and a warning says so once', async () => {
    const host = createTestHost();

    const sink = await transformed({ log_statements: statements }, batchOf(...records, ...records), host);

    expect(sink.records.map(({ attributes }) => attributes)).toEqual([
      { a: 1, after: true },
      { after: true },
      { a: 1, after: true },
      { after: true },
    ]);
    expect(host.metric('winnow_transform_errors')).toBe(2);
    expect(host.lines).toMatchObject([{ level: 'warn', facts: { expression: statements[0], failures: 2 } }]);
  });

  test('silent: the same without a word', async () => {
    const host = createTestHost();

    const sink = await transformed({ error_mode: 'silent', log_statements: statements }, batchOf(...records), host);

    expect(sink.records).toHaveLength(2);
    expect(host.lines).toEqual([]);
  });

  test('propagate: the record is dropped, settled and counted', async () => {
    const host = createTestHost();

    const sink = await transformed(
      { log_statements: [{ error_mode: 'propagate', conditions: [], statements }] },
      batchOf(...records),
      host,
    );

    expect(sink.records.map(({ attributes }) => attributes)).toEqual([{ a: 1, after: true }]);
    expect(host.metric('winnow_processor_dropped_log_records', { reason: 'ottl_error' })).toBe(1);
    expect(host.lines).toMatchObject([{ level: 'error' }]);
  });

  test('propagate on a resource: each of its records is dropped', async () => {
    const host = createTestHost();
    const log_statements = [
      {
        error_mode: 'propagate' as const,
        conditions: [],
        statements: ['set(resource.attributes["x"], ParseJSON(resource.attributes["n"]))'],
      },
    ];

    const sink = await transformed(
      { log_statements },
      batchOf({ resource: { n: '?' } }, { resource: { n: '{}' } }, { resource: { n: '?' } }),
      host,
    );

    expect(sink.records).toHaveLength(1);
    expect(host.metric('winnow_processor_dropped_log_records', { reason: 'ottl_error' })).toBe(2);
  });
});

test('a batch that was refused is not edited again', async () => {
  const sink = new LogsSink();
  const transform = new Transform({ error_mode: 'ignore', log_statements: ['append(log.attributes["n"], 1)'] }, sink);
  await transform.start(createTestHost());
  const batch = batchOf({});
  deliver(batch);

  sink.isRefusing = true;
  await expect(transform.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  sink.isRefusing = false;
  await transform.consume(batch);

  expect(sink.records[0]?.attributes).toEqual({ n: [1] });
});

/**
 * Goal: no statement loses or repeats a record, or touches another field. Method: any rows, and statements that undo each
 * other, beside what the rows said before.
 */
test('every row goes on, with the other fields as they were', async () => {
  const statements = [
    'set(log.attributes["zz"], log.body)',
    'set(log.attributes["yy"]["x"], log.severity_text)',
    'delete_matching_keys(log.attributes, "^(zz|yy)$")',
    'truncate_all(log.attributes, 1000)',
    'merge_maps(log.attributes, {}, "upsert")',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(rowSpec, { minLength: 1, maxLength: 10 }), async (specs) => {
      const batch = buildBatch(specs);
      deliver(batch);
      for (const [row, { isDropped }] of specs.entries()) if (isDropped) batch.drop(row, 'before');
      const live = [...specs.keys()].filter((row) => batch.isDropped[row] === 0);
      const before = live.map((row) => saidByRow(batch, row));
      const sink = new LogsSink();
      const transform = new Transform({ error_mode: 'propagate', log_statements: statements }, sink);
      await transform.start(createTestHost());

      await transform.consume(batch);

      expect(sink.records).toHaveLength(live.length);
      expect(live.map((row) => saidByRow(batch, row))).toEqual(before);
    }),
    { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 200) },
  );
});
