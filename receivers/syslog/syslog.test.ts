import { execFileSync, execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { SeverityNumber } from '#model';
import { createCertificates, hasOpenssl } from '../../test/helpers/certificates.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { SyslogConfig, TcpConfig, UdpConfig } from './config.ts';
import { SyslogReceiver } from './syslog.ts';

const TCP: TcpConfig = {
  listen_address: 'localhost:0',
  add_attributes: false,
  max_log_size: '1MiB',
  one_log_per_packet: false,
  max_connections: 10,
};
const UDP: UdpConfig = { listen_address: 'localhost:0', add_attributes: false, receive_buffer_size: '2MiB', one_log_per_packet: true };
const CONFIG: SyslogConfig = {
  location: 'UTC',
  allow_skip_pri_header: false,
  on_error: 'send',
  attributes: {},
  resource: {},
  operators: [],
  flush_interval: '100ms',
  max_batch_records: 1000,
  max_batch_size: '1MiB',
};

interface Rig {
  readonly receiver: SyslogReceiver;
  readonly sink: LogsSink;
  readonly host: TestHost;
  readonly clock: FakeClock;
  readonly until: (isTrue: () => boolean) => Promise<void>;
}

const running: SyslogReceiver[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const receiver of running.splice(0)) await receiver.shutdown(AbortSignal.abort());
});

async function start(config: Partial<SyslogConfig>): Promise<Rig> {
  const sink = new LogsSink();
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const receiver = new SyslogReceiver({ ...CONFIG, ...config }, { id: 'syslog' }, sink);
  running.push(receiver);
  await receiver.start(host);
  // The network is real, the clock is not: it goes on while the test looks.
  const until = async (isTrue: () => boolean): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (!isTrue()) {
      if (performance.now() > deadline) throw new Error('what the test waits for has not come true');
      await clock.advance(50);
    }
  };
  return { receiver, sink, host, clock, until };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function sendDatagrams(port: number, texts: readonly (string | Buffer)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const text of texts) await new Promise<void>((sent) => socket.send(text, port, '127.0.0.1', () => sent()));
  socket.close();
}

const NEW = '<165>1 2026-01-30T10:11:12.003Z host.example app 42 ID47 [meta key="v"] it works';
const OLD = '<34>Jan 30 10:11:12 host su[77]: failed for lonvick';

test('understands RFC 5424 and RFC 3164 side by side, counted and by line', async () => {
  const { receiver, sink, until } = await start({ tcp: TCP });
  const socket = await dial(receiver.ports.tcp);

  socket.write(`${NEW}\n${Buffer.byteLength(OLD)} ${OLD}`);
  await until(() => sink.records.length === 2);

  expect(sink.records).toMatchObject([
    {
      body: NEW,
      severityText: 'notice',
      severity: 10,
      timeMs: Date.UTC(2026, 0, 30, 10, 11, 12, 3),
      attributes: { hostname: 'host.example', appname: 'app', proc_id: '42', msg_id: 'ID47', facility: 20, message: 'it works' },
    },
    { body: OLD, severityText: 'crit', timeMs: Date.UTC(2026, 0, 30, 10, 11, 12), attributes: { appname: 'su', proc_id: '77' } },
  ]);
});

test('takes datagrams, each one message, with line feeds inside', async () => {
  const { receiver, sink, until } = await start({ udp: { ...UDP, add_attributes: true }, attributes: { site: 'one' } });

  await sendDatagrams(receiver.ports.udp, [`${NEW}\nsecond line\n`, `${OLD}\0`, '\n']);
  await until(() => sink.records.length === 2);

  expect(sink.bodies).toEqual([`${NEW}\nsecond line`, OLD]);
  expect(sink.records[0]?.attributes).toMatchObject({ 'net.transport': 'IP.UDP', 'net.peer.ip': '127.0.0.1', site: 'one' });
});

