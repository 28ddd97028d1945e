import { Ajv } from 'ajv';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ValueType, createResource, type LogBatch } from '#model';
import { readJsonRequest, readRequest } from '#otlp';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { KafkaCode, KafkaDouble } from '../../test/helpers/kafka-double.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import type { KafkaExporterConfig } from './config.ts';

const validate = new Ajv({ useDefaults: true, strict: false }).compile<KafkaExporterConfig>(factory.schema);

let broker: KafkaDouble;
let address = '';
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  broker = new KafkaDouble();
  address = await broker.listen();
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await broker.close();
});

async function start(given: object = {}) {
  const retry = { initial_interval: '20ms', max_interval: '50ms' };
  const config: unknown = structuredClone({ brokers: [address], retry_on_failure: retry, ...given });
  if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
  const host: TestHost = createTestHost({ clock: systemClock });
  const exporter = factory.create(config, { id: 'kafka/test' });
  await exporter.start(host);
  stops.push(() => exporter.shutdown(AbortSignal.timeout(2000)));
  return { exporter, host };
}

function rowsOf(bodies: readonly string[], resourceOf: (row: number) => number = () => 0): LogBatch {
  const batch = batchOf(bodies);
  for (let row = 0; row < bodies.length; row++) {
    const number = resourceOf(row);
    if (number > 0) batch.resourceOf[row] = batch.addResource(resources[number] ?? createResource({}));
  }
  return batch;
}

const resources = Array.from({ length: 10 }, (_, i) => createResource({ 'service.name': `service ${i}`, team: `team-${i % 2}` }));

function bodiesTaken(): string[][] {
  return broker.messages.map(({ value }) => {
    const batch = readRequest(value);
    return Array.from({ length: batch.length }, (_, row) => batch.bodyText(row));
  });
}

test('a batch of one source is one message, settled when it is acknowledged', async () => {
  const { exporter } = await start();
  const batch = rowsOf(['a', 'b', 'c']);
  const { outcome } = deliver(batch);

  await exporter.consume(batch);

  expect(await outcome).toMatchObject({ durable: 3, abandoned: 0 });
  expect(bodiesTaken()).toEqual([['a', 'b', 'c']]);
  expect(broker.messages[0]).toMatchObject({ topic: 'otlp_logs', key: expect.stringMatching(/^[0-9a-f]{16}$/) });
});

test('each source has its key, and stays in order', async () => {
  const { exporter } = await start();
  const bodies = Array.from({ length: 40 }, (_, i) => `${i % 4} ${i}`);
  const batch = rowsOf(bodies, (row) => 1 + (row % 4));
  batch.drop(5, 'not wanted');
  const { outcome } = deliver(batch);

  await exporter.consume(batch);
  await outcome;

  const wanted = [0, 1, 2, 3].map((source) => bodies.filter((body, i) => i !== 5 && body.startsWith(`${source} `)));
  expect(bodiesTaken()).toEqual(expect.arrayContaining(wanted));
  expect(broker.messages).toHaveLength(wanted.length);
  expect(new Set(broker.messages.map(({ key }) => key)).size).toBe(4);
});

