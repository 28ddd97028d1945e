import { afterEach, describe, expect, test } from 'vitest';
import { createResource, LogBatch, severityName, ValueType, type AttributeValue, type Template } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { PrometheusConfig } from './config.ts';
import { factory } from './index.ts';
import { PrometheusExporter } from './prometheus-exporter.ts';

const started: PrometheusExporter[] = [];

afterEach(async () => {
  for (const exporter of started.splice(0)) await exporter.shutdown();
});

async function start(given: object = {}) {
  const { config, problems } = validate(factory, { endpoint: 'localhost:0', built_in: [], target_info: false, ...given });
  expect(problems).toEqual([]);
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const exporter = new PrometheusExporter(config as PrometheusConfig, { id: 'prometheus' });
  started.push(exporter);
  await exporter.start(host);
  const lines = (format: 'text' | 'openmetrics' = 'text'): string[] => exporter.expose(format).split('\n').slice(0, -1);
  const samples = (): string[] => lines().filter((line) => !line.startsWith('#'));
  return { exporter, host, clock, lines, samples, count: (...records: RecordSpec[]) => exporter.consume(batchOf(records)) };
}

interface RecordSpec {
  readonly body?: string;
  readonly severity?: number;
  readonly event?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly resource?: Readonly<Record<string, AttributeValue>>;
  readonly template?: Template;
  readonly trace?: number;
}

function batchOf(records: readonly RecordSpec[]): LogBatch {
  const batch = new LogBatch();
  for (const { body = '', severity = 9, event = '', attributes = {}, resource, template, trace } of records) {
    const row = batch.addRow(ValueType.none, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    batch.setSeverityText(row, severityName(severity));
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
    if (resource) batch.resourceOf[row] = batch.addResource(createResource(resource));
    if (template) batch.templateOf[row] = template;
    if (trace !== undefined) batch.traceIdColumn().fill(trace, row * 16, row * 16 + 16);
    if (event !== '') {
      const rare = batch.rareColumns();
      rare.eventNameStart[row] = batch.space.appendText(event);
      rare.eventNameSize[row] = Buffer.byteLength(event);
    }
  }
  deliver(batch);
  return batch;
}

const REQUESTS = { name: 'requests', type: 'counter', labels: [{ name: 'path', attribute: 'path' }] };

describe('metrics of the configuration', () => {
  test('counts records by the text, number or truth of an attribute, wherever it stands', async () => {
    const { count, samples } = await start({ metrics: [REQUESTS] });

    await count(
      { attributes: { path: '/a' } },
      { attributes: { path: '/a' } },
      { attributes: { path: 7 } },
      { attributes: { path: true } },
    );
    await count({ resource: { path: '/resource' } }, {});

    const expected = ['{path="/a"} 2', '{path="7"} 1', '{path="true"} 1', '{path="/resource"} 1', ' 1'];
    expect(samples()).toEqual(expected.map((rest) => `requests_total${rest}`));
  });

  test('adds the number of an attribute, whatever it is written as, and passes over records without', async () => {
    const metric = { name: 'sent_bytes_total', type: 'counter', attribute: 'bytes', unit: 'bytes' };
    const { count, samples, host } = await start({ metrics: [metric] });

    await count({ attributes: { bytes: 10 } }, { attributes: { bytes: '5' } }, { attributes: { bytes: 0.5 } }, {});
    await count({ attributes: { bytes: 'many' } }, { attributes: { bytes: -1 } });

    expect(samples()).toEqual(['sent_bytes_total 15.5']);
    expect(host.metric('winnow_exporter_prometheus_unusable_values')).toBe(2);
    expect(host.lines.filter(({ level }) => level === 'warn')).toMatchObject([{ facts: { metric: 'sent_bytes', values: 2 } }]);
  });

  test('takes labels, numbers and conditions of OTTL', async () => {
    const metric = {
      name: 'size',
      type: 'gauge',
      value: 'attributes["a"]["n"]',
      where: 'severity_number >= SEVERITY_NUMBER_WARN',
      labels: [{ name: 'level', value: 'Concat([severity_text, "x"], "-")' }],
    };
    const { count, samples } = await start({ metrics: [metric] });

    await count({ attributes: { a: { n: 1 } }, severity: 9 }, { attributes: { a: { n: 2 } }, severity: 13 });
    await count({ attributes: { a: { n: 3 } }, severity: 13 });

    expect(samples()).toEqual(['size{level="WARN-x"} 3']);
  });

  test('moves a gauge up and down by several entries, and never forgets one that is not 0', async () => {
    const labels = [{ name: 'kind', attribute: 'kind' }];
    const metrics = [
      { name: 'active', type: 'gauge', where: 'body == "begin"', operation: 'add', labels },
      { name: 'active', type: 'gauge', where: 'body == "end"', operation: 'subtract', labels },
    ];
    const { count, samples, clock } = await start({ metrics, metric_expiration: '1m' });

    await count({ body: 'begin', attributes: { kind: 'a' } }, { body: 'begin', attributes: { kind: 'b' } });
    await count({ body: 'end', attributes: { kind: 'b' } });
    expect(samples()).toEqual(['active{kind="a"} 1', 'active{kind="b"} 0']);

    await clock.advance(120_000);
    await count({});
    expect(samples()).toEqual(['active{kind="a"} 1']);
  });

  test('puts numbers into buckets, each with all below it', async () => {
    const metric = { name: 'latency', type: 'histogram', unit: 'seconds', attribute: 'ms', scale: 0.001, buckets: [0.1, 1] };
    const { count, lines } = await start({ metrics: [metric] });

    await count({ attributes: { ms: 100 } }, { attributes: { ms: 250 } }, { attributes: { ms: 1500 } });

    expect(lines()).toEqual([
      '# HELP latency_seconds Made of log records by latency.',
      '# TYPE latency_seconds histogram',
      'latency_seconds_bucket{le="0.1"} 1',
      'latency_seconds_bucket{le="1"} 2',
      'latency_seconds_bucket{le="+Inf"} 3',
      'latency_seconds_sum 1.85',
      'latency_seconds_count 3',
    ]);
  });

  test('escapes, cuts and repairs label values', async () => {
    const { count, samples, exporter } = await start({ metrics: [REQUESTS], max_label_length: 8, const_labels: { at: 'a"b' } });

    await count({ attributes: { path: 'a"\\\n' } }, { attributes: { path: '1234567ä9' } });
    const batch = new LogBatch();
    for (const byte of [0xfe, 0xff]) {
      const row = batch.addRow(ValueType.none, 0, 0);
      batch.setAttribute(row, 'path', 'xx');
      const slot = batch.attributes.head[row] as number;
      batch.space.side[~(batch.attributes.start[slot] as number)] = byte;
    }
    deliver(batch);
    await exporter.consume(batch);

    const values = ['a\\"\\\\\\n', '1234567', '\ufffdx'];
    expect(samples()).toEqual(values.map((value, i) => `requests_total{path="${value}",at="a\\"b"} ${i === 2 ? 2 : 1}`));
  });
});

test('settles rows when they are counted, and passes over dropped ones', async () => {
  const { exporter, samples, host } = await start({ metrics: [{ name: 'all', type: 'counter' }] });
  const batch = batchOf([{}, {}, {}]);
  const { outcome } = deliver(batch);
  batch.drop(1, 'test');

  await exporter.consume(batch);

  expect(await outcome).toMatchObject({ durable: 2, abandoned: 0 });
  expect(samples()).toEqual(['all_total 2']);
  expect(host.metric('otelcol_exporter_sent_log_records')).toBe(2);
});
