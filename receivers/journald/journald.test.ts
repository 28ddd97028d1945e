import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { argumentsOf, type JournaldConfig } from './config.ts';
import { JournaldReceiver } from './journald.ts';

const CONFIG: JournaldConfig = {
  units: [],
  identifiers: [],
  matches: [],
  priority: 'info',
  grep: '',
  dmesg: false,
  files: [],
  namespace: '',
  merge: false,
  all: true,
  start_at: 'beginning',
  journalctl_path: join(import.meta.dirname, 'testdata/journalctl.mjs'),
  body: 'message',
  convert_message_bytes: true,
  max_log_size: '16MiB',
  attributes: {},
  resource: {},
  operators: [],
  flush_interval: '100ms',
  max_batch_records: 1000,
  max_batch_size: '1MiB',
};

let directory = '';
const running: JournaldReceiver[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-journald-'));
});
afterEach(async () => {
  for (const receiver of running.splice(0)) await receiver.shutdown(AbortSignal.abort());
  rmSync(directory, { recursive: true, force: true });
});

type Fields = Readonly<Record<string, unknown>>;

function lineOf(number: number, fields: Fields = {}): string {
  const place = { __CURSOR: `s=abc;i=${number}`, __REALTIME_TIMESTAMP: String(1_769_767_872_000_000 + number), __MONOTONIC_TIMESTAMP: '1' };
  return `${JSON.stringify({ ...place, PRIORITY: '6', MESSAGE: `message ${number}`, ...fields })}\n`;
}

/** Entries `from` to `to`, as journalctl would write them. */
function write(from: number, to: number): void {
  for (let number = from; number <= to; number++) appendFileSync(join(directory, 'journal.jsonl'), lineOf(number));
}

const messages = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `message ${from + i}`);

