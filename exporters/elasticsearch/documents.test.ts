import { describe, expect, test } from 'vitest';
import { Double, createResource, createScope, createSharedAttributes, type AttributeValue, type LogBatch } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';
import type { ElasticsearchConfig } from './config.ts';
import { compileIndexName, strftime } from './index-name.ts';
import { factory } from './index.ts';
import { BulkWriter, pickDocuments } from './request.ts';

const NOW = Date.parse('2026-01-30T14:39:06.711Z');

function written(batch: LogBatch, config: object = {}): [action: Record<string, unknown>, document: Record<string, unknown>][] {
  const { config: filled, problems } = validate(factory, { endpoint: 'http://x', ...config });
  expect(problems).toEqual([]);
  const settings = { config: filled as ElasticsearchConfig, nowMs: () => NOW, nextId: () => 'id-1' };
  const text = new BulkWriter(settings, 1e6).write(batch, 0).body.toString();
  const lines = text.trimEnd().split('\n');
  return lines.flatMap((line, i) =>
    i % 2 === 1
      ? []
      : [[(JSON.parse(line) as { create: Record<string, unknown> }).create, JSON.parse(lines[i + 1] ?? '') as Record<string, unknown>]],
  );
}

function one(config: object, edit: (batch: LogBatch) => void = () => {}): [Record<string, unknown>, Record<string, unknown>] {
  const batch = batchOf(['task failed']);
  edit(batch);
  const [only] = written(batch, config);
  if (!only) throw new Error('nothing was written');
  return only;
}

/** A record with something in every place. */
function full(batch: LogBatch): void {
  batch.timeMs[0] = NOW;
  batch.timeNs[0] = 123_456;
  batch.observedMs[0] = NOW + 1;
  batch.severity[0] = 17;
  batch.setSeverityText(0, 'error');
  batch.traceIdColumn().fill(0xab, 0, 16);
  batch.spanIdColumn().fill(0xcd, 0, 8);
  batch.setEventName(0, 'task_failed');
  batch.resourceOf[0] = batch.addResource(
    createResource({ 'service.name': 'writer', 'host.name': 'h1', 'k8s.pod.name': 'p' }, 'https://schema'),
  );
  batch.scopeOf[0] = batch.addScope(createScope('lib', '1.2'));
  batch.sharedOf[0] = batch.addShared(createSharedAttributes({ 'log.file.name': 'app.log' }));
  batch.setAttribute(0, 'winnow.correlation.id', 'c1');
  batch.setAttribute(0, 'exception.type', 'ValueError');
  batch.setAttribute(0, 'exception.message', 'bad');
  batch.setAttribute(0, 'exception.stacktrace', 'line 1\nline 2');
  batch.setAttribute(0, 'attempt', 3);
}