test('add_attributes tells the two ends of a connection', async () => {
  const { receiver, sink, until } = await start({ tcp: { ...TCP, add_attributes: true }, resource: { 'service.name': 'x' } });
  const socket = await dial(receiver.ports.tcp);

  socket.write(`${OLD}\n`);
  await until(() => sink.records.length === 1);

  expect(sink.records[0]?.attributes).toMatchObject({
    'net.transport': 'IP.TCP',
    'net.peer.ip': '127.0.0.1',
    'net.peer.port': String(socket.localPort),
    'net.host.port': String(receiver.ports.tcp),
  });
});

test('what cannot be parsed is sent on as it came, also when it is no UTF-8', async () => {
  const { receiver, sink, host, until } = await start({ tcp: TCP });
  const socket = await dial(receiver.ports.tcp);
  const latin1 = Buffer.from('<13>Jan 30 10:11:12 host app: grün', 'latin1');

  socket.write(Buffer.concat([Buffer.from('no syslog\n'), latin1, Buffer.from('\n')]));
  await until(() => sink.records.length === 2);

  expect(sink.records[0]).toMatchObject({ body: 'no syslog', attributes: {} });
  expect(sink.records[1]).toMatchObject({ body: Uint8Array.from(latin1), attributes: { appname: 'app', message: 'gr\ufffdn' } });
  expect(host.metric('winnow_operator_errors', { operator: 'syslog', type: 'syslog_parser' })).toBe(1);
});

test.each([
  ['<187>1234: router1: *Mar  1 18:46:11.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down', SeverityNumber.error],
  ['<162>%ASA-2-106001: Inbound TCP connection denied', SeverityNumber.error + 1],
  ['<189>date=2026-01-30 time=12:00:00 devname="FGT" level="notice"', SeverityNumber.info + 1],
  ['<8>', SeverityNumber.fatal],
  ['<0>x', SeverityNumber.fatal],
  ['<192>x', 0],
  ['<0013>x', 0],
  ['<>x', 0],
])('%j has the severity that its priority says, though no RFC knows the rest', async (message, severity) => {
  const { receiver, sink, until } = await start({ udp: UDP });

  await sendDatagrams(receiver.ports.udp, [message]);
  await until(() => sink.records.length === 1);

  expect(sink.records[0]).toMatchObject({ body: message, severity, attributes: {} });
});

test("messages of Python's SysLogHandler over TCP come one by one, while it stays connected", async () => {
  const { receiver, sink, until } = await start({ tcp: TCP });
  const socket = await dial(receiver.ports.tcp);

  socket.write('<11>one\0<14>two\0');
  await until(() => sink.records.length === 2);

  expect(sink.records).toMatchObject([
    { body: '<11>one', severity: SeverityNumber.error },
    { body: '<14>two', severity: SeverityNumber.info },
  ]);
});

test('a message without its end is one when the sender has closed, and when the receiver stops', async () => {
  const { receiver, sink, until } = await start({ tcp: TCP });
  const first = await dial(receiver.ports.tcp);
  first.end('<13>first');
  await until(() => sink.records.length === 1);
  const second = await dial(receiver.ports.tcp);
  second.write('<13>whole\n<13>second');
  await until(() => sink.records.length === 2);

  await receiver.shutdown(new AbortController().signal);

  expect(sink.bodies).toEqual(['<13>first', '<13>whole', '<13>second']);
});

test('what a sender has written before the receiver stops is read', async () => {
  const { receiver, sink, host, clock, until } = await start({ tcp: TCP, max_batch_records: 100 });
  const socket = await dial(receiver.ports.tcp);
  await until(() => host.metric('winnow_syslog_connections') === 1);
  const count = 5000;
  await new Promise<void>((written) => socket.end(`${OLD}\n`.repeat(count), () => written()));

  await receiver.shutdown(new AbortController().signal);

  expect(sink.records).toHaveLength(count);
  expect(clock.pendingTimers).toBe(0);
});

