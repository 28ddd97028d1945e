import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { validate } from '../../test/contract/subject.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import { SyslogReceiver } from './syslog.ts';

/** The program, and the folder of its modules when they are not where it looks for them. */
const RSYSLOGD = process.env['RSYSLOGD'] ?? '/usr/sbin/rsyslogd';
const MODULES = process.env['RSYSLOG_MODULES'];
const canForward = isThere();

function isThere(): boolean {
  try {
    return execFileSync(RSYSLOGD, ['-v'], { encoding: 'utf8' }).includes('rsyslogd');
  } catch {
    return false;
  }
}

if (!canForward) process.stderr.write('SKIPPED: syslog is not tested with rsyslog, which is missing; RSYSLOGD may name it.\n');

const FORWARDS = [
  'protocol="tcp" template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"',
  'protocol="tcp" template="RSYSLOG_ForwardFormat"',
  'protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"',
  'protocol="udp" template="RSYSLOG_SyslogProtocol23Format"',
];
const MESSAGES = 200;

describe.skipIf(!canForward)('rsyslog', () => {
  test('forwards by TCP and UDP, with counts and lines, in all its formats', { timeout: 30_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'winnow-rsyslog-'));
    const sink = new LogsSink();
    const { config } = validate(factory, { tcp: { listen_address: 'localhost:0' }, udp: { listen_address: 'localhost:0' } });
    const receiver = factory.create(config as never, { id: 'syslog' }, sink);
    if (!(receiver instanceof SyslogReceiver)) throw new TypeError('the factory makes another receiver');
    await receiver.start(createTestHost({ clock: systemClock }));
    const { tcp, udp } = receiver.ports;
    const input = join(folder, 'input.log');
    const settings = [
      `global(workDirectory="${folder}")`,
      'module(load="imfile")',
      `input(type="imfile" File="${input}" Tag="app:" Severity="err" Facility="user")`,
      ...FORWARDS.map((text) => `action(type="omfwd" target="127.0.0.1" port="${text.includes('"udp"') ? udp : tcp}" ${text})`),
    ];
    writeFileSync(join(folder, 'rsyslog.conf'), `${settings.join('\n')}\n`);
    writeFileSync(input, Array.from({ length: MESSAGES }, (_, i) => `number ${i} grüße <x> [y]\n`).join(''));
    const modules = MODULES === undefined ? [] : ['-M', MODULES];
    const child = spawn(RSYSLOGD, ['-n', '-i', join(folder, 'pid'), '-f', join(folder, 'rsyslog.conf'), ...modules], { stdio: 'inherit' });
    try {
      await expect.poll(() => sink.records.length, { timeout: 20_000 }).toBe(FORWARDS.length * MESSAGES);
      // In RFC 5424 rsyslog keeps the space that ended the tag.
      const texts = sink.records.map(({ attributes }) => JSON.stringify(attributes['message']).replace('" ', '"'));
      for (let i = 0; i < MESSAGES; i++)
        expect(texts.filter((text) => text === `"number ${i} grüße <x> [y]"`)).toHaveLength(FORWARDS.length);
      expect(new Set(sink.records.map(({ attributes }) => attributes['appname']))).toEqual(new Set(['app']));
      expect(new Set(sink.records.map(({ severityText }) => severityText))).toEqual(new Set(['err']));
    } finally {
      child.kill();
      await once(child, 'exit');
      await receiver.shutdown(AbortSignal.timeout(1000));
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