describe('a document', () => {
  test('of OpenTelemetry has its fields at their places', () => {
    const [action, document] = one({}, full);

    expect(action).toEqual({ _index: 'logs-generic.otel-default' });
    expect(document).toEqual({
      '@timestamp': '2026-01-30T14:39:06.711123456Z',
      observed_timestamp: '2026-01-30T14:39:06.712Z',
      data_stream: { type: 'logs', dataset: 'generic.otel', namespace: 'default' },
      severity_number: 17,
      severity_text: 'error',
      event_name: 'task_failed',
      trace_id: 'ab'.repeat(16),
      span_id: 'cd'.repeat(8),
      body: { text: 'task failed' },
      attributes: {
        'log.file.name': 'app.log',
        'winnow.correlation.id': 'c1',
        'exception.type': 'ValueError',
        'exception.message': 'bad',
        'exception.stacktrace': 'line 1\nline 2',
        attempt: 3,
      },
      resource: { attributes: { 'service.name': 'writer', 'host.name': 'h1', 'k8s.pod.name': 'p' }, schema_url: 'https://schema' },
      scope: { name: 'lib', version: '1.2' },
    });
  });

  test('of the Elastic Common Schema has the names of that schema', () => {
    const [action, document] = one({ mapping: { mode: 'ecs' } }, full);

    expect(action).toEqual({ _index: 'logs-generic-default' });
    expect(document).toEqual({
      '@timestamp': '2026-01-30T14:39:06.711123456Z',
      'data_stream.type': 'logs',
      'data_stream.dataset': 'generic',
      'data_stream.namespace': 'default',
      message: 'task failed',
      'event.severity': 17,
      'event.action': 'task_failed',
      'log.level': 'error',
      'log.logger': 'lib',
      'trace.id': 'ab'.repeat(16),
      'span.id': 'cd'.repeat(8),
      'service.name': 'writer',
      'host.name': 'h1',
      'host.hostname': 'h1',
      'kubernetes.pod.name': 'p',
      'log.file.name': 'app.log',
      'winnow.correlation.id': 'c1',
      'error.type': 'ValueError',
      'error.message': 'bad',
      'error.stack_trace': 'line 1\nline 2',
      attempt: 3,
    });
  });

  test('of central logging is what the preset central_json of parse reads', () => {
    const [action, document] = one({ mapping: { mode: 'agent' } }, full);

    expect(action).toEqual({ _index: 'logs-agents-default' });
    expect(document).toEqual({
      '@timestamp': '2026-01-30T14:39:06.711123456Z',
      timestamp: '2026-01-30T14:39:06.711123456Z',
      agent_name: 'writer',
      event_type: 'task_failed',
      severity: 'ERROR',
      message: 'task failed',
      metadata: {
        correlation_id: 'c1',
        exception: { type: 'ValueError', message: 'bad', traceback: ['line 1', 'line 2'] },
        trace_id: 'ab'.repeat(16),
        span_id: 'cd'.repeat(8),
        'log.file.name': 'app.log',
        attempt: 3,
        resource: { 'host.name': 'h1', 'k8s.pod.name': 'p' },
      },
    });
  });

  test('may be the body itself', () => {
    const edit = (batch: LogBatch): void => batch.setBody(0, { message: 'x', n: { a: [1] } });

    expect(one({ mapping: { mode: 'bodymap' } }, edit)[1]).toEqual({
      '@timestamp': '2026-01-30T14:39:06.711Z',
      message: 'x',
      n: { a: [1] },
    });
    expect(one({ mapping: { mode: 'bodymap' } })[1]).toMatchObject({ message: 'task failed' });
  });

  test.each<[string, AttributeValue | Double, string]>([
    ['an integer beyond 2^53', 9_007_199_254_740_993n, '9007199254740993'],
    ['a whole double', new Double(3), '3.0'],
    ['no number', Number.NaN, 'null'],
    ['bytes', Uint8Array.of(1, 2), '"AQI="'],
    ['a map', { a: [1n << 60n, null, { b: true }] }, '{"a":[1152921504606846976,null,{"b":true}]}'],
    ['text', 'a"\n\u2028é', '"a\\"\\n\u2028é"'],
  ])('has %s as JSON can', (_what, value, text) => {
    const batch = batchOf(['x']);
    batch.setAttribute(0, 'v', value);
    const settings = {
      config: validate(factory, { endpoint: 'http://x' }).config as ElasticsearchConfig,
      nowMs: () => NOW,
      nextId: () => '',
    };

    expect(new BulkWriter(settings, 1e6).write(batch, 0).body.toString()).toContain(`"attributes":{"v":${text}}`);
  });

  test.each([
    [{ a: 1 }, { text: undefined, structured: { a: 1 } }],
    [[1, 2], { text: '[1,2]' }],
    [7, { text: '7' }],
  ])('has the body %j as text, or as what it is', (value, body) => {
    expect(one({}, (batch) => batch.setBody(0, value))[1]['body']).toEqual(body);
  });

  test('keeps attributes that have the name of a field, and values that have parts', () => {
    const [, ecs] = one({ mapping: { mode: 'ecs' } }, (batch) => {
      batch.setAttribute(0, 'message', 'mine');
      batch.setAttribute(0, 'error', 'boom');
      batch.setAttribute(0, 'exception.type', 'X');
    });
    const [, agent] = one({ mapping: { mode: 'agent' } }, (batch) => {
      batch.setAttribute(0, 'correlation_id', 'c');
      batch.setAttribute(0, 'winnow.correlation.id', 'w');
    });

    expect(ecs).toMatchObject({ message: 'task failed', 'labels.message': 'mine', 'error.value': 'boom', 'error.type': 'X' });
    expect(agent['metadata']).toEqual({ correlation_id: 'w', 'attributes.correlation_id': 'c' });
  });

  test('keeps a value that has parts also where the name it would get is taken', () => {
    const [, ecs] = one({ mapping: { mode: 'ecs' } }, (batch) => {
      batch.setAttribute(0, 'a', 1);
      batch.setAttribute(0, 'a.b', 2);
      batch.setAttribute(0, 'a.value', 3);
    });

    expect(ecs).toMatchObject({ 'labels.a': 1, 'a.b': 2, 'a.value': 3 });
    expect(ecs).not.toHaveProperty(['a']);
  });

  test.each(['otel', 'ecs', 'agent'])('of %s takes attributes with the names that every object has', (mode) => {
    const names = ['constructor', '__proto__', 'toString'];

    const [, document] = one({ mapping: { mode } }, (batch) => {
      batch.resourceOf[0] = batch.addResource(createResource({ constructor: 'of the resource' }));
      for (const name of names) batch.setAttribute(0, name, `of ${name}`);
    });

    const text = JSON.stringify(document);
    for (const name of names) expect(text).toContain(`"${name}":"of ${name}"`);
  });

  test('has the time it was seen when it has none, or one that no calendar has', () => {
    const time = (edit: (batch: LogBatch) => void): unknown => one({}, edit)[1]['@timestamp'];

    expect(time((batch) => (batch.observedMs[0] = 1000))).toBe('1970-01-01T00:00:01.000Z');
    expect(time((batch) => (batch.timeMs[0] = 1e15))).toBe('2026-01-30T14:39:06.711Z');
  });
});