test('so it is when the machine leaves no time to read it', async () => {
  const { receiver, sink, until } = await start({ tcp: TCP });
  const socket = await dial(receiver.ports.tcp);
  socket.write('<13>first\n');
  await until(() => sink.records.length === 1);

  const stopped = receiver.shutdown(new AbortController().signal);
  socket.write('<13>second\n');
  for (const since = performance.now(); performance.now() - since < 200;);
  await stopped;

  expect(sink.bodies).toEqual(['<13>first', '<13>second']);
});

test('a sender on TCP has to wait while the pipeline takes nothing, and nothing is lost', async () => {
  const { receiver, sink, clock, until } = await start({ tcp: TCP, max_batch_records: 10 });
  sink.isRefusing = true;
  const socket = await dial(receiver.ports.tcp);
  const line = `${OLD} ${'x'.repeat(1000)}`;
  const count = 20_000;

  socket.write(Array.from({ length: count }, (_, i) => `${line} ${i}\n`).join(''));
  for (let i = 0; i < 100; i++) await clock.advance(1);
  const waiting = socket.writableLength;
  sink.isRefusing = false;
  await until(() => sink.records.length === count);

  // 20 MB were written; the kernel holds a few.
  expect(waiting).toBeGreaterThan(1_000_000);
  expect(sink.bodies.at(-1)).toBe(`${line} ${count - 1}`);
}, 30_000);

test('datagrams that find no room are dropped, counted and told once', async () => {
  const { receiver, sink, host, until } = await start({ udp: UDP, max_batch_records: 5 });
  sink.isRefusing = true;

  await sendDatagrams(
    receiver.ports.udp,
    Array.from({ length: 30 }, (_, i) => `<13>message ${i}`),
  );
  await until(() => host.metric('winnow_syslog_dropped_datagrams') === 20);
  sink.isRefusing = false;
  await until(() => sink.records.length === 10);

  expect(sink.bodies).toEqual(Array.from({ length: 10 }, (_, i) => `<13>message ${i}`));
  expect(host.lines.filter(({ message }) => message.startsWith('Datagrams were dropped')).length).toBe(1);
});

test('connections beyond max_connections are closed and counted', async () => {
  const { receiver, sink, host, until } = await start({ tcp: { ...TCP, max_connections: 1 } });
  const first = await dial(receiver.ports.tcp);
  first.write('<13>in\n');
  await until(() => sink.records.length === 1);

  const second = await dial(receiver.ports.tcp);
  const closed = once(second, 'close');
  second.resume();
  await until(() => host.metric('winnow_syslog_refused_connections') === 1);
  await closed;

  expect(second.bytesRead).toBe(0);
  expect(first.destroyed).toBe(false);
});

test('a broken frame ends its connection and no other', async () => {
  const { receiver, sink, host, until } = await start({ tcp: { ...TCP, enable_octet_counting: true } });
  const good = await dial(receiver.ports.tcp);
  const bad = await dial(receiver.ports.tcp);

  bad.resume().write('<13>not counted\n');
  await until(() => host.metric('winnow_syslog_broken_connections') === 1);
  good.write('8 <13>good');
  await until(() => sink.records.length === 1);

  expect(sink.bodies).toEqual(['<13>good']);
  expect(host.lines.some(({ level, message }) => level === 'warn' && message.includes('framing'))).toBe(true);
});

test('records the pipeline gives up are counted as lost', async () => {
  const { receiver, sink, host, until } = await start({ tcp: TCP });
  sink.mode = 'abandon';
  const socket = await dial(receiver.ports.tcp);

  socket.write('<13>gone\n');
  await until(() => sink.records.length === 1);

  expect(host.metric('winnow_syslog_lost_log_records')).toBe(1);
});

test('an address in use rejects the start and leaves nothing open', async () => {
  const { receiver } = await start({ tcp: TCP });
  const address = `localhost:${receiver.ports.tcp}`;

  await expect(start({ tcp: { ...TCP, listen_address: address } })).rejects.toThrow(/EADDRINUSE/);
});

