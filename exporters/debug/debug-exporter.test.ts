import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { LogBatch, createResource, createScope } from '#model';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { checkDebugConfig, type DebugConfig } from './config.ts';
import { DebugExporter, type Output } from './debug-exporter.ts';

const NEVER = new AbortController().signal;

const DEFAULTS: DebugConfig = {
  verbosity: 'basic',
  sampling_initial: 2,
  sampling_thereafter: 1,
  output_paths: ['stdout'],
  use_internal_logger: true,
  sending_queue: {},
};

function batchOf(...bodies: string[]): LogBatch {
  const batch = new LogBatch();
  for (const body of bodies) batch.setBody(batch.addRow(0, 0, 0), body);
  return batch;
}

class Page extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function started<Of extends Output = Page>(config: Partial<DebugConfig> = {}, output: Of = new Page() as unknown as Of) {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const exporter = new DebugExporter({ ...DEFAULTS, ...config }, { id: 'debug' }, output);
  await exporter.start(host);
  const send = async (batch: LogBatch) => {
    const { outcome } = deliver(batch);
    await exporter.consume(batch);
    return outcome;
  };
  return { clock, host, output, exporter, send, stop: () => exporter.shutdown(NEVER) };
}

describe('what is printed', () => {
  test('basic: a line per batch', async () => {
    const { output, send } = await started();
    const batch = batchOf('a', 'b', 'c');
    batch.resourceOf[1] = batch.addResource(createResource({ a: 1 }));

    expect((await send(batch)).durable).toBe(3);

    expect(output.text).toBe('2026-01-30T12:00:00.000Z debug: 3 log records, 2 resources\n');
  });

  test('normal: a line per record, whatever the record says', async () => {
    const { output, send } = await started({ verbosity: 'normal' });
    const batch = batchOf('two\nlines \u001b[2Jand an escape', 'plain');
    batch.timeMs[0] = Date.UTC(2026, 0, 30, 14, 39, 6, 711);
    batch.severity[0] = 17;
    batch.setAttribute(0, 'user.id', 'ann');
    batch.setAttribute(0, 'text', 'a b');
    batch.setAttribute(0, 'list', [1, 'x']);

    await send(batch);

    expect(output.text).toBe(
      '2026-01-30T14:39:06.711Z ERROR two\\nlines \\u001b[2Jand an escape user.id=ann text="a b" list=[1,"x"]\n' +
        '1970-01-01T00:00:00.000Z       plain\n',
    );
  });

  test.each([{ verbosity: 'detailed' as const }, { loglevel: 'debug' }])('%j: every field, as the Collector words it', async (config) => {
    const { output, send } = await started(config);
    const batch = batchOf('This is a log message', 'second');
    const row = 0;
    batch.resourceOf[0] = batch.resourceOf[1] = batch.addResource(createResource({ 'resource-attr': 'resource-attr-val-1' }));
    batch.scopeOf[0] = batch.addScope(createScope('lib', '1.0'));
    batch.timeMs[row] = Date.UTC(2020, 1, 11, 20, 26, 13);
    batch.timeNs[row] = 789;
    batch.severity[row] = 9;
    batch.setSeverityText(row, 'Info');
    batch.setAttribute(row, 'app', 'server');
    batch.setAttribute(row, 'instance_num', 1);
    batch.traceIdColumn().set(Buffer.from('08040201000000000000000000000000', 'hex'));
    batch.spanIdColumn().set(Buffer.from('0102040800000000', 'hex'));

    await send(batch);

    expect(output.text).toBe(`ResourceLog #0
Resource SchemaURL: 
Resource attributes:
     -> resource-attr: Str(resource-attr-val-1)
ScopeLogs #0
ScopeLogs SchemaURL: 
InstrumentationScope lib 1.0
LogRecord #0
ObservedTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 2020-02-11 20:26:13.000000789 +0000 UTC
SeverityText: Info
SeverityNumber: Info(9)
Body: Str(This is a log message)
Attributes:
     -> app: Str(server)
     -> instance_num: Int(1)
Trace ID: 08040201000000000000000000000000
Span ID: 0102040800000000
Flags: 0
ScopeLogs #1
ScopeLogs SchemaURL: 
InstrumentationScope  
LogRecord #0
ObservedTimestamp: 1970-01-01 00:00:00 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
SeverityText: 
SeverityNumber: Unspecified(0)
Body: Str(second)
Trace ID: 
Span ID: 
Flags: 0
`);
  });

  test('colours only on a terminal', async () => {
    const { output, send } = await started({ verbosity: 'normal' });

    await send(batchOf('a'));

    expect(output.text).not.toContain('\u001b');
  });

  test('dropped records are passed over', async () => {
    const { output, exporter } = await started({ verbosity: 'normal' });
    const batch = batchOf('a', 'b');
    deliver(batch);
    batch.drop(0, 'test');

    await exporter.consume(batch);

    expect(output.text).not.toContain(' a\n');
  });
});

test('sampling leaves out text, never responsibility', async () => {
  const { output, send, clock, host } = await started({ sampling_initial: 2, sampling_thereafter: 3 });

  for (let i = 0; i < 8; i++) expect((await send(batchOf('x'))).durable).toBe(1);
  expect(output.text.match(/\n/g)).toHaveLength(4);
  await clock.advance(1000);
  await send(batchOf('x'));

  expect(output.text.match(/\n/g)).toHaveLength(5);
  expect(host.metric('otelcol_exporter_sent_log_records')).toBe(9);
});

describe('the output', () => {
  test('that takes nothing makes the caller wait', async () => {
    const pipe = new PassThrough({ highWaterMark: 1, readableHighWaterMark: 1 });
    const { exporter } = await started({}, pipe);
    const first = batchOf('a');
    const second = batchOf('b');
    deliver(first);
    deliver(second);
    let taken = 0;

    const all = [first, second].map((batch) => exporter.consume(batch).then(() => taken++));
    await settleMicrotasks();
    expect(taken).toBe(0);
    pipe.resume();
    await Promise.all(all);

    expect(taken).toBe(2);
  });

  test('that is gone: records are dropped and counted, the process lives', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) });
    const { send, host } = await started({}, broken);

    expect((await send(batchOf('a', 'b'))).dropped).toEqual(new Map([['output_closed', 2]]));
    expect((await send(batchOf('c'))).dropped).toEqual(new Map([['output_closed', 1]]));

    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});

test('shutdown twice, and without start, leaves no listener', async () => {
  const { output, exporter, stop } = await started();

  await stop();
  await stop();
  await new DebugExporter(DEFAULTS, { id: 'debug' }, output).shutdown(NEVER);

  expect(output.listenerCount('error')).toBe(0);
  await expect(exporter.consume(batchOf('late'))).rejects.toThrow('not running');
});

test('an output path that is a file is refused', () => {
  expect(checkDebugConfig({ ...DEFAULTS, output_paths: ['/tmp/out.log'] })).toHaveLength(1);
});
