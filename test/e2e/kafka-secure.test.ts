/** TLS, users and passwords, with a real broker: through the exporter and back through the receiver. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Exporter, Receiver } from '#component';
import { loadConfig } from '../../src/config/index.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { registry } from '../../src/registry.ts';
import { createCertificates, hasOpenssl, type Certificates } from '../helpers/certificates.ts';
import { hasKafka, KafkaCluster, USER } from '../helpers/kafka-cluster.ts';
import { deliver, LogsSink } from '../helpers/logs-sink.ts';
import { batchOf } from '../helpers/otlp-exporter.ts';
import { createTestHost, type TestHost } from '../helpers/test-host.ts';

const isPossible = hasKafka && hasOpenssl() && process.env['KAFKA_BROKERS'] === undefined;
const WAIT = { timeout: 20_000, interval: 50 };

describe.skipIf(!isPossible)('a broker that wants TLS and a password', () => {
  let certificates: Certificates;
  let cluster: KafkaCluster;
  const running: (Exporter | Receiver)[] = [];

  beforeAll(async () => {
    certificates = createCertificates();
    cluster = await KafkaCluster.start(certificates);
  }, 90_000);

  afterEach(async () => {
    for (const component of running.splice(0)) await component.shutdown(AbortSignal.timeout(1000));
  });

  afterAll(async () => {
    await cluster?.stop();
    certificates?.remove();
  });

  async function start(topic: string, access: string): Promise<{ exporter: Exporter; sink: LogsSink; hosts: TestHost[] }> {
    const text = `
receivers: { kafka: { brokers: [${cluster.secure}], group_id: g-${topic}, logs: { topics: [${topic}] }, ${access} } }
exporters: { kafka: { brokers: [${cluster.secure}], logs: { topic: ${topic} }, ${access}, retry_on_failure: { initial_interval: 100ms } } }
service: { pipelines: { logs: { receivers: [kafka], exporters: [kafka] } } }
`;
    const { receivers, exporters } = await loadConfig({ sources: [`yaml:${text}`], env: {}, cwd: '/', registry });
    const to = exporters.get('kafka');
    const from = receivers.get('kafka');
    if (!to || !from) throw new Error('the configuration has both');
    const hosts = [createTestHost({ clock: systemClock }), createTestHost({ clock: systemClock })];
    const sink = new LogsSink();
    const exporter = to.factory.create(to.config, { id: 'kafka' });
    const receiver = from.factory.create(from.config, { id: 'kafka' }, sink);
    running.push(exporter, receiver);
    for (const [i, component] of [exporter, receiver].entries()) await component.start(hosts[i] ?? createTestHost());
    return { exporter, sink, hosts };
  }

  const sasl = (mechanism: string, password: string = USER.password): string =>
    `auth: { sasl: { mechanism: ${mechanism}, username: ${USER.username}, password: ${password} } }`;

  test.each(['PLAIN', 'SCRAM-SHA-256'])('lets us in by %s, and records through', async (mechanism) => {
    const topic = await cluster.createTopic(2);
    const { exporter, sink } = await start(topic, `${sasl(mechanism)}, tls: { ca_file: ${certificates.ca.certFile} }`);
    const batch = batchOf(['a', 'b']);
    const { outcome } = deliver(batch);

    await exporter.consume(batch);

    expect(await outcome).toMatchObject({ durable: 2 });
    await expect.poll(() => sink.bodies, WAIT).toEqual(['a', 'b']);
  });

  test.each([
    [
      'a wrong password',
      () => `${sasl('SCRAM-SHA-256', 'wrong-word')}, tls: { ca_file: ${certificates.ca.certFile} }`,
      'check "auth.sasl"',
    ],
    ['an authority that is not trusted', () => sasl('PLAIN').concat(', tls: {}'), 'TLS could not be agreed on'],
  ])('%s is a fault for the operator to mend, on both sides, without the password', async (_, access, words) => {
    const topic = await cluster.createTopic(1);
    const { exporter, hosts } = await start(topic, access());
    const batch = batchOf(['a']);
    deliver(batch);

    await exporter.consume(batch);

    for (const host of hosts) {
      await expect.poll(() => host.reported.at(-1), WAIT).toMatchObject({ status: 'permanent', message: expect.stringContaining(words) });
      expect(JSON.stringify([host.lines, host.reported])).not.toMatch(/wrong-word|a-secret-word/);
    }
  });
});