test('the key of a source is the same in the next life, and another from another agent', async () => {
  const send = async (host?: TestHost): Promise<TestHost> => {
    const started = await start();
    const batch = rowsOf(['a'], () => 1);
    const { outcome } = deliver(batch);
    if (host) {
      const again = factory.create(configOf(), { id: 'kafka/test' });
      await again.start(host);
      stops.push(() => again.shutdown(AbortSignal.timeout(2000)));
      await again.consume(batch);
    } else await started.exporter.consume(batch);
    await outcome;
    return started.host;
  };
  const host = await send();
  await send(host);
  const other = createTestHost({ clock: systemClock, random: () => 0.7 });
  await send(other);

  const [first, second, third] = broker.messages.map(({ key }) => key);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

function configOf(): KafkaExporterConfig {
  const config: unknown = { brokers: [address] };
  if (!validate(config)) throw new Error('the defaults are valid');
  return config;
}

test('a resource has one key from every agent when asked for', async () => {
  const keys = [];
  for (const random of [0.1, 0.9]) {
    const config: unknown = { brokers: [address], partition_logs_by_resource_attributes: true };
    if (!validate(config)) throw new Error('valid');
    const exporter = factory.create(config, { id: 'kafka/test' });
    await exporter.start(createTestHost({ clock: systemClock, random: () => random }));
    const batch = rowsOf(['a'], () => 1);
    const { outcome } = deliver(batch);
    await exporter.consume(batch);
    await outcome;
    await exporter.shutdown(AbortSignal.timeout(2000));
    keys.push(broker.messages.at(-1)?.key);
  }

  expect(keys[0]).toBe(keys[1]);
});

test('a trace has its id as key; the topic may be named by the resource', async () => {
  const { exporter } = await start({ partition_by: 'trace_id', topic_from_attribute: 'team' });
  const batch = rowsOf(['a', 'b', 'c'], (row) => [1, 2, 2][row] ?? 0);
  batch.traceIdColumn().fill(0xab, 16, 32);
  const { outcome } = deliver(batch);

  await exporter.consume(batch);
  await outcome;

  const said = broker.messages.map(({ topic, key, value }) => [topic, key?.length, readRequest(value).bodyText(0)]);
  expect(said).toHaveLength(3);
  expect(said).toEqual(
    expect.arrayContaining([
      ['team-0', 32, 'b'],
      ['team-0', 16, 'c'],
      ['team-1', 16, 'a'],
    ]),
  );
  expect(broker.messages.find(({ key }) => key?.length === 32)?.key).toBe('ab'.repeat(16));
});

test('raw sends each body by itself, JSON sends OTLP in JSON', async () => {
  const raw = await start({ encoding: 'raw' });
  const batch = rowsOf(['a line', '']);
  batch.addRow(ValueType.none, 0, 0);
  batch.setBody(1, { level: 'info' });
  const first = deliver(batch);
  await raw.exporter.consume(batch);
  await first.outcome;
  expect(broker.messages.map(({ value }) => value.toString())).toEqual(['a line', '{"level":"info"}', '']);

  const json = await start({ logs: { topic: 'json', encoding: 'otlp_json' } });
  const other = rowsOf(['a', 'b']);
  const second = deliver(other);
  await json.exporter.consume(other);
  await second.outcome;
  expect(readJsonRequest(broker.messages.at(-1)?.value ?? Buffer.alloc(0)).length).toBe(2);
});

test('what one partition refuses for now is sent again, what others took is not', async () => {
  const { exporter } = await start();
  let refusals = 3;
  broker.answer = (_topic, partition) => (partition === 0 && refusals-- > 0 ? KafkaCode.notEnoughReplicas : KafkaCode.none);
  const bodies = Array.from({ length: 90 }, (_, i) => `row ${i}`);
  const batch = rowsOf(bodies, (row) => 1 + (row % 9));
  const { outcome } = deliver(batch);

  await exporter.consume(batch);

  expect(await outcome).toMatchObject({ durable: 90 });
  expect(bodiesTaken().flat().toSorted()).toEqual(bodies.toSorted());
  expect(new Set(broker.messages.map(({ partition }) => partition)).size).toBeGreaterThan(1);
});

test('a message that is too large is halved; a record that is goes to the dead letters', async () => {
  const { exporter, host } = await start();
  broker.answer = (_topic, _partition, messages) =>
    messages.some(({ value }) => value.length > 2000) ? KafkaCode.tooLarge : KafkaCode.none;
  const bodies = Array.from({ length: 50 }, (_, i) => `row ${i} `.padEnd(i === 17 ? 3000 : 200, 'x'));
  const batch = rowsOf(bodies);
  const { outcome } = deliver(batch);

  await exporter.consume(batch);

  expect(await outcome).toMatchObject({ durable: 49, dropped: new Map([['refused_by_backend', 1]]) });
  expect(bodiesTaken().flat()).toEqual(bodies.filter((_, i) => i !== 17));
  expect(host.lines.some(({ level }) => level === 'error' || level === 'warn')).toBe(true);
});

test('a topic that may not be written to is a fault of the destination: everything is held', async () => {
  const { exporter, host } = await start();
  broker.answer = () => KafkaCode.denied;
  const batch = rowsOf(['a']);
  const { outcome } = deliver(batch);
  await exporter.consume(batch);
  await expect
    .poll(() => host.reported.at(-1))
    .toMatchObject({ status: 'permanent', message: expect.stringContaining('have the right granted') });

  broker.answer = () => KafkaCode.none;

  expect(await outcome).toMatchObject({ durable: 1 });
});

test('nobody there: the agent starts, and sends when somebody comes', async () => {
  await broker.close();
  const { exporter, host } = await start({ retry_on_failure: { initial_interval: '50ms', max_interval: '100ms' } });
  const batch = rowsOf(['a']);
  const { outcome } = deliver(batch);
  await exporter.consume(batch);
  await expect.poll(() => host.reported.at(-1)?.status, { timeout: 5000 }).toBe('recoverable');
  expect(host.reported.at(-1)?.message).toContain('ECONNREFUSED');

  await exporter.shutdown(AbortSignal.abort());

  expect(await outcome).toMatchObject({ abandoned: 1 });
});
