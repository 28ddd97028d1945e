import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { startPrometheus, type PrometheusRig } from '../../test/helpers/prometheus-rig.ts';
import { eventually, hasPrometheus, PrometheusServer, PROMTOOL } from '../../test/helpers/prometheus-server.ts';

const rigs: PrometheusRig[] = [];

afterEach(async () => {
  for (const { exporter } of rigs.splice(0)) await exporter.shutdown();
});

async function start(given: object = {}): Promise<PrometheusRig> {
  const rig = await startPrometheus(given);
  rigs.push(rig);
  return rig;
}

const LATENCY = { name: 'latency', type: 'histogram', unit: 'seconds', attribute: 's', buckets: [0.5, 1] };
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

function get(rig: PrometheusRig, accept: string, path = '/metrics'): Promise<Response> {
  return fetch(`http://localhost:${rig.exporter.port}${path}`, { headers: { accept } });
}

describe('the page', () => {
  test('is OpenMetrics where that is asked for, with exemplars, units and an end', async () => {
    const rig = await start({ metrics: [LATENCY, { name: 'seen', type: 'counter' }] });
    await rig.count({ attributes: { s: 0.7 }, trace: 0xab }, { attributes: { s: 0.1 } });

    const response = await get(rig, OPEN_METRICS);

    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const exemplar = `# {trace_id="${'ab'.repeat(16)}",span_id="${'ac'.repeat(8)}"}`;
    const seconds = rig.clock.now() / 1000;
    expect((await response.text()).split('\n')).toEqual([
      '# HELP latency_seconds Made of log records by latency.',
      '# TYPE latency_seconds histogram',
      '# UNIT latency_seconds seconds',
      'latency_seconds_bucket{le="0.5"} 1',
      `latency_seconds_bucket{le="1.0"} 2 ${exemplar} 0.7 ${seconds}`,
      'latency_seconds_bucket{le="+Inf"} 2',
      'latency_seconds_sum 0.7999999999999999',
      'latency_seconds_count 2',
      '# HELP seen Made of log records by seen.',
      '# TYPE seen counter',
      `seen_total 2 ${exemplar} 1 ${seconds}`,
      '# EOF',
      '',
    ]);
  });

  test.for([
    ['', 'text/plain'],
    ['text/plain', 'text/plain'],
    ['text/plain;q=0.9, application/openmetrics-text;q=0.2', 'text/plain'],
    ['application/openmetrics-text; version=0.0.1', 'text/plain'],
    ['application/openmetrics-text', 'application/openmetrics-text'],
  ])('for "%s" is %s', async ([accept = '', type = '']) => {
    const rig = await start();

    expect((await get(rig, accept)).headers.get('content-type')).toContain(type);
  });

  test('is the older format where OpenMetrics is switched off, and 404 elsewhere', async () => {
    const rig = await start({ enable_open_metrics: false, path: '/m', metrics: [{ name: 'seen', type: 'counter' }] });
    await rig.count({ trace: 1 });

    expect(await (await get(rig, OPEN_METRICS, '/m')).text()).toBe(
      '# HELP seen_total Made of log records by seen.\n# TYPE seen_total counter\nseen_total 1\n',
    );
    expect((await get(rig, OPEN_METRICS)).status).toBe(404);
  });
});

