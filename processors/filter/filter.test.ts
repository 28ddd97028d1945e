import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch, createResource, severityName } from '#model';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { buildBatch, rowSpec } from '../../test/helpers/row-arbitrary.ts';
import type { FilterConfig } from './config.ts';
import { Filter } from './filter.ts';

interface RecordSpec {
  readonly body?: string;
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly service?: string;
}

function batchOf(...records: readonly RecordSpec[]): LogBatch {
  const batch = new LogBatch();
  for (const { body = '', severity = 9, attributes = {}, service } of records) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    batch.setSeverityText(row, severityName(severity));
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
    if (service !== undefined) batch.resourceOf[row] = batch.addResource(createResource({ 'service.name': service }));
  }
  return batch;
}

const RECORDS: readonly RecordSpec[] = [
  { body: 'login password=x', severity: 17, service: 'shop' },
  { body: 'debug it', severity: 5, service: 'shop', attributes: { route: '/healthz', code: 200 } },
  { body: 'warned', severity: 13, service: 'pay', attributes: { route: '/cart', code: 500 } },
  { body: 'unknown', severity: 0 },
];

/** The bodies that pass. */
async function passing(config: Partial<FilterConfig>, host: TestHost = createTestHost()): Promise<unknown[]> {
  const sink = new LogsSink();
  const filter = new Filter({ error_mode: 'ignore', ...config }, sink);
  await filter.start(host);
  const batch = batchOf(...RECORDS);
  deliver(batch);
  await filter.consume(batch);
  await filter.shutdown();
  return sink.bodies;
}

describe('drops the records for which a condition holds', () => {
  test.each<[string, Partial<FilterConfig>, string[]]>([
    [
      'as in the documentation of the Collector',
      { logs: { log_record: ['IsMatch(body, ".*password.*")', 'severity_number < SEVERITY_NUMBER_WARN'] } },
      ['warned'],
    ],
    [
      'unless it has no severity',
      { log_conditions: ['severity_number != SEVERITY_NUMBER_UNSPECIFIED and severity_number < SEVERITY_NUMBER_WARN'] },
      ['login password=x', 'warned', 'unknown'],
    ],
    ['of a resource', { logs: { resource: ['attributes["service.name"] == "shop"'] } }, ['warned', 'unknown']],
    [
      'by prefix, in any order of contexts',
      { log_conditions: ['resource.attributes["service.name"] == "pay"', 'log.attributes["code"] == 200'] },
      ['login password=x', 'unknown'],
    ],
    [
      'in groups',
      {
        log_conditions: [
          { context: 'resource', conditions: ['attributes["service.name"] == nil'] },
          { conditions: ['log.severity_text == "DEBUG"'] },
        ],
      },
      ['login password=x', 'warned'],
    ],
    ['none when there is no condition', {}, ['login password=x', 'debug it', 'warned', 'unknown']],
  ])('%s', async (_, config, bodies) => expect(await passing(config)).toEqual(bodies));
});

describe('include and exclude', () => {
  test.each<[string, NonNullable<FilterConfig['logs']>, string[]]>([
    ['least severity', { include: { severity_number: { min: 'INFO', match_undefined: true } } }, ['login password=x', 'warned', 'unknown']],
    [
      'least severity by number, without undefined',
      { include: { severity_number: { min: 13, match_undefined: false } } },
      ['login password=x', 'warned'],
    ],
    [
      'severity texts',
      { include: { match_type: 'regexp', severity_texts: ['WARN[2-4]?', 'ERROR[2-4]?'] } },
      ['login password=x', 'warned'],
    ],
    ['bodies by pattern', { exclude: { match_type: 'regexp', bodies: ['^login', 'ed$'] } }, ['debug it', 'unknown']],
    ['bodies as they are', { exclude: { match_type: 'strict', bodies: ['warned', 'debug'] } }, ['login password=x', 'debug it', 'unknown']],
    [
      'attributes of the record: all of them',
      {
        include: {
          match_type: 'strict',
          record_attributes: [
            { key: 'route', value: '/cart' },
            { key: 'code', value: 500 },
          ],
        },
      },
      ['warned'],
    ],
    ['an attribute of another type', { include: { match_type: 'strict', record_attributes: [{ key: 'code', value: '500' }] } }, []],
    [
      'an attribute that is there',
      { exclude: { match_type: 'strict', record_attributes: [{ key: 'route' }] } },
      ['login password=x', 'unknown'],
    ],
    [
      'attributes of the resource',
      { include: { match_type: 'regexp', resource_attributes: [{ key: 'service.name', value: '^(shop|pay)$' }] } },
      ['login password=x', 'debug it', 'warned'],
    ],
    [
      'include comes before exclude',
      {
        include: { match_type: 'strict', resource_attributes: [{ key: 'service.name', value: 'shop' }] },
        exclude: { severity_number: { min: 17, match_undefined: false } },
      },
      ['debug it'],
    ],
    [
      'options of different names must all match',
      { include: { match_type: 'regexp', bodies: ['e'], severity_texts: ['WARN'] } },
      ['warned'],
    ],
  ])('%s', async (_, logs, bodies) => expect(await passing({ logs })).toEqual(bodies));
});

