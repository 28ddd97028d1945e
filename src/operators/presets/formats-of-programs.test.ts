import { describe, expect, test } from 'vitest';
import { LogBatch, ValueType, resourceAttributes, type Origin } from '#model';
import { recordOf, type SunkRecord } from '../../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../../test/helpers/test-host.ts';
import { compileOperators } from '../chain.ts';

interface Parsed extends SunkRecord {
  readonly resource: Record<string, unknown>;
}

function parse(...lines: readonly string[]): Parsed[] {
  return parseIn('UTC', ...lines);
}

function parseIn(location: string, ...lines: readonly string[]): Parsed[] {
  const batch = new LogBatch();
  batch.reset(Buffer.from(lines.join('')));
  let start = 0;
  for (const line of lines) {
    batch.addRow(ValueType.string, start, Buffer.byteLength(line));
    start += Buffer.byteLength(line);
  }
  const chain = compileOperators([{ type: 'auto_parser', location }], { id: 'test' });
  chain.start(createTestHost());
  chain.process(batch);
  return Array.from({ length: batch.length }, (_, row) => ({
    ...recordOf(batch, row),
    resource: resourceAttributes(batch.resources[batch.resourceOf[row] as number] as Origin),
  }));
}

const AT = Date.UTC(2026, 0, 20, 8, 15, 30, 123);
const SECOND = AT - 123;

/** What a clock that showed 08:15:30 in that zone showed in UTC. */
const AHEAD = (hours: number): number => SECOND - hours * 3_600_000;

describe('what stands behind a time says its zone, whatever the zone of the machine is', () => {
  test.each([
    ['PHP', '[20-Jan-2026 08:15:30 UTC] PHP Warning:  x', AHEAD(0)],
    ['PHP', '[20-Jan-2026 08:15:30 Europe/Berlin] PHP Warning:  x', AHEAD(1)],
    ['PostgreSQL', '2026-01-20 08:15:30.123 UTC [4711] ERROR:  deadlock detected', AHEAD(0) + 123],
    ['PostgreSQL', '2026-01-20 08:15:30.123 CET [4711] ERROR:  deadlock detected', AHEAD(1) + 123],
    ['PostgreSQL', '2026-01-20 08:15:30.123+01 [4711] ERROR:  deadlock detected', AHEAD(1) + 123],
    ['CUPS', '[20/Jan/2026:08:15:30 +0200] ERROR bad', AHEAD(2)],
    ['JSON', '{"time":"2026-01-20 08:15:30 UTC","level":"info","msg":"x"}', AHEAD(0)],
    ['JSON', '{"time":"2026-01-20T08:15:30+01","level":"info","msg":"x"}', AHEAD(1)],
    ['none', '2026-01-20 08:15:30 GET /x ERROR', AHEAD(-5)],
    ['none', '2026-01-20 08:15:30-12-x ERROR', AHEAD(-5)],
    ['none', '2026-01-20 08:15:30 Shop/Cart ERROR', AHEAD(-5)],
    ['OpenVPN', 'Tue Jan 20 08:15:30 2026 TLS Error: x', AHEAD(-5)],
  ])('%s: %s', (_, line, timeMs) => {
    expect(parseIn('America/New_York', line)[0]).toMatchObject({ timeMs });
  });
});

