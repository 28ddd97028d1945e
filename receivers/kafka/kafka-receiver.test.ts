import { Ajv } from 'ajv';
import { Producer } from '@platformatic/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Receiver } from '#component';
import { writeJsonRequest, writeRequest } from '#otlp';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { hasKafka, KafkaCluster } from '../../test/helpers/kafka-cluster.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { batchOf, sequence } from '../../test/helpers/otlp-exporter.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { KafkaReceiverConfig } from './config.ts';
import { factory } from './index.ts';

const validate = new Ajv({ useDefaults: true, strict: false }).compile<KafkaReceiverConfig>(factory.schema);
const PARTITIONS = 4;
const WAIT = { timeout: 15_000, interval: 50 };

describe.skipIf(!hasKafka)('with a real broker', () => {
  let cluster: KafkaCluster;
  let producer: Producer;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    producer = new Producer({ clientId: 'test', bootstrapBrokers: cluster.brokers, retries: 5, retryDelay: 200 });
  }, 90_000);

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  afterAll(async () => {
    await producer?.close();
    await cluster?.stop();
  });

  interface Member {
    readonly receiver: Receiver;
    readonly sink: LogsSink;
    readonly host: TestHost;
    stop(): Promise<void>;
  }

  async function join(topic: string, given: object = {}, sink: LogsSink = new LogsSink()): Promise<Member> {
    const config: unknown = {
      brokers: cluster.brokers,
      group_id: `group-${topic}`,
      logs: { topics: [topic] },
      session_timeout: '6s',
      heartbeat_interval: '300ms',
      rebalance_timeout: '10s',
      autocommit: { interval: '200ms' },
      ...given,
    };
    if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
    const host = createTestHost({ clock: systemClock });
    const receiver = factory.create(config, { id: 'kafka/test' }, sink);
    await receiver.start(host);
    const stop = (): Promise<void> => receiver.shutdown(AbortSignal.timeout(5000));
    stops.push(stop);
    return { receiver, sink, host, stop };
  }

  const partitionsOf = ({ host }: Member): number => host.metric('winnow_kafka_partitions');

  async function send(topic: string, values: readonly Buffer[]): Promise<void> {
    // One by one: the library repeats a request as a whole when one partition of it is not ready.
    for (const [i, value] of values.entries()) await producer.send({ messages: [{ topic, value, partition: i % PARTITIONS }], acks: -1 });
  }

  const otlp = (bodies: readonly string[]): Buffer => writeRequest(batchOf(bodies), 0, Number.POSITIVE_INFINITY).body;

  test('reads what was there before it came, once, and goes on from there', async () => {
    const topic = await cluster.createTopic(PARTITIONS);
    await send(topic, [otlp(['a', 'b']), otlp(['c'])]);
    const first = await join(topic);
    await expect.poll(() => first.sink.bodies.map(String).toSorted(), WAIT).toEqual(['a', 'b', 'c']);
    await first.stop();

    await send(topic, [otlp(['d'])]);
    const second = await join(topic);

    await expect.poll(() => second.sink.bodies, WAIT).toEqual(['d']);
    expect(second.host.metric('winnow_kafka_lag_messages')).toBe(0);
  });

  test.each([
    ['otlp_json', writeJsonRequest(batchOf(['ä', 'b']), 0, Number.POSITIVE_INFINITY).body, ['ä', 'b']],
    ['text', Buffer.from('{"any":"thing"}'), ['{"any":"thing"}']],
    ['raw', Buffer.from([0xff, 0]), [new Uint8Array([0xff, 0])]],
  ])('understands %s', async (encoding, value, bodies) => {
    const topic = await cluster.createTopic(PARTITIONS);
    await send(topic, [value]);

    const { sink } = await join(topic, { encoding });

    await expect.poll(() => sink.bodies, WAIT).toEqual(bodies);
  });

  test('a message that cannot be read is told, counted and passed over', async () => {
    const topic = await cluster.createTopic(1);
    await producer.send({ messages: [otlp(['a']), Buffer.from('nonsense'), otlp(['b'])].map((value) => ({ topic, value })), acks: -1 });

    const { sink, host } = await join(topic);

    await expect.poll(() => sink.bodies, WAIT).toEqual(['a', 'b']);
    expect(host.metric('winnow_kafka_unreadable_messages')).toBe(1);
    expect(host.lines.find(({ level }) => level === 'error')?.facts).toMatchObject({ topic, partition: 0, offset: 1 });
  });

  test('what the pipeline gives up comes again, and what it never settled comes to the next member', async () => {
    const topic = await cluster.createTopic(1);
    await producer.send({ messages: ['a', 'b', 'c'].map((body) => ({ topic, value: otlp([body]) })), acks: -1 });
    const sink = new LogsSink();
    sink.mode = 'keep';
    const first = await join(topic, {}, sink);
    await expect.poll(() => sink.bodies, WAIT).toEqual(['a', 'b', 'c']);
    sink.release(1);
    sink.release(1, false);
    await expect.poll(() => sink.bodies, WAIT).toEqual(['a', 'b', 'c', 'b', 'c']);
    sink.release(1);
    await first.stop();

    const second = await join(topic);

    await expect.poll(() => second.sink.bodies, WAIT).toEqual(['b', 'c']);
  });

  test('nothing more is fetched while too much is neither delivered nor on disk', async () => {
    const topic = await cluster.createTopic(1);
    const sink = new LogsSink();
    sink.mode = 'keep';
    const { host } = await join(topic, { max_unsettled_bytes: 1000, max_partition_fetch_size: 1000 }, sink);
    for (let i = 0; i < 20; i++) await producer.send({ messages: [{ topic, value: otlp(sequence(i, i + 1, 400)) }], acks: -1 });
    await expect.poll(() => sink.records.length, WAIT).toBeGreaterThan(1);

    expect(host.metric('winnow_receiver_unsettled_bytes')).toBeLessThan(3000);
    sink.mode = 'durable';
    sink.release();

    await expect.poll(() => sink.records.length, WAIT).toBe(20);
  });

  test('two of a group share the partitions; what one leaves behind unsettled comes to another', async () => {
    const topic = await cluster.createTopic(PARTITIONS);
    const first = await join(topic);
    const second = await join(topic);
    await expect.poll(() => [partitionsOf(first), partitionsOf(second)], WAIT).toEqual([2, 2]);
    // From here on the second one takes and settles nothing, as one that hangs would.
    second.sink.mode = 'keep';
    const bodies = sequence(0, 400, 20);
    for (let i = 0; i < 400; i += 20)
      await send(
        topic,
        bodies.slice(i, i + 20).map((body) => otlp([body])),
      );
    await expect.poll(() => first.sink.records.length + second.sink.records.length, WAIT).toBe(400);
    const held = second.sink.records.length;

    const third = await join(topic);
    await second.stop();
    await expect.poll(() => partitionsOf(first) + partitionsOf(third), WAIT).toBe(PARTITIONS);

    await expect.poll(() => new Set([...first.sink.bodies, ...third.sink.bodies]).size, WAIT).toBe(400);
    expect(held).toBeGreaterThan(100);
  });

  test('a broker that dies and comes back: the member goes on where it was', async ({ skip }) => {
    if (!cluster.isOurs) skip();
    const topic = await cluster.createTopic(PARTITIONS);
    const member = await join(topic);
    await send(
      topic,
      ['a', 'b', 'c', 'd'].map((body) => otlp([body])),
    );
    await expect.poll(() => member.sink.bodies.map(String).toSorted(), WAIT).toEqual(['a', 'b', 'c', 'd']);

    await cluster.kill();
    await expect.poll(() => member.host.reported.at(-1)?.status, WAIT).toBe('recoverable');
    await cluster.up();
    await send(
      topic,
      ['e', 'f', 'g', 'h'].map((body) => otlp([body])),
    );

    await expect.poll(() => new Set(member.sink.bodies).size, { timeout: 40_000 }).toBe(8);
    await expect.poll(() => member.host.reported.at(-1)?.status, WAIT).toBe('ok');
    expect(member.host.fatals).toEqual([]);
  }, 90_000);
});
