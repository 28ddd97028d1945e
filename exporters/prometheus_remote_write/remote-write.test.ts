import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { startPrometheus } from '../../test/helpers/prometheus-rig.ts';
import { INTERVAL_MS, startRemoteWrite, until, type RemoteWriteRig } from '../../test/helpers/remote-write-rig.ts';
import type { TestHostOptions } from '../../test/helpers/test-host.ts';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const rigs: RemoteWriteRig[] = [];

afterEach(async () => {
  for (const { exporter, sink } of rigs.splice(0)) {
    await exporter.shutdown(AbortSignal.abort());
    await sink.stop();
    if (sink.faults.length > 0) throw new Error(`the sink objects: ${sink.faults.join('; ')}`);
  }
});

async function start(given: object = {}, options: TestHostOptions = {}): Promise<RemoteWriteRig> {
  const rig = await startRemoteWrite(given, options);
  rigs.push(rig);
  return rig;
}

const REQUESTS = { name: 'requests', type: 'counter', labels: [{ name: 'path', attribute: 'path' }] };
const LATENCY = { name: 'latency', type: 'histogram', unit: 'seconds', attribute: 's', buckets: [0.5, 1] };
const SIZE = { name: 'Size', type: 'gauge', attribute: 'n', labels: [{ name: 'path', attribute: 'path' }] };

/** Both sides of: made = sent + dropped + held. */
function booksOf({ host }: RemoteWriteRig): readonly [number, number] {
  const of = (name: string, labels = {}): number => host.metric(`winnow_exporter_prometheus_${name}_samples`, labels);
  let went = of('sent') + of('held');
  for (const reason of ['refused', 'queue_full', 'retries_over', 'shutdown']) went += of('dropped', { reason });
  return [of('made'), went];
}

