import { afterEach, describe, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { batchOf, startPrometheus, type PrometheusRig } from '../../test/helpers/prometheus-rig.ts';

const rigs: PrometheusRig[] = [];

afterEach(async () => {
  for (const { exporter } of rigs.splice(0)) await exporter.shutdown();
});

async function start(given: object = {}): Promise<PrometheusRig> {
  const rig = await startPrometheus(given);
  rigs.push(rig);
  return rig;
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

describe('bounds', () => {
  test('a million label values leave the series at their bound, and the sum exact', async () => {
    const amounts = { name: 'amount', type: 'counter', attribute: 'n', labels: [{ name: 'user', attribute: 'user' }] };
    const sizes = { name: 'size', type: 'histogram', attribute: 'n', buckets: [500_000], labels: amounts.labels };
    const { exporter, samples, host } = await start({ metrics: [amounts, sizes], max_series: 1000 });
    const values = 1_000_000;
    const rows = 5000;
    const batch = new LogBatch();
    for (let from = 0; from < values; from += rows) {
      batch.reset(Buffer.alloc(0));
      for (let i = from; i < from + rows; i++) {
        const row = batch.addRow(ValueType.none, 0, 0);
        batch.setAttribute(row, 'user', `user-${i}`);
        batch.setAttribute(row, 'n', i);
      }
      deliver(batch);
      await exporter.consume(batch);
    }

    const sumOf = (start_: string): number =>
      samples().reduce((sum, line) => sum + (line.startsWith(start_) ? Number(line.split(' ').at(-1)) : 0), 0);
    expect(host.metric('winnow_exporter_prometheus_series')).toBe(2000);
    expect(samples().filter((line) => line.startsWith('amount_total'))).toHaveLength(1001);
    const total = (values * (values - 1)) / 2;
    const first = (1000 * 999) / 2;
    expect(sumOf('amount_total{')).toBe(total);
    expect(samples()).toContain(`amount_total{otel_metric_overflow="true"} ${total - first}`);
    expect(sumOf('size_sum{')).toBe(total);
    expect(sumOf('size_count{')).toBe(values);
    expect(samples()).toContain('size_bucket{otel_metric_overflow="true",le="500000"} 499001');
    expect(host.metric('winnow_exporter_prometheus_overflowed_updates')).toBe(2 * (values - 1000));
  }, 60_000);

  test('forgets what nobody has touched, and gives its room to others, which begin at 0', async () => {
    const { count, samples, clock } = await start({ metrics: [REQUESTS], max_series: 2, metric_expiration: '1m' });
    const see = (path: string) => count({ attributes: { path } });

    for (const path of ['/a', '/b', '/c', '/b']) await see(path);
    await clock.advance(40_000);
    await see('/b');
    await clock.advance(40_000);
    await see('/d');

    const overflow = 'requests_total{otel_metric_overflow="true"} 1';
    expect(samples()).toEqual(['requests_total{path="/d"} 1', 'requests_total{path="/b"} 3', overflow]);
  });

  test('finds each of many label sets again, whatever is forgotten in between', async () => {
    const { count, samples, clock } = await start({ metrics: [REQUESTS], metric_expiration: '1m' });
    const all = (remainder: number) => Array.from({ length: 1500 }, (_, i) => i).filter((i) => i % 3 === remainder);
    const see = (numbers: readonly number[]) => count(...numbers.map((i) => ({ attributes: { path: `/${i}` } })));

    await see([...all(0), ...all(1)]);
    await clock.advance(50_000);
    await see(all(1));
    await clock.advance(50_000);
    await see([...all(1), ...all(2)]);

    const expected = [...all(1).map((i) => [i, 3]), ...all(2).map((i) => [i, 1])];
    expect(samples().toSorted()).toEqual(expected.map(([i, n]) => `requests_total{path="/${i}"} ${n}`).toSorted());
  });
});