test('tells the attributes of each resource once, the last seen at most so many', async () => {
  const { count, lines } = await start({ target_info: true, max_series: 2 });
  const shop = { 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': 'i1', 'k8s.pod.name': 'p"1' };

  await count({ resource: { 'service.name': 'first' } });
  await count({ resource: shop }, { resource: { 'service.name': 'bank' } });
  await count({ resource: shop }, { resource: { 'service.name': 'bank' } });

  expect(lines()).toEqual([
    '# HELP target_info Resources that records came from.',
    '# TYPE target_info gauge',
    'target_info{job="eu/shop",instance="i1",service_name="shop",k8s_pod_name="p\\"1"} 1',
    'target_info{job="bank",service_name="bank"} 1',
  ]);
  expect(lines('openmetrics')[1]).toBe('# TYPE target info');
});

test('cuts all labels of a resource where those of its series are cut, so that the two can be joined', async () => {
  const { count, lines } = await start({ target_info: true, built_in: ['records'], max_label_length: 8 });

  await count({ resource: { 'service.name': 'ü'.repeat(1000), 'service.instance.id': 'instance-1', ['k'.repeat(1000)]: 'abcdefghi' } });

  const name = 'üüüü';
  expect(lines()).toContain(`target_info{job="${name}",instance="instance",service_name="${name}",kkkkkkkk="abcdefgh"} 1`);
  expect(lines().find((line) => line.startsWith('winnow_log_records_total{'))).toContain(`service_name="${name}"`);
});

test('warns where everybody can read, and not on loopback', async () => {
  const warnings = async (endpoint: string): Promise<number> =>
    (await start({ endpoint })).host.lines.filter(({ level }) => level === 'warn').length;

  expect([await warnings('localhost:0'), await warnings('127.0.0.1:0'), await warnings(':0')]).toEqual([0, 0, 1]);
});

/** Some of everything there is. */
async function startFull(): Promise<PrometheusRig> {
  const given = { built_in: undefined, target_info: true, presets: ['agents', 'streams'], const_labels: { region: 'eu' } };
  const rig = await start({ ...given, metrics: [LATENCY, { name: 'queue_length', type: 'gauge', attribute: 's' }] });
  const resource = { 'service.name': 'shop', 'host.name': 'h' };
  const template = { id: '0123456789abcdef', text: 'a <*>' };
  await rig.count(
    { body: 'a 1', severity: 17, attributes: { s: 0.7 }, resource, template, trace: 0xab },
    { event: 'task_received', attributes: { task_type: 'write', agent_type: 'writer' }, resource },
    { event: 'task_completed', attributes: { task_type: 'write', agent_type: 'writer', duration_seconds: 2 }, resource },
    { body: 'stream_started' },
    { body: 'chunk_uploaded', attributes: { stream_id: 's1', chunk_size: 1024 } },
    { body: 'operation_failed', attributes: { stream_id: 's1', operation_type: 's3_upload' } },
    { body: 'stream_completed', attributes: { stream_id: 's1', duration_seconds: 61, processing_seconds: 90 } },
    { body: 'stream_failed', attributes: { stream_id: 's2' } },
    { attributes: { 'winnow.anomaly.type': 'volume', 'winnow.anomaly.phase': 'opened', 'winnow.anomaly.severity': 'high' } },
    { attributes: { 'winnow.suppressed_count': 9 } },
  );
  return rig;
}

describe.skipIf(!hasPrometheus())('Prometheus itself', () => {
  test('finds nothing to object to but the one name that document has', async () => {
    const rig = await startFull();

    const { stdout, stderr, status } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: rig.exporter.expose('text'), encoding: 'utf8' });

    const objections = `${stdout}${stderr}`.trim().split('\n');
    expect(objections.map((line) => line.split(' ')[0])).toEqual(['active_streams_gauge']);
    expect(status).toBe(3);
  });

  test('scrapes every metric, and the exemplar', async () => {
    const rig = await startFull();
    const target = { job_name: 'winnow', honor_labels: true, static_configs: [{ targets: [`localhost:${rig.exporter.port}`] }] };
    const server = new PrometheusServer({ scrapes: [target], flags: ['--enable-feature=exemplar-storage'] });
    try {
      await server.start();
      const read = await eventually(async () => {
        const series = await server.query('{region="eu"}');
        return series.size > 0 ? series : undefined;
      });

      const expected = new Set(rig.samples().map((line) => line.slice(0, line.lastIndexOf(' ')).replace(/\{.*/, '')));
      expect(new Set(read.keys())).toEqual(expected);
      expect(read.get('video_bytes_uploaded_total')).toBe(1024);
      expect(read.get('winnow_suppressed_log_records_total')).toBe(9);
      expect(read.get('task_latency_seconds_sum')).toBe(2);
      const exemplars = JSON.stringify(
        await server.ask(`query_exemplars?query=latency_seconds_bucket&start=0&end=${Date.UTC(2100) / 1000}`),
      );
      expect(exemplars).toContain('ab'.repeat(16));
      expect(JSON.stringify(await server.ask('targets'))).toContain('"health":"up"');
    } finally {
      await server.remove();
    }
  }, 60_000);
});
