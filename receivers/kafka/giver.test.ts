import { beforeEach, expect, test } from 'vitest';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { Fetched } from './client.ts';
import type { Encoding } from './config.ts';
import { Giver } from './giver.ts';
import { Partition } from './partition.ts';

const forever = new AbortController().signal;
let host: TestHost;
let sink: LogsSink;
let partition: Partition;

beforeEach(() => {
  host = createTestHost({ clock: new FakeClock() });
  sink = new LogsSink();
  partition = new Partition('logs', 0, 10);
});

function create(encoding: Encoding = 'text', bytesMax: number = 10): Giver {
  return new Giver({ id: 'kafka', encoding, bytesMax, next: sink, host, deadline: forever });
}

/** An answer with these texts from an offset on; `end` is behind the last unless the broker has left some out. */
function fetched(from: number, texts: readonly string[], end: number = from + texts.length): Fetched {
  const messages = texts.map((text, i) => ({ offset: from + i, timestampMs: 0, value: Buffer.from(text) }));
  return { topic: 'logs', index: 0, messages, end, partitionEnd: 100 };
}

test('what is read moves on at once, what is safe when it is settled', async () => {
  const giver = create();
  sink.mode = 'keep';

  await giver.give(partition, fetched(10, ['a', 'b']), 10);
  expect([sink.bodies, partition.position, partition.safe, giver.unsettled]).toEqual([['a', 'b'], 12, 10, 1]);
  sink.release();

  expect([partition.safe, partition.lag, giver.unsettled]).toEqual([12, 88, 0]);
});

test('messages before the place that was asked for are left out, and a gap behind the last is passed', async () => {
  const giver = create();

  await giver.give(partition, fetched(8, ['old', 'older', 'new'], 20), 10);

  expect([sink.bodies, partition.position, partition.safe]).toEqual([['new'], 20, 20]);
});

test('nothing is given of a partition that went to another member, or that is read from elsewhere', async () => {
  const giver = create();
  partition.isOurs = false;
  await giver.give(partition, fetched(10, ['a']), 10);
  partition.isOurs = true;
  partition.moveTo(50);
  await giver.give(partition, fetched(10, ['a'], 20), 10);

  expect([sink.bodies, partition.position]).toEqual([[], 50]);
});

test('what the pipeline gives up is read again from what is safe', async () => {
  const giver = create();
  sink.mode = 'keep';
  await giver.give(partition, fetched(10, ['a']), 10);
  await giver.give(partition, fetched(11, ['b']), 11);
  sink.release(1);

  sink.release(1, false);

  expect([partition.position, partition.safe, giver.unsettled]).toEqual([11, 11, 0]);
  expect(host.metric('winnow_kafka_rewinds')).toBe(1);
  expect(host.lines.at(-1)).toMatchObject({ level: 'warn', facts: { topic: 'logs', partition: 0, offset: 11 } });
});

test('there is room until as many bytes as allowed are neither delivered nor on disk', async () => {
  const giver = create('text', 10);
  sink.mode = 'keep';
  await giver.give(partition, fetched(10, ['123456789']), 10);
  await giver.room(forever);
  await giver.give(partition, fetched(11, ['0']), 11);
  let hasRoom = false;
  void giver.room(forever).then(() => (hasRoom = true));
  await settleMicrotasks();
  expect(hasRoom).toBe(false);
  expect(host.metric('winnow_receiver_unsettled_bytes')).toBe(10);

  sink.release(1);
  await settleMicrotasks();

  expect(hasRoom).toBe(true);
});

test('who waits for room or quiet is let go when the signal aborts', async () => {
  const giver = create('text', 1);
  sink.mode = 'keep';
  await giver.give(partition, fetched(10, ['a']), 10);
  const stop = new AbortController();

  const waiting = Promise.all([giver.room(stop.signal), giver.quiet(stop.signal)]);
  await settleMicrotasks();
  stop.abort();

  await expect(waiting).resolves.toHaveLength(2);
});

test('it is quiet when everything that was given is settled', async () => {
  const giver = create();
  sink.mode = 'keep';
  await giver.give(partition, fetched(10, ['a']), 10);
  let isQuiet = false;
  void giver.quiet(forever).then(() => (isQuiet = true));
  await settleMicrotasks();
  expect(isQuiet).toBe(false);

  sink.release();
  await settleMicrotasks();

  expect(isQuiet).toBe(true);
});

test('a message that cannot be read is told, counted and passed', async () => {
  const giver = create('otlp_proto');

  await giver.give(partition, fetched(10, ['no protobuf']), 10);

  expect([sink.bodies, partition.position, partition.safe]).toEqual([[], 11, 11]);
  expect(host.metric('winnow_kafka_unreadable_messages')).toBe(1);
  expect(host.lines).toMatchObject([{ level: 'error', facts: { offset: 10, encoding: 'otlp_proto' } }]);
});
