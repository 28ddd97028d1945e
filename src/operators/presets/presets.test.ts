import { describe, expect, test } from 'vitest';
import { type LogBatch, SeverityNumber, createResource, resourceAttributes, type Origin } from '#model';
import { Delivery } from '#component';
import { linesBatch } from '../../../test/helpers/lines-batch.ts';
import { recordOf, type SunkRecord } from '../../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../../test/helpers/test-host.ts';
import { compileOperators } from '../chain.ts';
import type { OperatorConfig } from '../config.ts';

interface Parsed extends SunkRecord {
  readonly eventName: string;
  readonly resource: Record<string, unknown>;
}

interface Given {
  readonly source?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

function batchOf(lines: readonly string[], { source = 1, attributes = {} }: Given = {}): LogBatch {
  const batch = linesBatch(lines, attributes);
  batch.setDelivery(new Delivery(lines.length, source, () => {}));
  return batch;
}

function recordsOf(batch: LogBatch): Parsed[] {
  return Array.from({ length: batch.length }, (_, row) => ({
    ...recordOf(batch, row),
    eventName: batch.eventName(row),
    resource: resourceAttributes(batch.resources[batch.resourceOf[row] as number] as Origin),
  }));
}

function parse(operator: OperatorConfig, lines: readonly string[], given: Given = {}): Parsed[] {
  const batch = batchOf(lines, given);
  const chain = compileOperators([operator], { id: 'test' });
  chain.start(createTestHost());
  chain.process(batch);
  return recordsOf(batch);
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('presets', () => {
  test('plex_plugin reads the lines of a plugin, and its name out of the file', () => {
    const [record, other] = parse(
      { type: 'preset_parser', preset: 'plex_plugin', location: 'Europe/Berlin' },
      [
        '2026-01-30 14:39:06,711 (7ae1b6527b38) :  INFO (agentkit:961) - AEBN  - Searching for matches',
        'Traceback (most recent call last):',
      ],
      { attributes: { 'log.file.name': 'com.plexapp.agents.aebn.log' } },
    );

    expect(record).toMatchObject({
      body: 'AEBN  - Searching for matches',
      timeMs: Date.UTC(2026, 0, 30, 13, 39, 6, 711),
      severity: 9,
      severityText: 'INFO',
      resource: { 'service.name': 'aebn' },
    });
    expect(record?.attributes).toMatchObject({ 'thread.id': 0x7ae1b6527b38, 'log.logger': 'agentkit', 'code.line.number': 961 });
    expect(other).toMatchObject({ body: 'Traceback (most recent call last):', timeMs: 0, severity: 0 });
  });

  test('structured_log puts all fields of its model in their places', () => {
    const [record] = parse({ type: 'preset_parser', preset: 'structured_log' }, [
      JSON.stringify({
        log_id: 'l1',
        agent_id: 'a1',
        execution_id: 'e1',
        timestamp: '2026-01-30T12:00:00.5Z',
        log_level: 'fatal',
        message: 'out of "memory"',
        service: 'billing',
        component: 'invoices',
        trace_id: TRACE,
        span_id: SPAN,
        parent_span_id: '00f067aa0ba902b7',
        context: { user_id: 'u1', workspace_id: 'w1', environment: 'prod', version: '1.2', deployment_id: 'd1' },
        metrics: { duration_ms: 12.5, memory_mb: 64, cpu_percent: 3, request_size_bytes: 10, response_size_bytes: 20 },
        error: { type: 'OOM', message: 'no memory', stack_trace: 'at x', error_code: 'E7', is_retriable: false },
        attributes: { plan: 'free', nested: { a: [1, -2, true, null] } },
      }),
    ]);

    expect(record).toMatchObject({
      body: 'out of "memory"',
      timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 500),
      severity: 21,
      traceId: TRACE,
      spanId: SPAN,
    });
    expect(record?.resource).toEqual({
      'service.name': 'billing',
      'deployment.environment.name': 'prod',
      'service.version': '1.2',
      'deployment.id': 'd1',
    });
    expect(record?.attributes).toEqual({
      'log.record.uid': 'l1',
      'gen_ai.agent.id': 'a1',
      'winnow.execution.id': 'e1',
      'winnow.component': 'invoices',
      'winnow.parent_span.id': '00f067aa0ba902b7',
      'user.id': 'u1',
      'winnow.workspace.id': 'w1',
      'winnow.duration_ms': 12.5,
      'winnow.memory_mb': 64,
      'winnow.cpu_percent': 3,
      'http.request.size': 10,
      'http.response.size': 20,
      'exception.type': 'OOM',
      'exception.message': 'no memory',
      'exception.stacktrace': 'at x',
      'winnow.error.code': 'E7',
      'winnow.error.retriable': false,
      plan: 'free',
      nested: { a: [1, -2, true, null] },
    });
  });

  test('central_json makes one text of the traceback and an event name of the type', () => {
    const [record] = parse({ type: 'preset_parser', preset: 'central_json' }, [
      JSON.stringify({
        timestamp: '2023-01-01T12:00:00.123Z',
        agent_name: 'test_agent_1',
        event_type: 'task_failed',
        severity: 'CRITICAL',
        message: 'Processing task abc123',
        metadata: {
          task_id: 'abc123',
          message: 'inner',
          correlation_id: 'c1',
          exception: { type: 'ValueError', message: 'Invalid input', traceback: ['Traceback:\n', '  File x\n', 'ValueError\n'] },
        },
      }),
    ]);

    expect(record).toMatchObject({
      body: 'Processing task abc123',
      severity: 21,
      eventName: 'task_failed',
      timeMs: Date.UTC(2023, 0, 1, 12, 0, 0, 123),
    });
    expect(record?.resource).toEqual({ 'service.name': 'test_agent_1' });
    expect(record?.attributes).toEqual({
      task_id: 'abc123',
      message: 'inner',
      'winnow.correlation.id': 'c1',
      'exception.type': 'ValueError',
      'exception.message': 'Invalid input',
      'exception.stacktrace': 'Traceback:\n  File x\nValueError',
    });
  });

  test('structlog prints tracebacks as Python does', () => {
    const [record] = parse({ type: 'preset_parser', preset: 'structlog' }, [
      JSON.stringify({
        event: 'Upload failed',
        level: 'error',
        timestamp: '2026-01-30T12:00:00.000001Z',
        logger: 'src.s3',
        stream_id: 's1',
        exception: [
          { exc_type: 'ClientError', exc_value: 'denied', frames: [{ filename: 'a.py', lineno: 3, name: 'put', line: ' put(x)' }] },
        ],
      }),
    ]);

    expect(record).toMatchObject({ body: 'Upload failed', severity: 17, timeNs: 1000 });
    expect(record?.attributes).toEqual({
      'log.logger': 'src.s3',
      stream_id: 's1',
      'exception.type': 'ClientError',
      'exception.message': 'denied',
      'exception.stacktrace': 'Traceback (most recent call last):\n  File "a.py", line 3, in put\n    put(x)\nClientError: denied',
    });
  });

  test('llm_os names models and tokens, wherever they stand', () => {
    const call = { provider: 'groq', model: 'llama3-70b', prompt_tokens: 150, completion_tokens: 80, duration_ms: 1234.5, success: true };
    const head = { timestamp: '2026-01-30T12:00:00Z', level: 'WARNING', category: 'llm', message: 'LLM call' };
    const expected = {
      'winnow.category': 'llm',
      'gen_ai.provider.name': 'groq',
      'gen_ai.request.model': 'llama3-70b',
      'gen_ai.usage.input_tokens': 150,
      'gen_ai.usage.output_tokens': 80,
      'winnow.duration_ms': 1234.5,
      'winnow.success': true,
    };

    const records = parse({ type: 'preset_parser', preset: 'llm_os' }, [
      JSON.stringify({ ...head, ...call }),
      JSON.stringify({ ...head, data: call }),
    ]);

    for (const record of records) {
      expect(record).toMatchObject({ body: 'LLM call', severity: 13 });
      expect(record.attributes).toEqual(expected);
    }
  });

  test('common_json knows what most loggers write', () => {
    const records = parse({ type: 'preset_parser', preset: 'common_json' }, [
      '{"level":30,"time":1769774400123,"pid":5,"msg":"pino","err":{"type":"E","message":"m","stack":"E: m"}}',
      `{"ts":1769774400.25,"level":"warn","msg":"zap","trace_id":"0af76519-16cd-43dd-8448-eb211c80319c"}`,
      '{"@timestamp":"2026-01-30T12:00:00.000Z","log.level":"ERROR","message":"ecs","trace_id":"none","service":{"name":"s"}}',
    ]);

    expect(records).toMatchObject([
      { body: 'pino', severity: 9, timeMs: 1_769_774_400_123, attributes: { pid: 5, 'exception.type': 'E', 'exception.message': 'm' } },
      { body: 'zap', severity: 13, timeMs: 1_769_774_400_250, traceId: TRACE },
      { body: 'ecs', severity: 17, attributes: { trace_id: 'none' }, resource: { 'service.name': 's' } },
    ]);
    expect(records[0]?.attributes['exception.stacktrace']).toBe('E: m');
  });

  test('the first of several names for one thing counts, and the others stay', () => {
    const [record] = parse({ type: 'preset_parser', preset: 'common_json' }, [
      '{"message":"a","msg":"b","time":"?","ts":"2026-01-30T12:00:00Z","level":[1]}',
    ]);

    expect(record).toMatchObject({ body: 'a', timeMs: Date.UTC(2026, 0, 30, 12), severity: 0 });
    expect(record?.attributes).toEqual({ msg: 'b', time: '?', level: [1] });
  });

  test('renaming replaces what the record had under that name', () => {
    const [record] = parse({ type: 'preset_parser', preset: 'common_json' }, ['{"log.logger":"old","logger":"new"}'], {
      attributes: { 'log.logger': 'shared', kept: 'yes' },
    });

    expect(record?.attributes).toEqual({ 'log.logger': 'new', kept: 'yes' });
  });

  test('server_error reads nginx and Apache', () => {
    const records = parse({ type: 'preset_parser', preset: 'server_error', location: 'UTC' }, [
      '2026/01/30 12:00:00 [error] 31#32: *7 open() failed, client: 10.0.0.1',
      '[Fri Jan 30 12:00:00.123456 2026] [core:notice] [pid 31:tid 99] [client 10.0.0.1:5000] AH00094: hello',
      '[Fri Jan 30 12:00:00 2026] [warn] careful',
    ]);

    expect(records).toMatchObject([
      { body: '*7 open() failed, client: 10.0.0.1', severity: 17, attributes: { 'process.pid': 31, 'thread.id': 32 } },
      {
        body: 'AH00094: hello',
        severity: 10,
        timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 123),
        timeNs: 456_000,
        attributes: { 'log.logger': 'core', 'process.pid': 31, 'thread.id': 99, 'client.address': '10.0.0.1:5000' },
      },
      { body: 'careful', severity: 13 },
    ]);
  });

  test.each([
    ['2026-01-30 12:00:00,123 ERROR [main] x', 17, true],
    ['[2026-01-30T12:00:00Z] [info] x', 9, true],
    ['2026-01-30T12:00:00.5+01:00 WARN x', 13, true],
    ['CRITICAL:root:x', 21, false],
    ['error: no such file', 17, false],
    ['2026-01-30 12:00:00 no information about an error', 0, true],
    ['just text', 0, false],
  ])('plain finds time and level: %s', (line, severity, hasTime) => {
    const [record] = parse({ type: 'preset_parser', preset: 'plain', location: 'UTC' }, [line]);

    expect(record).toMatchObject({ body: line, severity });
    expect((record?.timeMs ?? 0) > 0).toBe(hasTime);
  });
});