test('an address that others reach is a warning', async () => {
  const { host } = await start({ udp: { ...UDP, listen_address: ':0' } });

  expect(host.lines.some(({ level, message }) => level === 'warn' && message.startsWith('Anybody who reaches'))).toBe(true);
});

const canMakeCertificates = hasOpenssl();
if (!canMakeCertificates) process.stderr.write('SKIPPED: syslog over TLS is not tested, since openssl is missing.\n');

describe.skipIf(!canMakeCertificates)('over TLS', () => {
  test('takes messages of a sender with a certificate, and none of one without', async () => {
    const certificates = createCertificates();
    const { server, client, ca } = certificates;
    const tls = {
      cert_file: server.certFile,
      key_file: server.keyFile,
      client_ca_file: ca.certFile,
      min_version: '1.2',
      max_version: '',
      reload_interval: '0s',
    };
    const { receiver, sink, host, until } = await start({ tcp: { ...TCP, tls } });
    const port = receiver.ports.tcp;

    const stranger = connectTls({ port, host: 'localhost', ca: ca.cert });
    stranger.on('error', () => {}).write('<13>stranger\n');
    await until(() => host.metric('winnow_syslog_broken_connections') === 1);
    const friend = connectTls({ port, host: 'localhost', ca: ca.cert, cert: client.cert, key: client.key });
    sockets.push(friend, stranger);
    friend.write(`${NEW}\n`);
    await until(() => sink.records.length === 1);

    expect(sink.bodies).toEqual([NEW]);
    certificates.remove();
  });

  test('reads the certificates again, and keeps the old ones when the new ones are broken', async () => {
    const certificates = createCertificates();
    const { server, elsewhere, ca } = certificates;
    const tls = { cert_file: server.certFile, key_file: server.keyFile, min_version: '1.2', max_version: '', reload_interval: '1m' };
    const { receiver, clock, host } = await start({ tcp: { ...TCP, tls } });
    const presented = async (): Promise<unknown> => {
      const socket = connectTls({ port: receiver.ports.tcp, host: '127.0.0.1', ca: ca.cert, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    expect(await presented()).toBe('server');

    copyFileSync(elsewhere.certFile, server.certFile);
    await clock.advance(60_000);
    expect(await presented()).toBe('server');
    expect(host.lines.some(({ level }) => level === 'warn')).toBe(true);
    copyFileSync(elsewhere.keyFile, server.keyFile);
    await clock.advance(60_000);

    expect(await presented()).toBe('elsewhere');
    certificates.remove();
  });
});

function hasLogger(): boolean {
  try {
    return execFileSync('logger', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

const canLog = hasLogger();
if (!canLog) process.stderr.write('SKIPPED: syslog is not tested with logger of util-linux, which is missing.\n');

describe.skipIf(!canLog)('logger of util-linux', () => {
  test.each([
    ['TCP, RFC 5424', ['--tcp', '--rfc5424']],
    ['TCP, RFC 5424, counted', ['--tcp', '--rfc5424', '--octet-count']],
    ['TCP, RFC 3164', ['--tcp', '--rfc3164']],
    ['UDP, RFC 5424', ['--udp', '--rfc5424']],
    ['UDP, RFC 3164', ['--udp', '--rfc3164']],
  ])('speaks %s to us', async (_, options) => {
    const { receiver, sink, until } = await start({ tcp: TCP, udp: UDP });
    const port = options.includes('--tcp') ? receiver.ports.tcp : receiver.ports.udp;
    const target = ['--server', '127.0.0.1', '--port', String(port), '--tag', 'winnow-test', '--priority', 'user.err'];

    await promisify(execFile)('logger', [...target, ...options, 'Grüße, with = signs']);
    await until(() => sink.records.length === 1);

    expect(sink.records[0]).toMatchObject({
      severityText: 'err',
      attributes: { appname: 'winnow-test', facility: 1, message: 'Grüße, with = signs' },
    });
    expect(sink.records[0]?.timeMs).toBeGreaterThan(0);
  });
});