describe('the target', () => {
  const index = (
    config: object,
    attributes: Readonly<Record<string, string>> = {},
    resource: Readonly<Record<string, string>> = {},
  ): unknown =>
    one(config, (batch) => {
      batch.timeMs[0] = NOW;
      for (const [name, value] of Object.entries(attributes)) batch.setAttribute(0, name, value);
      batch.resourceOf[0] = batch.addResource(createResource(resource));
    })[0]['_index'];

  test.each([
    [{}, {}, {}, 'logs-generic.otel-default'],
    [{}, { 'data_stream.dataset': 'Nginx-Access' }, { 'data_stream.namespace': 'prod' }, 'logs-nginx_access.otel-prod'],
    [{ mapping: { mode: 'ecs' } }, {}, { 'data_stream.dataset': 'nginx' }, 'logs-nginx-default'],
    [{}, { 'elasticsearch.index': 'Mine' }, {}, 'mine'],
    [{ logs_index: 'app' }, {}, {}, 'app'],
    [{ logs_index: 'app-{resource.service.name}-{time:yyyy.MM.dd}' }, {}, { 'service.name': 'Web Shop' }, 'app-web_shop-2026.01.30'],
    [{ logs_index: 'app-{attributes.team}' }, {}, {}, 'app-unknown'],
    [{ logs_index: 'app', logstash_format: { enabled: true } }, {}, {}, 'app-2026.01.30'],
  ])('with %j, %j and %j is %s', (config, attributes, resource, name) => expect(index(config, attributes, resource)).toBe(name));

  test('says nothing of itself in the document', () => {
    const [, document] = one({}, (batch) => batch.setAttribute(0, 'elasticsearch.index', 'mine'));

    expect(document).not.toHaveProperty('attributes');
    expect(document).not.toHaveProperty('data_stream');
  });

  test('takes id and pipeline from attributes when it may', () => {
    const edit = (batch: LogBatch): void => {
      batch.setAttribute(0, 'elasticsearch.document_id', '7');
      batch.setAttribute(0, 'elasticsearch.ingest_pipeline', 'geo');
    };

    expect(one({}, edit)[0]).not.toHaveProperty('_id');
    expect(one({ logs_dynamic_id: { enabled: true }, logs_dynamic_pipeline: { enabled: true } }, edit)[0]).toMatchObject({
      _id: '7',
      pipeline: 'geo',
    });
    expect(one({ generated_ids: true }, edit)[0]).toMatchObject({ _id: 'id-1' });
  });

  test.each(['App', 'a b', '-app', 'app-{service}', 'app-{time:}', 'app*'])('is no index: %s', (name) => {
    expect(() => compileIndexName(name)).toThrow(/index|expected/);
  });

  test('knows the days of a year', () => expect(strftime('%Y-%j %H', Date.UTC(2024, 11, 31, 5))).toBe('2024-366 05'));
});

test('documents are found again in a body by their number', () => {
  const body = Buffer.from('{"create":{}}\n{"a":1}\n{"create":{}}\n{"a":2}\n{"create":{}}\n{"a":3}\n');

  expect(pickDocuments(body, new Set([0, 2])).toString()).toBe('{"create":{}}\n{"a":1}\n{"create":{}}\n{"a":3}\n');
});

test.each([
  [{ endpoints: ['http://y'] }, 'endpoint: expected one of "endpoint", "endpoints" and "cloudid", got more than one'],
  [{ endpoint: '', endpoints: ['http://y', 'z'] }, 'endpoints[1]: expected an address that begins with http:// or https://, got "z"'],
  [{ endpoint: '', cloudid: 'x:y' }, 'cloudid: expected a cloud id as the console of Elastic Cloud shows it, "name:" and base64'],
  [{ user: 'elastic' }, 'user: needs "password"'],
  [{ user: 'u', password: 'p', api_key: 'k' }, 'api_key: cannot be given together with "user"; leave one of them out'],
  [
    { headers: { 'X-Team': 'a\nb' } },
    'headers.X-Team: the value has a line break or another character that a header cannot carry; it may come from a file',
  ],
  [{ logs_index: '', logstash_format: { enabled: true } }, 'logstash_format: needs "logs_index", which the date is put behind'],
])('%j is refused', (config, problem) => {
  expect(validate(factory, { endpoint: 'http://x', ...config }).problems).toEqual([problem]);
});