interface Rig {
  readonly receiver: JournaldReceiver;
  readonly sink: LogsSink;
  readonly host: TestHost;
  readonly clock: FakeClock;
  readonly until: (isTrue: () => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function start(config: Partial<JournaldConfig> = {}, storage: MemoryStorage = new MemoryStorage()): Promise<Rig> {
  const sink = new LogsSink();
  const clock = new FakeClock();
  const host = createTestHost({ clock, storage });
  const receiver = new JournaldReceiver({ ...CONFIG, directory, ...config }, { id: 'journald' }, sink);
  running.push(receiver);
  await receiver.start(host);
  // The program runs in real time, the clock does not: it goes on while the test looks.
  const until = async (isTrue: () => boolean): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (!isTrue()) {
      if (performance.now() > deadline) throw new Error('what the test waits for has not come true');
      await clock.advance(50);
    }
  };
  return { receiver, sink, host, clock, until, stop: () => receiver.shutdown(new AbortController().signal) };
}

/** Arguments of each run. */
function calls(): string[][] {
  const lines = readFileSync(join(directory, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as string[]);
}

test('an entry becomes a record with its time, severity, message and fields', async () => {
  writeFileSync(join(directory, 'journal.jsonl'), lineOf(7, { PRIORITY: '4', _SYSTEMD_UNIT: 'ssh.service', TWICE: ['a', 'b'] }));

  const { sink, until } = await start();
  await until(() => sink.records.length === 1);

  expect(sink.records).toMatchObject([
    {
      body: 'message 7',
      timeMs: 1_769_767_872_000,
      timeNs: 7000,
      severityText: 'warning',
      attributes: { PRIORITY: '4', _SYSTEMD_UNIT: 'ssh.service', TWICE: ['a', 'b'] },
    },
  ]);
});

test('a message of 100 kB and one that is no UTF-8 arrive byte-equal', async () => {
  const large = Buffer.alloc(100_000, 'grün und €uro ');
  const binary = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  const lines = [lineOf(1, { MESSAGE: large.toString() }), lineOf(2, { MESSAGE: [...binary] }), lineOf(3)];
  writeFileSync(join(directory, 'journal.jsonl'), lines.join(''));

  const { sink, until } = await start();
  await until(() => sink.records.length === 3);

  expect(sink.bodies[0] === large.toString()).toBe(true);
  expect(Buffer.from(sink.bodies[1] as Uint8Array).equals(binary)).toBe(true);
  expect(sink.bodies[2]).toBe('message 3');
});

test('with body "entry" the body is a map of all fields', async () => {
  write(1, 1);

  const { sink, until } = await start({ body: 'entry' });
  await until(() => sink.records.length === 1);

  expect(sink.bodies).toEqual([{ __CURSOR: 's=abc;i=1', __MONOTONIC_TIMESTAMP: '1', PRIORITY: '6', MESSAGE: 'message 1' }]);
});

test('follows what is written later, and goes on after a restart where it was', async () => {
  const storage = new MemoryStorage();
  write(1, 3);
  const first = await start({}, storage);
  await first.until(() => first.sink.records.length === 3);
  write(4, 5);
  await first.until(() => first.sink.records.length === 5);
  await first.stop();
  write(6, 8);

  const second = await start({}, storage);
  await second.until(() => second.sink.records.length === 3);
  await second.stop();

  expect(first.sink.bodies).toEqual(messages(1, 5));
  expect(second.sink.bodies).toEqual(messages(6, 8));
  expect(calls().flat()).toContain('--after-cursor=s=abc;i=5');
});

test('reads what was written before a reboot, which journalctl leaves out when it follows', async () => {
  const storage = new MemoryStorage();
  write(1, 1);
  const first = await start({}, storage);
  await first.until(() => first.sink.records.length === 1);
  await first.stop();
  appendFileSync(join(directory, 'journal.jsonl'), lineOf(2, { _BOOT_ID: 'before' }));
  write(3, 3);

  const second = await start({}, storage);
  await second.until(() => ['--follow', '--after-cursor=s=abc;i=3'].every((argument) => calls().at(-1)?.includes(argument)));
  write(4, 4);
  await second.until(() => second.sink.records.length === 3);

  expect(second.sink.bodies).toEqual(messages(2, 4));
});

test('what the pipeline gives up before journalctl follows is read again', async () => {
  write(1, 3);
  const { sink, until } = await start({ max_batch_records: 1 });
  sink.mode = 'keep';
  await until(() => sink.kept.length === 3);
  for (const { delivery } of sink.kept.splice(0)) delivery.abandoned(1);
  sink.mode = 'durable';
  await until(() => sink.records.length === 6);

  expect(sink.bodies).toEqual([...messages(1, 3), ...messages(1, 3)]);
});

test('the cursor moves only over what is settled, from the front', async () => {
  const storage = new MemoryStorage();
  write(1, 3);
  const first = await start({ max_batch_records: 1 }, storage);
  first.sink.mode = 'keep';
  await first.until(() => first.sink.records.length === 3);
  const [one, two, three] = first.sink.kept.splice(0);
  three?.delivery.durable(1);
  await first.clock.advance(0);
  expect(storage.client('test').get('cursor')).toBeUndefined();
  one?.delivery.durable(1);
  await first.clock.advance(0);
  expect(Buffer.from(storage.client('test').get('cursor') ?? []).toString()).toBe('s=abc;i=1');
  await first.stop();
  two?.delivery.abandoned(1);

  const second = await start({}, storage);
  await second.until(() => second.sink.records.length === 2);

  expect(second.sink.bodies).toEqual(messages(2, 3));
});

test('the cursor is part of the transaction that makes its entries durable', async () => {
  const storage = new MemoryStorage();
  write(1, 2);
  const { sink, clock, until } = await start({}, storage);
  sink.mode = 'keep';
  await until(() => sink.records.length === 2);
  const client = storage.client('queue');
  const transaction = client.begin();

  for (const { delivery, rows } of sink.kept.splice(0)) delivery.durable(rows, transaction);
  await clock.advance(0);
  expect(storage.client('test').get('cursor')).toBeUndefined();
  await client.commit(transaction);

  expect(Buffer.from(storage.client('test').get('cursor') ?? []).toString()).toBe('s=abc;i=2');
});

test('what the pipeline gives up while it runs is read again', async () => {
  write(1, 3);
  const { sink, until } = await start();
  sink.mode = 'abandon';
  await until(() => sink.records.length === 3);

  sink.mode = 'durable';
  await until(() => sink.records.length === 6);
  write(4, 4);
  await until(() => sink.records.length === 7);

  expect(sink.bodies).toEqual([...messages(1, 3), ...messages(1, 4)]);
});

test('a first start at the end notes its time, so that a crash before the first entry opens no gap', async () => {
  const storage = new MemoryStorage();
  writeFileSync(join(directory, 'journal.jsonl'), '');
  writeFileSync(join(directory, 'calls'), '');
  const first = await start({ start_at: 'end' }, storage);
  await first.until(() => calls().length === 2);
  await first.stop();

  const second = await start({ start_at: 'end' }, storage);
  await second.until(() => calls().length === 4);

  const since = `--since=@${(Date.UTC(2026, 0, 30, 12) / 1000).toFixed(3)}`;
  expect(calls().map((call) => call.includes(since))).toEqual([true, true, true, true]);
});

test('journalctl is started again when it ends, and goes on behind what was settled', async () => {
  write(1, 2);
  const { sink, host, until } = await start();
  await until(() => sink.records.length === 2);
  writeFileSync(join(directory, 'fail'), '');
  await until(() => host.lines.some(({ message }) => message.startsWith('journalctl has ended')));
  rmSync(join(directory, 'fail'));
  write(3, 3);

  await until(() => sink.records.length === 3);

  expect(sink.bodies).toEqual(messages(1, 3));
  expect(host.lines.find(({ level }) => level === 'warn')?.facts).toMatchObject({ exit_code: 1, stderr: 'Failed to open the journal.' });
});

test('an entry that is too long or no JSON is dropped and counted, the others are not', async () => {
  const text = [lineOf(1), 'not JSON\n', lineOf(2, { MESSAGE: 'x'.repeat(5000) }), lineOf(3)].join('');
  writeFileSync(join(directory, 'journal.jsonl'), text);

  const { sink, host, until } = await start({ max_log_size: '2KiB' });
  await until(() => sink.records.length === 2);

  expect(sink.bodies).toEqual(['message 1', 'message 3']);
  expect(host.metric('winnow_journald_unreadable_entries')).toBe(2);
});

test('while the pipeline takes nothing journalctl waits, and nothing is lost', async () => {
  const text = Array.from({ length: 5000 }, (_, i) => lineOf(i + 1, { PAD: 'x'.repeat(500) })).join('');
  writeFileSync(join(directory, 'journal.jsonl'), text);
  const { sink, clock, until } = await start({ max_batch_records: 10 });
  sink.isRefusing = true;
  for (let i = 0; i < 50; i++) await clock.advance(50);

  sink.isRefusing = false;
  await until(() => sink.records.length === 5000);

  expect(sink.bodies).toEqual(messages(1, 5000));
}, 30_000);

test('a program that is not there rejects the start and says what to do', async () => {
  await expect(start({ journalctl_path: join(directory, 'nothing') })).rejects.toThrow(/install systemd or set "journalctl_path"/);
});

const CHOSEN: Partial<JournaldConfig> = {
  units: ['ssh', 'nginx'],
  identifiers: ['kernel'],
  priority: 'emerg..err',
  grep: 'a|b',
  dmesg: true,
  namespace: 'n',
  merge: true,
  matches: [{ _UID: '0', _PID: '1' }, { _TRANSPORT: 'kernel' }],
};

test('the options become arguments of journalctl', () => {
  const args = argumentsOf({ ...CONFIG, ...CHOSEN, files: ['/a', '/b'] }, { cursor: 'c', since: '1' }, true);

  expect(args.join(' ')).toBe(
    '--output=json --all --follow --no-tail --utc --priority=emerg..err --file=/a --file=/b --unit=ssh --unit=nginx --identifier=kernel ' +
      '--grep=a|b --dmesg --namespace=n --merge --after-cursor=c _UID=0 _PID=1 + _TRANSPORT=kernel',
  );
});

function hasJournalctl(): boolean {
  try {
    return execFileSync('journalctl', ['--version'], { encoding: 'utf8' }).includes('systemd');
  } catch {
    return false;
  }
}

const isReal = hasJournalctl();
if (!isReal) process.stderr.write('SKIPPED: the arguments of journald are not tried with a real journalctl, which is missing.\n');

describe.skipIf(!isReal)('the real journalctl', () => {
  test('takes the arguments', () => {
    // Without grep, which makes an exit code of finding nothing; and one look is enough.
    const chosen = { ...CONFIG, ...CHOSEN, dmesg: false, namespace: '', grep: '', directory };
    const args = argumentsOf(chosen, { cursor: undefined, since: '1769767872.003' }, false);

    const { status, stderr } = spawnSync('journalctl', args, { encoding: 'utf8' });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
