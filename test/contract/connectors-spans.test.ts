import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { Delivery, type Consumer, type Exporter, type Outcome } from '#component';
import { readJsonRequest, readSealedRequest, writeRequest } from '#otlp';
import { MetricsRegistry } from '#telemetry';
import { factory as failover } from '../../connectors/failover/index.ts';
import { factory as forward } from '../../connectors/forward/index.ts';
import { factory as roundRobin } from '../../connectors/round_robin/index.ts';
import { Statuses } from '../../src/pipeline/index.ts';
import { buildConnectorGraph } from '../helpers/connector-rig.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryStorage } from '../helpers/memory-storage.ts';
import { createTestHost } from '../helpers/test-host.ts';

const span = (n: number): object => ({
  traceId: '0102030405060708090a0b0c0d0e0f10',
  spanId: `010203040506070${n}`,
  name: `GET ${n}`,
  startTimeUnixNano: '1774000000123456789',
  attributes: [{ key: 'n', value: { intValue: '9007199254740993' } }],
});
const REQUEST = Buffer.from(
  writeRequest(
    readJsonRequest(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span(1), span(2)] }] }] })), 'traces'),
    0,
    Number.POSITIVE_INFINITY,
  ).body,
);

test.each([
  ['forward', forward, {}, 2],
  ['failover', failover, { priority_levels: [['traces/a'], ['traces/b']] }, 1],
  ['round_robin', roundRobin, {}, 1],
])('spans go through %s as the bytes they came in', async (_type, factory, config, copies) => {
  const clock = new FakeClock();
  const storage = new MemoryStorage();
  const bodies: Buffer[] = [];
  const exporter: Exporter = {
    mutates: false,
    touches: 'rows',
    start: async () => {},
    shutdown: async () => {},
    consume: async (batch) => {
      expect(batch.signal).toBe('traces');
      bodies.push(Buffer.from(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body));
      batch.settleDurable();
    },
  };
  const heads: Consumer[] = [];
  const graph = buildConnectorGraph({
    factory,
    config,
    exporters: { 'traces/a': exporter, 'traces/b': exporter },
    environment: {
      clock,
      random: () => 0,
      fs,
      log: createTestHost().log,
      metrics: new MetricsRegistry(),
      statuses: new Statuses(clock),
      storageFor: (component) => storage.client(component),
      fatal: () => {},
    },
    deadline: new AbortController().signal,
    onHead: (head) => heads.push(head),
  });
  for (const { component, host } of graph.between) await component.start(host);
  const batch = readSealedRequest(REQUEST, undefined, 'traces');
  const outcomes: Outcome[] = [];
  batch.setDelivery(new Delivery(2, 1, (outcome) => outcomes.push(outcome)));

  await heads[0]?.consume(batch);

  expect(bodies).toEqual(Array.from({ length: copies }, () => REQUEST));
  expect(outcomes).toMatchObject([{ durable: 2 }]);
});