describe('auto finds the level, so that no error is taken for less', () => {
  test.each([
    ['klog', 'E0120 08:15:30.123456    4711 pod_workers.go:951] "Error syncing pod" err="x"', 17, AT],
    ['klog', 'F0120 08:15:30.123456    4711 server.go:302] unable to load', 21, AT],
    ['klog', 'I0120 08:15:30.123456    4711 kubelet.go:2345] no ERROR', 9, AT],
    ['Serilog', '2026-01-20 08:15:30.123 +00:00 [FTL] gone', 21, AT],
    ['Serilog', '2026-01-20 08:15:30.123 +00:00 [WRN] empty', 13, AT],
    ['Serilog', '[08:15:30 INF] created', 9, 0],
    ['.NET', 'fail: Shop.Pay[17]', 17, 0],
    ['.NET', 'crit: Shop.Pay[17]', 18, 0],
    ['logrus', 'FATA[0005] The ice breaks!', 21, 0],
    ['logrus', 'ERRO[0004] failed   error=timeout', 17, 0],
    ['PHP', '[20-Jan-2026 08:15:30 UTC] PHP Fatal error:  Uncaught Error in /x.php:17', 21, SECOND],
    ['VMware', '2026-01-20T08:15:30.123Z error hostd[2099] bad', 17, AT],
    ['Ruby', 'E, [2026-01-20T08:15:30.123456 #4711] ERROR -- : failed', 17, AT],
    ['Redis', '4711:M 20 Jan 2026 08:15:30.123 # WARNING: overcommit_memory', 13, AT],
    ['Tomcat', '20-Jan-2026 08:15:30.123 SEVERE [main] x failed', 17, AT],
    ['Django', '[20/Jan/2026 08:15:30] "GET / HTTP/1.1" 200 12', 0, SECOND],
    ['German date', '20.01.2026 08:15:30,123 ERROR fehlgeschlagen', 17, AT],
    ['Cassandra', 'WARN  [main] 2026-01-20 08:15:30,123 Gossiper.java:12 - slow', 13, AT],
    ['Python', 'ERROR:2026-01-20 08:15:30,123:root:failed', 17, AT],
    ['Django', 'INFO 2026-01-20 08:15:30,123 views 17 140 no ERROR', 9, AT],
    ['ClickHouse', '2026.01.20 08:15:30.123456 [ 12 ] {} <Error> TCPHandler: Code: 60', 17, AT],
    ['Squid', '1768896930.123    95 10.0.0.1 TCP_MISS/200 4512 GET http://example.org/ - HIER_DIRECT/10.0.0.2 text/html', 0, AT],
    ['Nagios', '[1768896930] SERVICE ALERT: web1;HTTP;CRITICAL;HARD;3;Connection refused', 19, SECOND],
    ['auditd', 'type=SYSCALL msg=audit(1768896930.123:115): arch=c000003e syscall=59', 0, AT],
    ['Dovecot', 'Jan 20 08:15:30 imap-login: Error: auth-client: conn failed', 17, SECOND],
    ['tracing', '\x1b[2m2026-01-20T08:15:30.123456Z\x1b[0m \x1b[31mERROR\x1b[0m \x1b[2mapp\x1b[0m: failed', 17, AT],
    ['tracing', '2026-01-20T08:15:30.123456Z \x1b[33m WARN\x1b[0m app: slow', 13, AT],
    ['winston', '\x1b[31merror\x1b[39m: failed', 17, 0],
    ['winston', '2026-01-20T08:15:30.123Z [\x1b[31merror\x1b[39m] failed', 17, AT],
    ['npm', '\x1b[0m\x1b[1m\x1b[31mError: \x1b[0mInvalid reference', 17, 0],
    ['GlusterFS', '[2026-01-20 08:15:30.123456] E [MSGID: 101] [x.c:1:f] 0-glusterfs: failed', 17, AT],
    ['Telegraf', '2026-01-20T08:15:30Z E! [outputs.influx] failed', 17, SECOND],
    ['CUPS', 'E [20/Jan/2026:08:15:30 +0000] [Job 1] failed', 17, SECOND],
    ['Monit', '[2026-01-20T08:15:30+0000] error    : x failed', 17, SECOND],
    ['Unbound', '[1768896930] unbound[12:0] error: failed', 17, SECOND],
    ['BIND', '20-Jan-2026 08:15:30.123 general: error: failed', 17, AT],
    ['Sonarr', '2026-01-20 08:15:30.1|Error|DownloadService|failed', 17, SECOND + 100],
    ['Plex', 'Jan 20, 2026 08:15:30.123 [0x7f12] ERROR - failed', 17, AT],
    ['java.util.logging', 'Jan 20, 2026 8:15:30 AM com.foo.Bar run SEVERE: failed', 17, SECOND],
    ['a compact date', '20260120 08:15:30.123 ERROR failed', 17, AT],
    ['a level between tabs', 'host1\tError\tThe service ended', 17, 0],
    ['PostgreSQL in German', '2026-01-20 08:15:30.123 UTC [1] bob@shop FEHLER:  doppelter Schlüsselwert', 17, AT],
    ['MySQL', '2026-01-20T08:15:30.123456Z 12 [Note] [MY-010051] [Server] x', 10, AT],
  ])('%s: %s', (_, line, severity, timeMs) => {
    const [record] = parse(line);

    expect(record).toMatchObject({ body: line, severity, timeMs });
  });

  test.each([
    ['a name with a bar is no level', '2026-01-20 08:15:30 %SYS-5-CONFIG_I: Configured', 0],
    ['nor is one behind a bar', '2026-01-20 08:15:30 code=NO_ERROR', 0],
    ['a time behind a word that is no level is part of the message', 'Backup of 2026-01-20 08:15:30 is DONE', 0],
    ['a small word in the text is none', '2026-01-20 08:15:30 there was no error here', 0],
    ['a small letter is no head of klog', 'e0120 08:15:30.123456    4711 x.go:1] x', 0],
    ['the time of another day is another number', '9999999999.123 x', 0],
    ['ten digits alone are no time', '1768896930 x', 0],
    ['a letter of a sentence is no level', '2026-01-20 08:15:30 I think so', 0],
    ['a word before a colon is none in a sentence', '2026-01-20 08:15:30 there is no error: all well', 0],
    ['what is coloured need not be a level', '\x1b[1mthe error\x1b[0m was x', 0],
    ['31 February is no time', '31.02.2026 08:15:30 x', 0],
  ])('%s: %s', (_, line, severity) => {
    expect(parse(line)[0]).toMatchObject({ body: line, severity });
  });

  test.each([
    ['slog', '{"time":"2026-01-20T08:15:30.123Z","level":"ERROR+2","msg":"m"}', 19],
    ['slog', '{"time":"2026-01-20T08:15:30.123Z","level":"DEBUG-4","msg":"m"}', 1],
    ['slog', 'time=2026-01-20T08:15:30.123Z level=WARN+1 msg=m', 14],
    ['Serilog compact', '{"@t":"2026-01-20T08:15:30.1230000Z","@mt":"m","@l":"Error"}', 17],
    ['Serilog', '{"Timestamp":"2026-01-20T08:15:30.123Z","Level":"Fatal","MessageTemplate":"t","RenderedMessage":"m"}', 21],
    ['.NET', '{"EventId":0,"LogLevel":"Critical","Category":"X","Message":"m","Timestamp":"2026-01-20T08:15:30.123Z"}', 21],
    ['MongoDB', '{"t":{"$date":"2026-01-20T08:15:30.123+00:00"},"s":"E",  "c":"STORAGE","id":22435,"ctx":"conn1","msg":"m"}', 17],
    ['MongoDB', '{"t":{"$date":"2026-01-20T08:15:30.123+00:00"},"s":"D2", "c":"QUERY","id":1,"ctx":"conn1","msg":"m"}', 4],
    ['a letter', '{"time":"2026-01-20T08:15:30.123Z","level":"W","msg":"m"}', 13],
    ['Vault', '{"@level":"error","@message":"m","@module":"core","@timestamp":"2026-01-20T08:15:30.123Z"}', 17],
    ['CloudTrail', '{"eventTime":"2026-01-20T08:15:30.123Z","level":"error","message":"m"}', 17],
    ['no level', '{"time":"2026-01-20T08:15:30.123Z","s":"a size","msg":"m"}', 0],
    ['ECS', '{"@timestamp":"2026-01-20T08:15:30.123Z","log":{"level":"error","logger":"a.b"},"message":"m"}', 17],
  ])('%s: %s', (_, line, severity) => {
    expect(parse(line)[0]).toMatchObject({ body: 'm', severity, timeMs: AT });
  });
});

