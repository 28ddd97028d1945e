import { afterEach, describe, expect, test } from 'vitest';
import { startPrometheus, type PrometheusRig } from '../../test/helpers/prometheus-rig.ts';

const rigs: PrometheusRig[] = [];

afterEach(async () => {
  for (const { exporter } of rigs.splice(0)) await exporter.shutdown();
});

async function start(given: object = {}): Promise<PrometheusRig> {
  const rig = await startPrometheus(given);
  rigs.push(rig);
  return rig;
}

const shop = { 'service.name': 'shop' };

describe('built in', () => {
  test('records and bytes by service and severity', async () => {
    const { count, samples } = await start({ built_in: ['records'] });

    await count({ body: 'äb', resource: shop }, { body: 'x', severity: 18, attributes: { key: 'value', n: 1, is: true } });
    await count({ body: 'c', severity: 10, resource: shop }, { severity: 0 });

    expect(samples()).toEqual([
      'winnow_log_records_total{service_name="shop",severity="INFO"} 2',
      'winnow_log_records_total{severity="ERROR"} 1',
      'winnow_log_records_total{severity="UNSPECIFIED"} 1',
      'winnow_log_bytes_total{service_name="shop",severity="INFO"} 4',
      'winnow_log_bytes_total{severity="ERROR"} 21',
      'winnow_log_bytes_total{severity="UNSPECIFIED"} 0',
    ]);
  });

  test('records and bytes by template, beyond their bound in one series that leaves the others exact', async () => {
    const { count, samples } = await start({ built_in: ['records', 'templates'], max_series: 2 });
    const templates = Array.from({ length: 4 }, (_, i) => ({ id: `000${i}`, text: '' }));

    for (const severity of [9, 17]) await count(...templates.map((template) => ({ body: 'abc', severity, template })));
    await count({ body: 'no template' });

    expect(samples().filter((line) => line.startsWith('winnow_template'))).toEqual([
      'winnow_template_records_total{severity="INFO",template_id="0000"} 1',
      'winnow_template_records_total{severity="INFO",template_id="0001"} 1',
      'winnow_template_records_total{otel_metric_overflow="true"} 6',
      'winnow_template_bytes_total{severity="INFO",template_id="0000"} 3',
      'winnow_template_bytes_total{severity="INFO",template_id="0001"} 3',
      'winnow_template_bytes_total{otel_metric_overflow="true"} 18',
    ]);
    expect(samples()).toContain('winnow_log_records_total{severity="INFO"} 5');
  });

  test('anomalies as they open, and records that are abnormal by themselves', async () => {
    const { count, samples } = await start({ built_in: ['anomalies'] });
    const event = (phase: string) => ({
      'winnow.anomaly.type': 'volume',
      'winnow.anomaly.kind': 'rate',
      'winnow.anomaly.severity': 'high',
      'winnow.anomaly.method': 'statistical',
      'winnow.anomaly.phase': phase,
    });

    await count({ attributes: event('opened') }, { attributes: event('updated') }, { attributes: event('closed') });
    await count({ attributes: { 'winnow.anomaly.type': 'content', 'winnow.anomaly.severity': 'low' }, resource: shop });

    expect(samples()).toEqual([
      'winnow_anomalies_total{type="volume",kind="rate",severity="high",method="statistical"} 1',
      'winnow_anomalous_log_records_total{service_name="shop",type="content",severity="low"} 1',
    ]);
  });

  test('what summaries stand for', async () => {
    const { count, samples } = await start({ built_in: ['suppressed'] });

    await count(
      { attributes: { 'winnow.dedupe.count': 9, 'winnow.dedupe.first_time': 't' }, resource: shop },
      { attributes: { 'winnow.dedupe.count': 1 } },
      { attributes: { log_count: 5, first_observed_timestamp: 't' }, resource: shop },
      { attributes: { log_count: 500 } },
      { attributes: { 'winnow.suppressed_count': 7 }, severity: 13 },
    );

    expect(samples()).toEqual([
      'winnow_suppressed_log_records_total{service_name="shop",severity="INFO",by="dedupe"} 13',
      'winnow_suppressed_log_records_total{severity="WARN",by="rate_limit"} 7',
    ]);
  });
});

describe('presets', () => {
  test('agents: tasks, errors, latency and what is being worked on', async () => {
    const { count, samples } = await start({ presets: ['agents'] });
    const writer = { task_type: 'write', agent_type: 'writer' };

    await count({ event: 'task_received', attributes: writer }, { attributes: { ...writer, event_type: 'task_received' } });
    await count({ event: 'task_completed', attributes: { ...writer, duration_ms: 2000 } });
    await count({ event: 'task_failed', severity: 17, attributes: { 'exception.type': 'ValueError', duration_seconds: 0.5 } });
    await count({ event: 'transient_error_retry', severity: 13 }, { severity: 17, attributes: { event_type: 'permanent_error' } });

    const all = samples().filter((line) => !line.includes('_bucket'));
    expect(all).toEqual([
      'tasks_dispatched_total{task_type="write"} 2',
      'errors_encountered_total{error_type="ValueError"} 1',
      'errors_encountered_total{error_type="transient_error_retry"} 1',
      'errors_encountered_total{error_type="permanent_error"} 1',
      'task_latency_seconds_sum{task_type="write"} 2',
      'task_latency_seconds_count{task_type="write"} 1',
      'task_latency_seconds_sum 0.5',
      'task_latency_seconds_count 1',
      'active_tasks{agent_type="writer"} 1',
      'active_tasks -1',
    ]);
  });

  test('streams: the eight metrics with their labels and buckets', async () => {
    const { count, samples } = await start({ presets: ['streams'] });
    const stream_id = 's1';

    await count({ body: 'stream_started' }, { event: 'stream_started' });
    await count({ body: 'chunk_uploaded', attributes: { stream_id, chunk_size: 10 } });
    await count({ event: 'chunk_uploaded', attributes: { stream_id, chunk_size: 5 } });
    await count({ body: 'operation_failed', attributes: { stream_id, operation_type: 's3_upload_part' } });
    await count({ body: 'stream_completed', attributes: { stream_id, duration_seconds: 60, processing_seconds: 7201 } });

    const bounds = samples().flatMap((line) => /^(\w+)_bucket\{stream_id="s1",le="(.*)"\}/.exec(line)?.slice(1) ?? []);
    expect(bounds.filter((text) => !text.startsWith('video')).join(' ')).toBe(
      '5 10 30 60 120 300 600 1800 3600 +Inf 10 30 60 120 300 600 1800 3600 7200 +Inf',
    );
    expect(samples().filter((line) => !line.includes('_bucket'))).toEqual([
      'video_chunks_uploaded_total{stream_id="s1"} 2',
      'video_bytes_uploaded_total{stream_id="s1"} 15',
      'video_stream_duration_seconds_sum{stream_id="s1"} 60',
      'video_stream_duration_seconds_count{stream_id="s1"} 1',
      'video_processing_time_seconds_sum{stream_id="s1"} 7201',
      'video_processing_time_seconds_count{stream_id="s1"} 1',
      'video_failed_operations_total{stream_id="s1",operation_type="s3_upload_part"} 1',
      'active_streams_gauge 1',
      'streams_completed_total 1',
    ]);
  });
});