test('counts what it drops, and settles it with a reason', async () => {
  const host = createTestHost();
  const sink = new LogsSink();
  const filter = new Filter({ error_mode: 'ignore', log_conditions: ['log.severity_number < 13'] }, sink);
  await filter.start(host);
  const batch = batchOf(...RECORDS);
  const { outcome } = deliver(batch);

  await filter.consume(batch);

  expect(await outcome).toEqual({ durable: 2, dropped: new Map([['filtered', 2]]), abandoned: 0 });
  expect(host.metric('otelcol_processor_filter_logs_filtered')).toBe(2);
  expect(host.metric('winnow_processor_dropped_log_records', { reason: 'filtered' })).toBe(2);
});

describe('a condition that fails on a record', () => {
  const failing = 'HasPrefix(log.attributes["code"], "5")';

  test('ignore: does not hold, the next one is asked, and one warning says so', async () => {
    const host = createTestHost();

    expect(await passing({ log_conditions: [{ conditions: [failing, 'log.body == "warned"'] }] }, host)).toEqual([
      'login password=x',
      'debug it',
      'unknown',
    ]);
    expect(host.metric('winnow_filter_errors')).toBe(4);
    expect(host.lines).toMatchObject([
      { level: 'warn', facts: { expression: failing, problem: 'HasPrefix: value must be a string, got nil' } },
    ]);
  });

  test('silent: the same without a word', async () => {
    const host = createTestHost();

    expect(await passing({ error_mode: 'silent', log_conditions: [failing] }, host)).toHaveLength(4);
    expect(host.metric('winnow_filter_errors')).toBe(4);
    expect(host.lines).toEqual([]);
  });

  test('propagate: the record is dropped, and its reason tells', async () => {
    const host = createTestHost();

    expect(
      await passing({ log_conditions: [{ error_mode: 'propagate', conditions: ['log.attributes["route"] == nil', failing] }] }, host),
    ).toEqual([]);
    expect(host.metric('winnow_processor_dropped_log_records', { reason: 'filtered' })).toBe(2);
    expect(host.metric('winnow_processor_dropped_log_records', { reason: 'ottl_error' })).toBe(2);
    expect(host.lines).toMatchObject([{ level: 'error', facts: { dropped: 2 } }]);
  });
});

test('a batch that was refused is not filtered again', async () => {
  const host = createTestHost();
  const sink = new LogsSink();
  const filter = new Filter({ error_mode: 'ignore', log_conditions: ['log.severity_number < 13'] }, sink);
  await filter.start(host);
  const batch = batchOf(...RECORDS);
  const { outcome } = deliver(batch);

  sink.isRefusing = true;
  await expect(filter.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  sink.isRefusing = false;
  await filter.consume(batch);

  expect(sink.bodies).toEqual(['login password=x', 'warned']);
  expect(host.metric('otelcol_processor_filter_logs_filtered')).toBe(2);
  expect((await outcome).dropped).toEqual(new Map([['filtered', 2]]));
});

/**
 * Goal: what passes is what a filter over plain values leaves, and nothing is lost on the way. Method: any rows, some
 * dropped before, in batches split anywhere, beside such a filter of one line for each condition.
 */
test('rows in are rows out and rows dropped, and they are the right ones', async () => {
  const model: Readonly<Record<string, (row: { body: string; severity: number; text: string }) => boolean>> = {
    'severity_number >= 9': ({ severity }) => severity >= 9,
    'severity_text == "INFO"': ({ text }) => text === 'INFO',
    'IsMatch(body, "[a-m]")': ({ body }) => /[a-m]/.test(body),
    'body == ""': ({ body }) => body === '',
    'HasSuffix(body, "a") or not (severity_number < 20)': ({ body, severity }) => body.endsWith('a') || severity >= 20,
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(rowSpec, { maxLength: 8 }), { maxLength: 4 }),
      fc.subarray(Object.keys(model)),
      async (batches, conditions) => {
        const host = createTestHost();
        const sink = new LogsSink();
        const filter = new Filter({ error_mode: 'propagate', log_conditions: [{ context: 'log', conditions }] }, sink);
        await filter.start(host);
        const expected: string[] = [];
        let dropped = 0;
        for (const specs of batches.filter(({ length }) => length > 0)) {
          const batch = buildBatch(specs);
          deliver(batch);
          for (const [row, { isDropped }] of specs.entries()) if (isDropped) batch.drop(row, 'before');
          for (const { body, severity, severityText: text, isDropped } of specs) {
            if (isDropped) continue;
            if (conditions.some((condition) => model[condition]?.({ body, severity, text }))) dropped++;
            else expected.push(body);
          }
          await filter.consume(batch);
        }

        expect(sink.bodies).toEqual(expected);
        expect(host.metric('winnow_processor_dropped_log_records', { reason: 'filtered' })).toBe(dropped);
      },
    ),
    { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 200) },
  );
});