test.each([
  ['fatal: no SASL authentication mechanisms', 21],
  ['[error] no such table', 17],
  ['connect from unknown: no error', 0],
])('syslog without a priority has the level of its message: %s', (message, severity) => {
  const [record] = parse(`Jan 20 08:15:30 mx1 postfix/smtpd[12]: ${message}`);

  expect(record).toMatchObject({ body: message, severity });
});

test('what follows a banner is read, though the banner came alone', () => {
  const chain = compileOperators([{ type: 'auto_parser', location: 'UTC' }], { id: 'test' });
  chain.start(createTestHost());
  const after = [
    '> shop@1.2.0 start',
    '> node server.js',
    'ERROR before all else',
    ...Array.from({ length: 20 }, () => '{"level":"error","msg":"m"}'),
  ];

  const severities = after.map((line) => {
    const batch = new LogBatch();
    batch.reset(Buffer.from(line));
    batch.addRow(ValueType.string, 0, line.length);
    chain.process(batch);
    return batch.severity[0];
  });

  expect(severities.slice(0, 3)).toEqual([0, 0, 17]);
  expect(severities.slice(-16).every((severity) => severity === 17)).toBe(true);
});

test('ids and exceptions of Serilog, and the service of ECS, have their places', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';

  const [serilog, ecs] = parse(
    `{"@t":"2026-01-20T08:15:30Z","@mt":"m {Id}","@x":"E: x\\n  at Y","Id":7,"@tr":"${trace}","@sp":"b7ad6b7169203331"}`,
    '{"message":"m","service":{"name":"shop","version":"1.2"}}',
  );

  expect(serilog).toMatchObject({ body: 'm {Id}', traceId: trace, attributes: { Id: 7, 'exception.stacktrace': 'E: x\n  at Y' } });
  expect(ecs?.resource).toEqual({ 'service.name': 'shop', 'service.version': '1.2' });
});

test('the time of MongoDB is read out of its map', () => {
  const [record] = parse('{"t":{"$date":"2026-01-20T08:15:30.123Z"},"s":"I","c":"NETWORK","msg":"Connection accepted"}');

  expect(record).toMatchObject({ body: 'Connection accepted', timeMs: AT, severity: 9, attributes: { c: 'NETWORK' } });
});

test('lines of the audit log, in which msg comes twice, stay whole', () => {
  const line = `type=USER_LOGIN msg=audit(1768896930.123:4712): pid=17 uid=0 msg='op=login acct="root" res=failed'`;

  const [record] = parse(line);

  expect(record).toMatchObject({ body: line, attributes: {} });
});
