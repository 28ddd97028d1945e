/**
 * Two agents, a topic, two gateways, a backend: the configurations of config/ as they stand, as processes, with a real
 * broker. While log files grow, a gateway and an agent are killed and started again.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Ajv } from 'ajv';
import { factory } from '../../exporters/kafka/index.ts';
import type { KafkaExporterConfig } from '../../exporters/kafka/config.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { hasKafka, KafkaCluster } from '../helpers/kafka-cluster.ts';
import { deliver } from '../helpers/logs-sink.ts';
import { batchOf } from '../helpers/otlp-exporter.ts';
import { createTestHost } from '../helpers/test-host.ts';
import { startSequenceSink, type SequenceSink } from '../helpers/sequence-sink.ts';

const folders = resolve(import.meta.dirname, '../../config');
const PARTITIONS = 6;
const FILES = 4;
const LINES_PER_FILE = Number(process.env['KAFKA_LINES'] ?? 10_000);
const LINES = FILES * LINES_PER_FILE;

describe.skipIf(!hasKafka)('agents, Kafka, gateways', () => {
  let cluster: KafkaCluster;
  let sink: SequenceSink;
  const agents: Agent[] = [];
  const made: string[] = [];

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    sink = await startSequenceSink({ linesPerFile: LINES_PER_FILE });
  }, 90_000);

  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.stop('SIGKILL');
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  afterAll(async () => {
    sink?.stop();
    await cluster?.stop();
  });

  function create(name: 'kafka-agent' | 'kafka-gateway', topic: string): { readonly folder: string; readonly agent: Agent } {
    const folder = createFolder();
    mkdirSync(join(folder, 'logs'));
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    const config = readFileSync(join(folders, `${name}.yaml`), 'utf8').replace(/include: .*/, `include: ['${folder}/logs/*.log']`);
    const env = {
      KAFKA_BROKERS: cluster.brokers.join(','),
      KAFKA_TOPIC: topic,
      KAFKA_GROUP: `group-${topic}`,
      OTLP_ENDPOINT: sink.endpoint,
      STATE_DIRECTORY: join(folder, 'state'),
      PROM_PORT: '0',
    };
    const agent = new Agent({ folder, config, env });
    agents.push(agent);
    made.push(folder);
    agent.start();
    return { folder, agent };
  }

  test('a topic that is not there is told; once it is there, what was held goes', { timeout: 60_000 }, async () => {
    const validate = new Ajv({ useDefaults: true, strict: false }).compile<KafkaExporterConfig>(factory.schema);
    const topic = `winnow-later-${process.pid}-${Date.now()}`;
    const config: unknown = {
      brokers: cluster.brokers,
      logs: { topic },
      producer: { allow_auto_topic_creation: false },
      retry_on_failure: { initial_interval: '200ms', max_interval: '500ms' },
    };
    if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
    const host = createTestHost({ clock: systemClock });
    const exporter = factory.create(config, { id: 'kafka' });
    await exporter.start(host);
    const batch = batchOf(['a']);
    const { outcome } = deliver(batch);
    await exporter.consume(batch);
    const told = { status: 'permanent', message: expect.stringContaining('there is no such topic') };
    await expect.poll(() => host.reported.at(-1), { timeout: 20_000 }).toMatchObject(told);

    await cluster.createTopic(1, topic);

    expect(await outcome).toMatchObject({ durable: 1 });
    await exporter.shutdown(AbortSignal.timeout(2000));
  });

  test(
    'nothing is lost and every file stays in order, also when a gateway and an agent are killed',
    { timeout: 150_000, retry: 0 },
    async () => {
      const topic = await cluster.createTopic(PARTITIONS);
      const gateways = [create('kafka-gateway', topic), create('kafka-gateway', topic)];
      const sources = [create('kafka-agent', topic), create('kafka-agent', topic)];
      expect(await eventually(() => agents.every(({ output }) => output.includes('Winnow has started.')), 40_000)).toBe(true);

      const rounds = 20;
      const perRound = LINES_PER_FILE / rounds;
      for (let round = 0; round < rounds; round++) {
        for (let file = 0; file < FILES; file++) {
          const first = file * LINES_PER_FILE + round * perRound;
          const lines = Array.from({ length: perRound }, (_, i) => `a line seq=${String(first + i).padStart(9, '0')}\n`);
          appendFileSync(join(sources[file % 2]?.folder ?? '', 'logs', `file-${file}.log`), lines.join(''));
        }
        await sleep(250);
        if (round === 6) await gateways[0]?.agent.stop('SIGKILL');
        if (round === 9) await sources[1]?.agent.stop('SIGKILL');
        if (round === 11) sources[1]?.agent.start();
        if (round === 14) gateways[0]?.agent.start();
      }

      const isAllThere = async (): Promise<boolean> => (await sink.stats()).distinct === LINES;
      expect(await eventually(isAllThere, 60_000), JSON.stringify(await sink.stats())).toBe(true);
      const { outOfOrder, repeated } = await sink.stats();
      expect({ missing: await sink.missing(LINES), outOfOrder }).toEqual({ missing: [], outOfOrder: 0 });
      process.stdout.write(`${LINES} lines, ${repeated} repeated after two kills\n`);
      for (const { agent } of [...gateways, ...sources]) expect(await agent.stop(), agent.output).toBe(0);
    },
  );
});
