import { PassThrough, type Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { StdinConfig } from './config.ts';
import { StdinReceiver } from './stdin.ts';

const CONFIG: StdinConfig = {
  on_end: 'stop_agent',
  max_log_size: '1MiB',
  attributes: {},
  resource: {},
  operators: [],
  flush_interval: '100ms',
  max_batch_records: 1000,
  max_batch_size: '1MiB',
};

interface Rig {
  readonly receiver: StdinReceiver;
  readonly input: PassThrough;
  readonly sink: LogsSink;
  readonly clock: FakeClock;
  readonly host: TestHost;
  readonly stops: () => number;
}

async function start(config: Partial<StdinConfig> = {}, mode: LogsSink['mode'] = 'durable'): Promise<Rig> {
  const input = new PassThrough();
  const sink = new LogsSink();
  sink.mode = mode;
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  let stops = 0;
  const io = { input: (): Readable => input, stopAgent: (): void => void stops++ };
  const receiver = new StdinReceiver({ ...CONFIG, ...config }, { id: 'stdin' }, sink, io);
  await receiver.start(host);
  return { receiver, input, sink, clock, host, stops: () => stops };
}

const unhurried = (): AbortSignal => new AbortController().signal;

test('makes a record of each line, and of the last one without its end', async () => {
  const { input, sink, clock } = await start({ attributes: { from: 'pipe' } });

  input.write('one\ntw');
  input.write('o\r\n\n');
  input.end('three');
  await clock.advance(200);

  expect(sink.bodies).toEqual(['one', 'two', 'three']);
  expect(sink.records[0]?.attributes).toEqual({ from: 'pipe' });
});

test('the operators see each record', async () => {
  const { input, sink, clock } = await start({ operators: [{ type: 'json_parser' }] });

  input.end('{"a":1}\n');
  await clock.advance(200);

  expect(sink.records[0]?.attributes).toEqual({ a: 1 });
});

test('the end of the input stops the agent once every record is settled, and not before', async () => {
  const { input, sink, clock, stops } = await start({ max_batch_records: 1 }, 'keep');
  input.end('one\ntwo\n');
  await clock.advance(10_000);
  expect(sink.bodies).toEqual(['one', 'two']);
  expect(stops()).toBe(0);

  sink.release(1);
  await clock.advance(1000);
  expect(stops()).toBe(0);
  sink.release(1);
  await clock.advance(0);

  expect(stops()).toBe(1);
});

test('with on_end "wait" the agent goes on', async () => {
  const { input, host, clock, stops } = await start({ on_end: 'wait' });

  input.end('one\n');
  await clock.advance(1000);

  expect(stops()).toBe(0);
  expect(host.lines.map(({ message }) => message)).toEqual(['Standard input has ended, and every record of it is settled.']);
});

test('an input without a line stops the agent, too', async () => {
  const { input, clock, stops } = await start();

  input.end();
  await clock.advance(0);

  expect(stops()).toBe(1);
});

test('the program before the pipe has to wait while the pipeline takes nothing, and nothing is lost', async () => {
  const { input, sink, clock } = await start({ max_batch_records: 10 });
  sink.isRefusing = true;
  const line = `${'x'.repeat(99)}\n`;
  let written = 1;
  for (; written < 10_000 && input.write(line); written++) await clock.advance(0);
  // What the pipe of the test holds at its two ends, two batches, and the chunk in work.
  const held = (input.readableHighWaterMark + input.writableHighWaterMark) / line.length + 2 * 10 + 2;
  expect(written).toBeLessThan(held);

  sink.isRefusing = false;
  input.end();
  await clock.advance(100_000);

  expect(sink.records).toHaveLength(written);
});

test('shutdown gives away what was read, and takes no more', async () => {
  const { receiver, input, sink, clock, stops } = await start();
  input.write('one\ntwo');
  await clock.advance(0);

  await receiver.shutdown(unhurried());
  input.write(' more\n');
  await clock.advance(1000);

  expect(sink.bodies).toEqual(['one', 'two']);
  expect(stops()).toBe(0);
});

test('what the pipeline gives up is counted as lost, and the agent stops all the same', async () => {
  const { input, host, clock, stops } = await start({}, 'abandon');

  input.end('one\ntwo\n');
  await clock.advance(1000);

  expect(host.metric('winnow_stdin_lost_log_records')).toBe(2);
  expect(stops()).toBe(1);
});

test('an error of the input is told, and ends it', async () => {
  const { input, host, sink, clock, stops } = await start();
  input.write('one\n');
  await clock.advance(0);

  input.destroy(new Error('EIO'));
  await clock.advance(1000);

  expect(sink.bodies).toEqual(['one']);
  expect(host.lines.some(({ level }) => level === 'error')).toBe(true);
  expect(stops()).toBe(1);
});
