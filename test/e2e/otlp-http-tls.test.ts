import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createCertificates, hasOpenssl, type Certificates } from '../helpers/certificates.ts';
import { OtlpSink } from '../helpers/otlp-sink.ts';
import { sequence, startExporter, type GivenConfig, type Rig } from '../helpers/otlp-exporter.ts';

/** TLS, mutual TLS and proxies, with real certificates and real sockets. */
const canMakeCertificates = hasOpenssl();
let certificates: Certificates;
let closing: (() => Promise<void>)[] = [];

beforeAll(() => {
  if (canMakeCertificates) certificates = createCertificates();
  else process.stderr.write('openssl is not installed: the tests of TLS are skipped. Install it to run them.\n');
});
afterAll(() => certificates?.remove());
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

async function startSink(tls?: object): Promise<OtlpSink> {
  const sink = await OtlpSink.start(tls ? { tls } : {});
  closing.push(() => sink.down());
  return sink;
}

async function start(given: GivenConfig): Promise<Rig> {
  const rig = await startExporter(given);
  closing.push(() => rig.stop(0));
  return rig;
}

/** Sends ten records and resolves with what the exporter says of the destination while they are held. */
async function complaintOf(given: GivenConfig): Promise<string> {
  const rig = await start(given);
  await rig.send(sequence(0, 10)).accepted;
  const deadline = Date.now() + 10_000;
  for (;;) {
    const report = rig.host.reported.find(({ status }) => status === 'permanent');
    if (report) return report.message ?? '';
    if (Date.now() > deadline) throw new Error(`no complaint; ${JSON.stringify(rig.host.reported)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.skipIf(!canMakeCertificates)('over TLS', () => {
  test('trusts a server by the authority given as a file or as text', async () => {
    const sink = await startSink({ cert: certificates.server.cert, key: certificates.server.key });

    for (const tls of [
      { ca_file: certificates.ca.certFile },
      { ca_pem: certificates.ca.cert, min_version: '1.3' },
      { insecure_skip_verify: true },
    ]) {
      const rig = await start({ endpoint: sink.url, tls });
      expect((await rig.send(sequence(0, 10)).outcome).durable).toBe(10);
    }
    expect(sink.counts.records).toBe(30);
  });

  test('holds the records while the server is not trusted, and says what to do', async () => {
    const sink = await startSink({ cert: certificates.server.cert, key: certificates.server.key });

    const complaint = await complaintOf({ endpoint: sink.url });

    expect(complaint).toMatch(/^otlp_http\/test: cannot trust https:\/\/localhost:[0-9]+\/v1\/logs: .*tls\.ca_file/);
    expect(sink.counts.records).toBe(0);
  });

  test('notices a certificate for another host, and takes it when told the name', async () => {
    const sink = await startSink({ cert: certificates.elsewhere.cert, key: certificates.elsewhere.key });
    const tls = { ca_file: certificates.ca.certFile };

    expect(await complaintOf({ endpoint: sink.url, tls })).toContain('is for another host name');
    const rig = await start({ endpoint: sink.url, tls: { ...tls, server_name_override: 'elsewhere.example' } });
    expect((await rig.send(sequence(0, 10)).outcome).durable).toBe(10);
  });

  test('shows its own certificate, and is told when it has none', async () => {
    const { server, client, ca } = certificates;
    const sink = await startSink({ cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const tls = { ca_file: ca.certFile };

    const rig = await start({ endpoint: sink.url, tls: { ...tls, cert_file: client.certFile, key_pem: client.key } });
    expect((await rig.send(sequence(0, 10)).outcome).durable).toBe(10);
    expect(sink.requests[0]?.isAuthorized).toBe(true);
    // With TLS 1.2 the handshake itself fails; with 1.3 the connection may break before we hear why.
    expect(await complaintOf({ endpoint: sink.url, tls: { ...tls, max_version: '1.2' } })).toContain('tls.cert_file');
  });

  test('notices that a server does not speak TLS, or not HTTP', async () => {
    const sink = await startSink();

    expect(await complaintOf({ endpoint: sink.url.replace('http:', 'https:') })).toContain('use http:// in the endpoint');
  });

  test('reads the files again after the server was not accepted', async () => {
    const sink = await startSink({ cert: certificates.server.cert, key: certificates.server.key });
    const caFile = certificates.client.certFile.replace('client.pem', 'replaced.pem');
    writeFileSync(caFile, certificates.client.cert);
    const rig = await start({ endpoint: sink.url, tls: { ca_file: caFile } });
    const { outcome, accepted } = rig.send(sequence(0, 10));
    await accepted;

    writeFileSync(caFile, certificates.ca.cert);

    expect((await outcome).durable).toBe(10);
  });

  test('reads the files again after reload_interval, and keeps the old ones when the new cannot be used', async () => {
    const { server, client, ca } = certificates;
    const sink = await startSink({ cert: server.cert, key: server.key });
    const certFile = client.certFile.replace('client.pem', 'renewed.pem');
    writeFileSync(certFile, client.cert);
    const tls = { ca_file: ca.certFile, cert_file: certFile, key_file: client.keyFile, reload_interval: '1ms' };
    const rig = await start({ endpoint: sink.url, tls });
    await rig.send(sequence(0, 10)).outcome;

    writeFileSync(certFile, 'not a certificate');
    await new Promise((resolve) => setTimeout(resolve, 5));

    expect((await rig.send(sequence(10, 20)).outcome).durable).toBe(10);
    expect(rig.host.lines.some(({ message }) => message.startsWith('The TLS files cannot be used'))).toBe(true);
    expect(readFileSync(certFile, 'utf8')).toBe('not a certificate');
  });

  test('does not start with files that cannot be read or used', async () => {
    const endpoint = 'https://localhost:1';

    await expect(startExporter({ endpoint, tls: { ca_file: '/nowhere/ca.pem' } })).rejects.toThrow(
      'tls.ca_file: cannot read /nowhere/ca.pem',
    );
    await expect(startExporter({ endpoint, tls: { cert_pem: 'x', key_pem: 'y' } })).rejects.toThrow('cannot be used');
  });

  test('goes through a proxy by CONNECT, and says so when the proxy does not let it', async () => {
    const sink = await startSink({ cert: certificates.server.cert, key: certificates.server.key });
    const proxy = await startProxy();
    const tls = { ca_file: certificates.ca.certFile };

    const rig = await start({ endpoint: sink.url, tls, proxy_url: proxy.url });
    expect((await rig.send(sequence(0, 10)).outcome).durable).toBe(10);
    expect(proxy.asked).toEqual([`CONNECT localhost:${sink.port} ${proxy.credentials}`]);
    proxy.refusesWith = 407;
    expect(await complaintOf({ endpoint: sink.url, tls, proxy_url: proxy.url })).toMatch(/the proxy answered 407; give a user/);
  });
});

describe('through a proxy', () => {
  test('asks for the whole address', async () => {
    const sink = await startSink();
    const proxy = await startProxy();
    const rig = await start({ endpoint: sink.url, proxy_url: proxy.url });

    const { durable } = await rig.send(sequence(0, 10)).outcome;

    expect(durable).toBe(10);
    expect(proxy.asked).toEqual([`POST http://localhost:${sink.port}/v1/logs ${proxy.credentials}`]);
    expect(sink.counts).toMatchObject({ records: 10, repeated: 0 });
  });

  test('does not show the password of the proxy', async () => {
    const proxy = await startProxy();
    const url = proxy.url;
    await proxy.close();
    const rig = await start({ endpoint: 'http://collect.example', proxy_url: url });
    await rig.send(sequence(0, 10)).accepted;
    const deadline = Date.now() + 10_000;
    while (rig.host.reported.length === 0 && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));

    expect(rig.host.reported.length).toBeGreaterThan(0);
    expect(JSON.stringify([rig.host.lines, rig.host.reported])).not.toContain('hidden');
  });
});

interface Proxy {
  readonly url: string;
  readonly credentials: string;
  readonly asked: string[];
  refusesWith: number | undefined;
  close(): Promise<void>;
}

async function startProxy(): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`POST ${request.url} ${request.headers['proxy-authorization']}`);
    const forward = httpRequest(request.url ?? '', { method: 'POST', headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forward);
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization']}`);
    if (proxy.refusesWith !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refusesWith} No\r\n\r\n`);
      return;
    }
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const one of [target, socket]) one.on('error', () => one.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: `http://user:hidden@127.0.0.1:${port}`,
    credentials: `Basic ${Buffer.from('user:hidden').toString('base64')}`,
    asked,
    refusesWith: undefined,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  closing.push(() => proxy.close());
  return proxy;
}