describe('what is pushed', () => {
  test('is what a scrape of the exporter prometheus shows', async () => {
    const series = { built_in: undefined, metrics: [REQUESTS, LATENCY, SIZE], presets: ['agents'], max_series: 2 };
    const rig = await start({ ...series, external_labels: { region: 'eu' }, target_info: {} });
    const scraped = await startPrometheus({ ...series, const_labels: { region: 'eu' }, target_info: true });
    const resource = { 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': 'i1', 'host.name': 'a"\\\nä' };
    const records = ['/a', '/b', '/c', '/a', '\n"\\ä', ''].map((path, i) => ({
      severity: i * 4,
      attributes: { path, n: i - 2, s: i / 4 },
      resource: { ...resource, 'service.instance.id': `i${i % 2}` },
      template: { id: `t${i}`, text: 'a' },
    }));

    await rig.count(...records);
    await scraped.count(...records);
    await rig.push();

    const pushed = Object.entries(rig.sink.current).map(([name, value]) => canonical(`${name} ${value}`));
    const isTarget = (line: string): boolean => line.startsWith('target_info');
    const expected = Object.groupBy(scraped.samples().map(canonical), (line) => (isTarget(line) ? 'targets' : 'others'));
    expect(pushed.filter(isTarget).toSorted()).toEqual(expected.targets?.toSorted());
    expect(
      pushed
        .filter((line) => !isTarget(line))
        .map(withoutOwn)
        .toSorted(),
    ).toEqual(expected.others?.toSorted());
    await scraped.exporter.shutdown();
  });

  test('comes at each interval, a counter first as the 0 it was before', async () => {
    const { count, push, sink, clock } = await start({ metrics: [REQUESTS, SIZE] });
    const began = clock.now();
    await push();
    await count({ attributes: { path: '/a', n: 7 } });

    await push();
    await count({ attributes: { path: '/a' } });
    await push();

    const at = (interval: number): number => began + interval * INTERVAL_MS;
    expect(sink.samples.filter(({ series }) => series.startsWith('requests'))).toEqual([
      { series: 'requests_total{instance="i",job="j",path="/a"}', value: 0, timeMs: at(1) + 2 },
      { series: 'requests_total{instance="i",job="j",path="/a"}', value: 1, timeMs: at(2) },
      { series: 'requests_total{instance="i",job="j",path="/a"}', value: 2, timeMs: at(3) },
    ]);
    expect(sink.of('Size{instance="i",job="j",path="/a"}')).toEqual([7, 7]);
    expect(sink.requests).toBe(2);
  });

  test('has rising times, though the clock is set back', async () => {
    class ShiftedClock extends FakeClock {
      offsetMs = 0;
      override now(): number {
        return super.now() + this.offsetMs;
      }
    }
    const clock = new ShiftedClock();
    const { count, push, sink } = await start({ metrics: [REQUESTS] }, { clock });
    await count({});
    await push();
    const first = clock.now();
    clock.offsetMs = -3_600_000;

    await push();
    await push();

    const times = sink.samples.map(({ timeMs }) => timeMs - first);
    expect(times).toEqual([2 - INTERVAL_MS, 0, 3, 6]);
  });

  test('has the traces that came since the last time, and metadata where it is wanted', async () => {
    const { count, push, sink, clock } = await start({ metrics: [LATENCY], send_metadata: true });
    await count({ attributes: { s: 0.7 }, trace: 0xab });

    await push();
    await push();

    const labels = [
      { name: 'span_id', value: 'ac'.repeat(8) },
      { name: 'trace_id', value: 'ab'.repeat(16) },
    ];
    expect(sink.exemplars).toEqual([{ labels, value: 0.7, timestamp: clock.now() - 2 * INTERVAL_MS }]);
    const help = 'Made of log records by latency.';
    expect(sink.metadata[0]).toEqual({ type: 'HISTOGRAM', metric_family_name: 'latency_seconds', help, unit: 'seconds' });
  });

  test('is cut by samples and by bytes, target_info apart', async () => {
    const many = Array.from({ length: 25 }, (_, i) => ({ attributes: { path: `/${i}` }, resource: { 'service.name': 'shop' } }));
    const bySamples = await start({ metrics: [REQUESTS], max_samples_per_send: 10, target_info: {} });
    const byBytes = await start({ metrics: [REQUESTS], max_batch_size_bytes: 1024 });

    for (const { count, push } of [bySamples, byBytes]) {
      await count(...many);
      await push();
    }

    // 25 series of two samples each, five of which fit, and one more request for the resource.
    expect(bySamples.sink.requests).toBe(6);
    expect(byBytes.sink.requests).toBe(3);
    expect(Object.keys(byBytes.sink.current)).toHaveLength(25);
  });

  test('has the overflow, exact in sum', async () => {
    const { count, push, sink } = await start({ metrics: [REQUESTS], max_series: 10 });

    await count(...Array.from({ length: 1000 }, (_, i) => ({ attributes: { path: `/${i}` } })));
    await push();

    expect(Object.keys(sink.current)).toHaveLength(11);
    expect(sink.current['requests_total{instance="i",job="j",otel_metric_overflow="true"}']).toBe(990);
  });

  test('carries the headers of the operator and of the authenticator', async () => {
    const authHeaders = (): object => ({ Authorization: 'Bearer from-extension' });
    const headers = [{ name: 'X-Scope-OrgID', value: 'team' }];
    const given = { metrics: [REQUESTS], headers, auth: { authenticator: 'bearer' } };
    const { count, push, sink } = await start(given, { extensions: { bearer: { authHeaders } } });

    await count({});
    await push();

    expect(sink.headers[0]).toMatchObject({ authorization: 'Bearer from-extension', 'x-scope-orgid': 'team' });
    expect(sink.headers[0]?.['user-agent']).toMatch(/^winnow\//);
  });
});

describe('the end of a series', () => {
  test('is told when it expires, and it begins at 0 should it come again', async () => {
    const { count, push, sink } = await start({ metrics: [REQUESTS], metric_expiration: '20s' });
    const see = (path: string): Promise<void> => count({ attributes: { path } });
    await see('/a');
    await push();
    await see('/b');
    await push();

    await see('/b');
    await push();
    await see('/a');
    await push();

    const series = (path: string): string => `requests_total{instance="i",job="j",path="${path}"}`;
    expect(sink.of(series('/a'))).toEqual([0, 1, 1, 'stale', 0, 1]);
    expect(sink.of(series('/b'))).toEqual([0, 1, 2, 2, 'stale']);
  });

  test('is told for resources that are gone', async () => {
    const { count, push, sink } = await start({ target_info: {}, metric_expiration: '20s', external_labels: {} });
    await count({ resource: { 'service.name': 'a', 'service.instance.id': '1' } });
    await push();
    await push();
    await push();

    expect(sink.of('target_info{instance="1",job="a",service_name="a"}')).toEqual([1, 'stale']);
  });

  test('is told of all when the agent stops, each after its last value', async () => {
    const rig = await start({ built_in: ['records'], metrics: [LATENCY, SIZE], target_info: {} });
    const { count, push, sink } = rig;
    await count({ attributes: { n: 1, s: 1 }, resource: { 'service.name': 'a' } });
    await push();
    await count({ attributes: { n: 2, s: 1 }, resource: { 'service.name': 'a' } });

    await rig.stop();

    expect(sink.current).toEqual({});
    expect(sink.of('Size{instance="i",job="j"}')).toEqual([1, 2, 'stale']);
    expect(sink.of('latency_seconds_bucket{instance="i",job="j",le="+Inf"}')).toEqual([0, 1, 2, 'stale']);
    expect(sink.of('target_info{instance="i",job="j",service_name="a"}')).toEqual([1, 1, 'stale']);
  });

  test('has a last value before it, even when the series lived for less than an interval', async () => {
    const { count, push, sink } = await start({ metrics: [REQUESTS], metric_expiration: '1s' });
    await count({});

    await push();

    expect(sink.of('requests_total{instance="i",job="j"}')).toEqual([0, 1, 'stale']);
  });
});

describe('a backend that does not take it', () => {
  test.for([500, 503, 429])('and answers %i gets the same again, before what is newer', async (status) => {
    const rig = await start({ metrics: [REQUESTS] });
    const { count, clock, sink, host, sent } = rig;
    sink.answer = (request) => (request <= 2 ? { status, headers: { 'retry-after': '1' } } : undefined);
    await count({});
    await clock.advance(INTERVAL_MS);
    await until(() => sink.requests === 1);
    await count({});
    await until(() => host.reported.length === 1);
    await clock.advance(INTERVAL_MS);
    await until(() => host.reported.length >= 2);
    await clock.advance(10_000);
    await sent();

    expect(sink.of('requests_total{instance="i",job="j"}')).toEqual([0, 1, 2]);
    expect(host.reported.map((report) => report.status)).toEqual(['recoverable', 'recoverable', 'ok']);
    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(booksOf(rig)).toEqual([3, 3]);
  });

  test.for([400, 401, 404, 413, 302])('and answers %i loses the request, which is counted and told', async (status) => {
    const token = 'a-secret-token';
    const rig = await start({ metrics: [REQUESTS], headers: { Authorization: `Bearer ${token}` } });
    const { count, push, sink, host } = rig;
    sink.answer = (request) => (request === 1 ? { status, body: `out of order\n${token}` } : undefined);

    await count({});
    await push();
    await count({});
    await push();

    expect(sink.of('requests_total{instance="i",job="j"}')).toEqual([2]);
    expect(host.metric('winnow_exporter_prometheus_dropped_samples', { reason: 'refused' })).toBe(2);
    const error = host.lines.find(({ level }) => level === 'error');
    expect(String(error?.facts['reason'])).toMatch(new RegExp(`^prometheus_remote_write/test: .* ${status}: .*out of order \\[secret\\]$`));
    expect(booksOf(rig)).toEqual([3, 3]);
  });

  test('for long keeps the newest of what fits', async () => {
    const rig = await start({
      metrics: [REQUESTS],
      remote_write_queue: { queue_size: 3 },
      retry_on_failure: { initial_interval: '1h', max_interval: '1h' },
    });
    const { count, clock, sink, host } = rig;
    sink.answer = () => ({ status: 503 });
    for (let i = 0; i < 6; i++) {
      await count({});
      await clock.advance(INTERVAL_MS);
      if (i === 0) await until(() => sink.requests === 1);
    }
    expect(host.metric('winnow_exporter_prometheus_held_samples')).toBe(4);
    expect(host.metric('winnow_exporter_prometheus_dropped_samples', { reason: 'queue_full' })).toBe(3);

    sink.answer = undefined;
    await rig.stop();

    // The first was in flight; the stop tells of two more, and makes one more drop.
    expect(sink.of('requests_total{instance="i",job="j"}')).toEqual([0, 1, 6, 6, 'stale']);
    expect(booksOf(rig)).toEqual([9, 9]);
  });

  test('for longer than max_elapsed_time is not asked for that request again', async () => {
    const rig = await start({ metrics: [REQUESTS], retry_on_failure: { max_elapsed_time: '1s', initial_interval: '2s' } });
    rig.sink.answer = () => ({ status: 503 });
    await rig.count({});

    await rig.push();

    expect(rig.host.metric('winnow_exporter_prometheus_dropped_samples', { reason: 'retries_over' })).toBe(2);
    expect(rig.sink.requests).toBe(1);
  });

  test('holds a stop up for a few seconds at most, and for none when the deadline has passed', async () => {
    for (const graceMs of [60_000, 0]) {
      const rig = await start({ metrics: [REQUESTS] });
      rig.sink.answer = () => ({ status: 503 });
      await rig.count({});

      const stopped = rig.stop(graceMs);
      await rig.clock.advance(5000);
      await stopped;

      expect(rig.host.metric('winnow_exporter_prometheus_dropped_samples', { reason: 'shutdown' })).toBe(3);
      expect(booksOf(rig)).toEqual([3, 3]);
    }
  });

  /**
   * Goal: whatever a backend answers, and whatever comes and expires meanwhile, samples of a series arrive by rising time, a
   * counter never falls but to begin anew, and the books balance. Method: random records, pauses and answers; the sink
   * refuses what is out of order, which the end of each test finds; after the stop nothing is left open.
   */
  test(`and then does, in any order, sees each series in order (seed ${SEED})`, async () => {
    const step = fc.record({
      paths: fc.array(fc.nat(5), { maxLength: 4 }),
      pauses: fc.nat(3),
      status: fc.constantFrom(204, 204, 503, 429, 500),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const rig = await startRemoteWrite({ metrics: [REQUESTS], metric_expiration: '40s', max_samples_per_send: 4, max_series: 4 });
        const { count, clock, sink } = rig;
        let records = 0;
        for (const { paths, pauses, status } of steps) {
          sink.answer = status === 204 ? undefined : () => ({ status });
          if (paths.length > 0) await count(...paths.map((path) => ({ attributes: { path: `/${path}` } })));
          records += paths.length;
          for (let i = 0; i < pauses; i++) await clock.advance(INTERVAL_MS);
        }
        sink.answer = undefined;
        await rig.stop();
        await sink.stop();

        expect(sink.faults).toEqual([]);
        expect(sink.current).toEqual({});
        expect(increase(sink)).toBe(records);
        const [made, went] = booksOf(rig);
        expect(went).toBe(made);
      }),
      { seed: SEED, numRuns: 25 },
    );
  }, 60_000);
});

/** All that the counters have grown by, as Prometheus reckons. */
function increase({ samples }: RemoteWriteRig['sink']): number {
  const last = new Map<string, number>();
  let sum = 0;
  for (const { series, value } of samples) {
    const before = last.get(series) ?? 0;
    if (value === 'stale') continue;
    sum += value >= before ? value - before : value;
    last.set(series, value);
  }
  return sum;
}

/** A line of the text format with its labels sorted, as both sides write it. */
function canonical(line: string): string {
  const [, name = '', labels = '', value = ''] = /^([^{ ]+)(?:\{(.*)\})? ([^ ]+)$/s.exec(line) ?? [];
  const parts = Array.from(labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g), ([whole]) => whole).toSorted();
  return `${name}{${parts.join(',')}} ${value}`;
}

function withoutOwn(line: string): string {
  return line
    .replace(/instance="[^"]*",?/, '')
    .replace(/job="winnow",?/, '')
    .replace(',}', '}');
}
