/** Who sends and who takes, by the extensions an operator would name: one exporter and one receiver, over a real socket. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Extension } from '#component';
import { formatEffective, loadConfig, type Config } from '../../src/config/index.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { registry } from '../../src/registry.ts';
import { LogsSink } from '../helpers/logs-sink.ts';
import { sequence, startExporter, type Rig } from '../helpers/otlp-exporter.ts';
import { encodeRequest } from '../helpers/otlp-proto.ts';
import { startGateway, startGrpc, type Gateway } from '../helpers/otlp-receiver.ts';
import { createTestHost, type TestHost } from '../helpers/test-host.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Pair {
  readonly sink: LogsSink;
  readonly gateway: Gateway;
  readonly rig: Rig;
  /** Everything that was said or shown. */
  readonly shown: () => string;
}

/** The receiver asks the extension `receiver`, the exporter identifies itself by the extension `exporter`. */
async function start(declared: string, names: { readonly receiver: string; readonly exporter: string }): Promise<Pair> {
  const config = await loadConfig({ sources: [`yaml:${textWith(declared, names)}`], env: {}, cwd: '/', registry });
  const own = createTestHost({ clock: systemClock });
  const extensions = await startExtensions(config, own);
  const sink = new LogsSink();
  const gateway = await startGateway(sink, { auth: { authenticator: names.receiver } }, { extensions });
  open.push(() => gateway.stop(200));
  const rig = await startExporter({ endpoint: gateway.url, auth: { authenticator: names.exporter } }, { extensions });
  open.push(() => rig.stop(200));
  const shown = (): string => {
    const lines = [own, gateway.host, rig.host].map((host) => [host.lines, host.reported]);
    return JSON.stringify([lines, formatEffective(config)]);
  };
  return { sink, gateway, rig, shown };
}

function textWith(declared: string, { receiver, exporter }: { readonly receiver: string; readonly exporter: string }): string {
  return `
extensions:
${declared}
receivers: { otlp: { protocols: { http: { auth: { authenticator: ${receiver} } } } } }
exporters: { otlp_http: { endpoint: "http://localhost:4318", auth: { authenticator: ${exporter} } } }
service:
  extensions: [${[...new Set([receiver, exporter])].join(', ')}]
  pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } }
`;
}

async function startExtensions(config: Config, host: TestHost): Promise<Record<string, Extension>> {
  const extensions: Record<string, Extension> = {};
  for (const { id, factory, config: options } of config.extensions.values()) {
    const extension = factory.create(options, { id });
    await extension.start(host);
    open.push(() => extension.shutdown(AbortSignal.timeout(200)));
    extensions[id] = extension;
  }
  return extensions;
}

test('user and password: the right ones come in, wrong ones stay with the sender, and nobody shows them', async () => {
  const declared = `
  basicauth/in: { htpasswd: { inline: "shop:right-word" } }
  basic_auth/out: { client_auth: { username: shop, password: right-word } }
  basic_auth/wrong: { client_auth: { username: shop, password: wrong-word } }
`;
  const { sink, gateway, rig, shown } = await start(declared, { receiver: 'basicauth/in', exporter: 'basic_auth/out' });

  expect((await rig.send(sequence(0, 20)).outcome).durable).toBe(20);
  expect(sink.bodies).toHaveLength(20);
  expect(gateway.host.metric('winnow_receiver_requests', { code: '401' })).toBeNaN();

  const other = await start(declared, { receiver: 'basicauth/in', exporter: 'basic_auth/wrong' });
  await other.rig.send(sequence(0, 20)).accepted;
  await expect.poll(() => other.gateway.host.metric('winnow_receiver_requests', { code: '401' })).toBeGreaterThan(0);
  expect(other.sink.batches).toBe(0);
  expect(shown()).toContain('[REDACTED]');
  expect(other.shown() + shown()).not.toMatch(/right-word|wrong-word|c2hvcDp/);
});

test('tokens in files: exchanged on both sides while records flow, none is refused for good', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-auth-'));
  const [known, shownToken] = [join(folder, 'known'), join(folder, 'shown')];
  writeFileSync(known, 'token-of-old\n');
  writeFileSync(shownToken, 'token-of-old\n');
  const declared = `
  bearertokenauth/in: { filename: ${known} }
  bearer_token_auth/out: { filename: ${shownToken} }
`;
  const { sink, gateway, rig, shown } = await start(declared, { receiver: 'bearertokenauth/in', exporter: 'bearer_token_auth/out' });
  const asks = async (token: string): Promise<number> => (await gateway.post('', { authorization: `Bearer ${token}` })).status;

  expect((await rig.send(sequence(0, 10)).outcome).durable).toBe(10);
  writeFileSync(known, 'token-of-old\ntoken-of-new\n');
  await expect.poll(() => asks('token-of-new'), { timeout: 5000 }).toBe(200);
  writeFileSync(shownToken, 'token-of-new\n');
  await expect.poll(() => shown().split('is read again').length, { timeout: 5000 }).toBe(3);
  writeFileSync(known, 'token-of-new\n');
  await expect.poll(() => asks('token-of-old'), { timeout: 5000 }).toBe(401);

  expect((await rig.send(sequence(10, 20)).outcome).durable).toBe(10);
  expect(sink.bodies).toHaveLength(20);
  expect(shown()).not.toContain('token-of');
});

test('over gRPC the same extensions decide, and what they know is not told', async () => {
  const declared = `
  bearer_token_auth: { token: token-of-mine }
`;
  const names = { receiver: 'bearer_token_auth', exporter: 'bearer_token_auth' };
  const config = await loadConfig({ sources: [`yaml:${textWith(declared, names)}`], env: {}, cwd: '/', registry });
  const sink = new LogsSink();
  const extensions = await startExtensions(config, createTestHost({ clock: systemClock }));
  const gateway = await startGrpc(sink, { auth: { authenticator: 'bearer_token_auth' } }, { extensions });
  open.push(() => gateway.stop(200));
  const record = encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }] });

  await expect(gateway.call(record)).rejects.toThrow('UNAUTHENTICATED');
  await expect(gateway.call(record, { metadata: { authorization: 'Bearer token-of-yours' } })).rejects.toThrow('UNAUTHENTICATED');
  await gateway.call(record, { metadata: { authorization: 'Bearer token-of-mine' } });

  expect(sink.bodies).toEqual(['hello']);
  expect(gateway.host.metric('winnow_receiver_requests', { code: 'UNAUTHENTICATED' })).toBe(2);
  expect(JSON.stringify(gateway.host.lines)).not.toContain('token-of');
});
