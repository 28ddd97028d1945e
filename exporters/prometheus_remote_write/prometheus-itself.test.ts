import { afterEach, describe, expect, test } from 'vitest';
import { createCertificates, hasOpenssl } from '../../test/helpers/certificates.ts';
import { startExporterOf, type ExporterRig } from '../../test/helpers/exporter-rig.ts';
import { batchOf, type RecordSpec } from '../../test/helpers/prometheus-rig.ts';
import { eventually, hasPrometheus, PrometheusServer, type ServerOptions } from '../../test/helpers/prometheus-server.ts';
import type { RemoteWriteConfig } from './config.ts';
import { factory } from './index.ts';

const RECEIVER = ['--web.enable-remote-write-receiver', '--enable-feature=exemplar-storage'];
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function startServer(options: ServerOptions = {}): Promise<PrometheusServer> {
  const server = new PrometheusServer({ flags: RECEIVER, ...options });
  cleanUps.push(() => server.remove());
  await server.start();
  return server;
}

interface Rig extends ExporterRig {
  count(this: void, ...records: readonly RecordSpec[]): Promise<void>;
  samples(this: void, which: string, labels?: Readonly<Record<string, string>>): number;
}

async function startExporter(endpoint: string, given: object = {}): Promise<Rig> {
  const soon = { initial_interval: '200ms', max_interval: '1s' };
  const rig = await startExporterOf<RemoteWriteConfig>(factory, { endpoint, interval: '1s', retry_on_failure: soon, ...given });
  cleanUps.push(() => rig.exporter.shutdown(AbortSignal.abort()));
  return {
    ...rig,
    count: (...records) => rig.exporter.consume(batchOf(records)),
    samples: (which, labels = {}) => rig.host.metric(`winnow_exporter_prometheus_${which}_samples`, labels),
  };
}

const LATENCY = { name: 'latency', type: 'histogram', unit: 'seconds', attribute: 's', buckets: [0.5, 1] };
const SEEN = { name: 'seen', type: 'counter' };

describe.skipIf(!hasPrometheus())('Prometheus itself', () => {
  test('takes every metric and the exemplar, sees the first record grow, and the end', async () => {
    const server = await startServer();
    const given = { metrics: [LATENCY, SEEN], external_labels: { region: 'eu' }, presets: ['agents'], send_metadata: true };
    const rig = await startExporter(`http://${server.address}/api/v1/write`, given);
    const resource = { 'service.name': 'shop', 'host.name': 'a"\\\nä' };
    await rig.count(
      { attributes: { s: 0.7 }, resource, trace: 0xab, severity: 17 },
      { event: 'task_completed', attributes: { task_type: 'write', agent_type: 'writer', duration_seconds: 2 }, resource },
      { attributes: { 'winnow.suppressed_count': 9 }, resource },
    );

    const read = await eventually(async () => {
      const series = await server.query('{region="eu"}');
      return series.has('target_info') ? series : undefined;
    });
    await rig.count({});
    const grown = await eventually(async () => {
      const increase = (await server.query('sum(increase(seen_total[1m]))')).get('') ?? 0;
      return increase >= 3 ? increase : undefined;
    });

    expect(read.get('seen_total')).toBe(3);
    expect(read.get('latency_seconds_bucket')).toBe(1);
    expect(read.get('task_latency_seconds_sum')).toBe(2);
    expect(read.get('winnow_suppressed_log_records_total')).toBe(9);
    expect([...(await server.query('target_info{host_name="a\\"\\\\\\nä",job="shop"}')).values()]).toEqual([1]);
    // Three came before the first push, a fourth later: a scrape would show an increase of 1.
    expect(grown).toBeGreaterThanOrEqual(3);
    const exemplars = JSON.stringify(await server.ask(`query_exemplars?query=latency_seconds_bucket&start=0&end=${Date.UTC(2100) / 1000}`));
    expect(exemplars).toContain('ab'.repeat(16));

    await rig.stop();

    expect(await server.query('{region="eu"}')).toEqual(new Map());
    expect((await server.query('last_over_time(seen_total[1m])')).get('seen_total')).toBe(4);
    expect(rig.samples('sent')).toBe(rig.samples('made'));
  }, 60_000);

  test('comes late, is killed and comes again, and then has every sample in order', async () => {
    const server = await startServer();
    const rig = await startExporter(`http://${server.address}/api/v1/write`, { metrics: [SEEN], built_in: [] });
    const isSent = async (samples: number): Promise<true | undefined> => (rig.samples('sent') >= samples ? true : undefined);
    await rig.count({});
    await eventually(() => isSent(3));

    await server.kill();
    const before = rig.samples('sent');
    for (let i = 0; i < 3; i++) {
      await rig.count({});
      await eventually(async () => (rig.samples('held') > i ? true : undefined));
    }
    await server.start();
    await eventually(() => isSent(before + 4));
    await rig.stop();

    expect(rig.samples('dropped', { reason: 'refused' })).toBe(0);
    expect(rig.samples('sent')).toBe(rig.samples('made'));
    expect((await server.query('last_over_time(seen_total[5m])')).get('seen_total')).toBe(4);
    // All that was pushed and no more: the mark at the end counts for none.
    const stored = (await server.query('sum(count_over_time(seen_total[5m]))')).get('');
    expect(stored).toBe(rig.samples('sent') - 1);
  }, 60_000);

  test.skipIf(!hasOpenssl())(
    'wants TLS and a password, and gets both',
    async () => {
      const certificates = createCertificates();
      cleanUps.push(() => certificates.remove());
      // "secret-word".
      const users = { winnow: '$2b$05$abcdefghijklmnopqrstuuUOabO4v2PoT/v47Y.znQK.9MsMDnesq' };
      const tls = { cert_file: certificates.server.certFile, key_file: certificates.server.keyFile };
      const server = await startServer({ web: { tls_server_config: tls, basic_auth_users: users } });
      const given = { metrics: [SEEN], built_in: [], tls: { ca_file: certificates.ca.certFile } };
      const authenticated = await startExporter(`https://winnow:secret-word@${server.address}/api/v1/write`, given);
      await authenticated.count({});
      await eventually(async () => (authenticated.samples('sent') > 0 ? true : undefined));
      const stranger = await startExporter(`https://${server.address}/api/v1/write`, given);
      await stranger.count({});
      await eventually(async () => (stranger.samples('dropped', { reason: 'refused' }) > 0 ? true : undefined));
      const doubtful = await startExporter(`https://${server.address}/api/v1/write`, { ...given, tls: {} });
      await doubtful.count({});
      await eventually(async () => (doubtful.host.reported.length > 0 ? true : undefined));

      expect(stranger.host.reported[0]?.message).toContain('401: it does not know us');
      expect(doubtful.host.reported[0]?.message).toContain('its certificate comes from an authority that is not trusted');
      expect(doubtful.samples('held')).toBeGreaterThan(0);
    },
    60_000,
  );
});