describe('auto', () => {
  const access = '10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 200 5 "-" "curl"';
  const lines: Readonly<Record<string, string>> = {
    access_log: access,
    container: '2026-01-30T12:00:00.123456789Z stdout F x',
    structured_log: '{"log_id":"1","agent_id":"a","log_level":"info","message":"x"}',
    central_json: '{"timestamp":"2026-01-30T12:00:00Z","agent_name":"a","event_type":"e","severity":"INFO","message":"m"}',
    structlog: '{"event":"x","level":"info","timestamp":"2026-01-30T12:00:00Z"}',
    llm_os: '{"timestamp":"2026-01-30T12:00:00Z","level":"INFO","category":"tool","message":"x"}',
    common_json: '{"level":"info","msg":"x"}',
    server_error: '2026/01/30 12:00:00 [error] 31#31: *7 x',
    plex_plugin: '2026-01-30 14:39:06,711 (7ae1b6527b38) :  INFO (agentkit:961) - AEBN  - x',
    syslog: 'Jan 30 12:00:00 host sshd[1]: x',
    common_logfmt: 'time=2026-01-30T12:00:00Z level=info msg="x y"',
    plain: '2026-01-30 12:00:00,123 INFO [main] x',
  };

  function run(host: TestHost): (batch: LogBatch) => Parsed[] {
    const chain = compileOperators([{ type: 'auto_parser', location: 'UTC' }], { id: 'test' });
    chain.start(host);
    return (batch) => {
      chain.process(batch);
      return recordsOf(batch);
    };
  }

  const found = (host: TestHost): unknown[] => host.lines.filter(({ level }) => level === 'info').map(({ facts }) => facts['format']);

  test.each(Object.entries(lines))('recognises %s', (format, line) => {
    const host = createTestHost();

    run(host)(batchOf([line, line]));

    expect(found(host)).toEqual([format]);
  });

  test.each([
    '2026-01-30T12:00:00Z ERROR payment refused',
    '2026-01-30T12:00:00.000Z ERROR shop: payment refused',
    'Jan 30 12:00:00 ERROR shop: payment refused',
    '2026-01-30T12:00:00,711 [main] ERROR com.example.Shop - payment refused',
    '2026-01-30T12:00:00Z worker ERROR: payment refused',
  ])('takes no level for a host: %s', (line) => {
    const [first] = run(createTestHost())(batchOf([line, line]));

    expect(first).toMatchObject({ severity: SeverityNumber.error });
  });

  test('takes no text for logfmt because one of its lines has pairs', () => {
    const host = createTestHost();

    const [first] = run(host)(
      batchOf(['install shell=bash editor=vi', ...Array.from({ length: 9 }, (_, i) => `Commandline: upgrade ${i}`)]),
    );

    expect(found(host)).toEqual([]);
    expect(first).not.toHaveProperty('attributes.editor');
  });

  test('finds the format of each source, and says so once', () => {
    const host = createTestHost();
    const process = run(host);

    for (let round = 0; round < 3; round++) {
      process(batchOf([access, access], { source: 1 }));
      process(batchOf([lines['common_json'] ?? ''], { source: 2, attributes: { 'log.file.path': '/a.log' } }));
      process(batchOf([lines['syslog'] ?? ''], { source: 2, attributes: { 'log.file.path': '/b.log' } }));
    }

    expect(found(host)).toEqual(['access_log', 'common_json', 'syslog']);
    expect(host.lines.map(({ facts }) => facts['source'])).toEqual(['1', '/a.log', '/b.log']);
  });

  test('changes its mind when most lines do not fit any more', () => {
    const host = createTestHost();
    const process = run(host);
    process(batchOf([access]));

    for (let i = 0; i < 30; i++) process(batchOf(Array.from({ length: 20 }, () => lines['common_json'] ?? '')));
    const [record] = process(batchOf([lines['common_json'] ?? '']));

    expect(found(host)).toEqual(['access_log', 'common_json']);
    expect(record).toMatchObject({ body: 'x', severity: 9 });
    expect(host.metric('winnow_parse_misfit_log_records')).toBeGreaterThan(100);
  });

  test('keeps a format through a stack trace', () => {
    const host = createTestHost();
    const process = run(host);
    const trace = Array.from({ length: 100 }, () => '\tat a.b(C.java:1)');

    for (let i = 0; i < 5; i++) process(batchOf([...Array.from({ length: 150 }, () => lines['syslog'] ?? ''), ...trace]));

    expect(found(host)).toEqual(['syslog']);
  });

  test('looks again at a source of which nothing was known', () => {
    const host = createTestHost();
    const process = run(host);
    process(batchOf(Array.from({ length: 100 }, () => 'banner')));
    for (let i = 0; i < 20; i++) process(batchOf([access, access]));

    expect(found(host)).toEqual(['access_log']);
  });

  test('tells senders apart by their resource', () => {
    const host = createTestHost();
    const process = run(host);
    const batch = batchOf([access, lines['common_json'] ?? '', access, lines['common_json'] ?? '']);
    const other = batch.addResource(createResource({ 'service.name': 'other' }));
    batch.resourceOf[1] = other;
    batch.resourceOf[3] = other;

    const records = process(batch);

    expect(records.map(({ severity }) => severity)).toEqual([9, 9, 9, 9]);
    expect(records.map(({ body }) => body)).toEqual([access, 'x', access, 'x']);
  });
});
