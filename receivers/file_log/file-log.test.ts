import * as fs from 'node:fs';
import { closeSync, linkSync, openSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ConfigError } from '#component';
import type { FileLogConfig } from './config.ts';
import { configOf } from './harness.ts';
import { factory } from './index.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function createRig(config: Partial<FileLogConfig> = {}, filesystem?: typeof fs): Rig {
  const rig = new Rig(config, filesystem);
  rigs.push(rig);
  return rig;
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('reads what is there and what is appended', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\ntwo\n');
  await rig.start();
  rig.append('a.log', 'three\r\n\n  four  \n');
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three', 'four']);
  expect(rig.sink.safe[0]?.attributes).toEqual({ 'log.file.name': 'a.log' });
  expect(rig.sink.safe[0]?.observedMs).toBeGreaterThan(0);
  expect(rig.host.metric('winnow_file_log_offset_bytes')).toBe(statSync(rig.path('a.log')).size);
  expect(rig.host.metric('winnow_file_log_size_bytes')).toBe(statSync(rig.path('a.log')).size);
  expect(rig.host.metric('otelcol_fileconsumer_open_files')).toBe(1);
});

test('starts at the end of files that are there at the first start, at the beginning of others', async () => {
  const rig = createRig({ start_at: 'end' });
  rig.append('a.log', 'old\n');
  await rig.start();
  rig.append('a.log', 'new\n');
  rig.append('b.log', 'found later\n');
  await rig.pass(400);
  await rig.stop();
  rig.append('c.log', 'made while down\n');
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['new', 'found later', 'made while down']);
});

test('leaves out files that were not written for long', async () => {
  const rig = createRig({ exclude_older_than: '1h' });
  rig.append('old.log', 'old\n');
  rig.append('new.log', 'new\n');
  fs.utimesSync(rig.path('old.log'), 0, Date.now() / 1000 - 7200);
  await rig.start();
  await rig.pass(200);
  expect(rig.sink.bodies).toEqual(['new']);
  rig.append('old.log', 'awake\n');
  await rig.until(() => rig.sink.bodies.length === 3);

  expect(rig.sink.bodies).toEqual(['new', 'old', 'awake']);
});

test('sets the attributes that are asked for, those of the file before configured ones', async () => {
  const rig = createRig({
    include_file_path: true,
    include_file_name_resolved: true,
    include_file_path_resolved: true,
    include_file_owner_name: true,
    include_file_owner_group_name: true,
    include_file_permissions: true,
    include_file_record_number: true,
    include_file_record_offset: true,
    attributes: { team: 'ours', 'log.file.name': 'not this' },
    resource: { 'service.name': 'shop' },
  });
  rig.append('real.txt', 'one\n\n  two\n');
  fs.chmodSync(rig.path('real.txt'), 0o640);
  symlinkSync(rig.path('real.txt'), rig.path('a.log'));
  await rig.start();
  await rig.pass(200);

  const user = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.split(':')[2] === String(process.getuid?.()));
  expect(rig.sink.safe[1]?.attributes).toMatchObject({
    team: 'ours',
    'log.file.name': 'a.log',
    'log.file.path': rig.path('a.log'),
    'log.file.name_resolved': 'real.txt',
    'log.file.path_resolved': rig.path('real.txt'),
    'log.file.owner.name': user?.split(':')[0] ?? String(process.getuid?.()),
    'log.file.permissions': '640',
    'log.file.record_number': 3,
    'log.file.record_offset': 5,
  });
});

// ---- rotation ----

test('rename and create: what is written to the renamed file afterwards comes first, then the new file', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  const late = openSync(rig.path('a.log'), 'a');
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', 'three\n');
  writeSync(late, 'two\n');
  await rig.pass(200);
  writeSync(late, 'very late\n');
  closeSync(late);
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three', 'very late']);
  expect(rig.names()).toEqual(['a.log', 'a.log', 'a.log', 'a.log']);
  expect(rig.host.metric('winnow_file_log_rotations')).toBe(1);
});

test('a renamed file that is still asked for goes on under its new name', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  fs.renameSync(rig.path('a.log'), rig.path('b.log'));
  await rig.pass(400);
  rig.append('b.log', 'two\n');
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
  expect(rig.names()).toEqual(['a.log', 'b.log']);
});

test('a renamed file is closed when nobody has written to it for a while', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(1_000);
  expect(rig.host.metric('otelcol_fileconsumer_open_files')).toBe(1);
  await rig.until(() => rig.host.metric('otelcol_fileconsumer_open_files') === 0, 70_000);

  expect(rig.host.metric('otelcol_fileconsumer_open_files')).toBe(0);
});

test.each([
  ['and the copy is not asked for', 'a.log'],
  ['and the copy fits the pattern, too', 'a.log*'],
])('copytruncate: nothing is lost or repeated, %s', async (_name, pattern) => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 50)));
  await rig.start({ include: [rig.path(pattern)] });
  rig.append('a.log', text(numbered(50, 60)));
  fs.copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(100);
  truncateSync(rig.path('a.log'));
  rig.append('a.log', text(numbered(60, 70)));
  await rig.until(() => rig.sink.bodies.length >= 70);
  await rig.pass(5_000);

  expect(rig.sink.bodies.toSorted()).toEqual(numbered(0, 70).toSorted());
});

test('a truncated file is read from its beginning, also when it has grown past the old place already', async () => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 5)));
  await rig.start();
  truncateSync(rig.path('a.log'));
  await rig.pass(200);
  rig.append('a.log', 'short\n');
  await rig.pass(200);
  writeFileSync(rig.path('a.log'), text(numbered(100, 150)));
  await rig.pass(1_000);

  expect(rig.sink.bodies).toEqual([...numbered(0, 5), 'short', ...numbered(100, 150)]);
  expect(rig.host.metric('winnow_file_log_truncations')).toBe(2);
});

test.each([
  ['read_new', ['one', 'two', 'four']],
  ['ignore', ['one', 'two']],
] as const)('on_truncate: %s', async (onTruncate, bodies) => {
  const header = `${'#'.repeat(40)}\n`;
  const rig = createRig({ on_truncate: onTruncate, fingerprint_size: 20, exclude: [] });
  rig.append('a.log', `${header}one\ntwo\n`);
  await rig.start();
  truncateSync(rig.path('a.log'), header.length);
  await rig.pass(200);
  rig.append('a.log', 'four\n');
  await rig.pass(1_000);

  expect(rig.sink.bodies.slice(1)).toEqual(bodies);
});

test('a file deleted and made again is read from its beginning', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  unlinkSync(rig.path('a.log'));
  rig.append('a.log', 'two\n');
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('inode reuse: a new file under an old inode is read from its beginning', async () => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 10)));
  const { ino } = statSync(rig.path('a.log'));
  await rig.start();
  await rig.pass(200);
  await rig.stop();
  unlinkSync(rig.path('a.log'));
  // Which inode a new file gets is up to the file system; most give the one that was freed last.
  for (let i = 0; i < 50; i++) {
    writeFileSync(rig.path(`${i}.tmp`), text(numbered(100, 130)));
    if (statSync(rig.path(`${i}.tmp`)).ino !== ino && i < 49) continue;
    fs.renameSync(rig.path(`${i}.tmp`), rig.path('a.log'));
    break;
  }
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual([...numbered(0, 10), ...numbered(100, 130)]);
});

test('a link that is switched to another file: the old one is read to its end, then the new one', async () => {
  const rig = createRig();
  rig.append('first.txt', 'one\n');
  symlinkSync(rig.path('first.txt'), rig.path('a.log'));
  await rig.start();
  rig.append('first.txt', 'two\n');
  rig.append('second.txt', 'three\n');
  unlinkSync(rig.path('a.log'));
  symlinkSync(rig.path('second.txt'), rig.path('a.log'));
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

test('a file with several names is read once', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  linkSync(rig.path('a.log'), rig.path('b.log'));
  symlinkSync(rig.path('a.log'), rig.path('c.log'));
  await rig.start({ include: [rig.path('*.log'), rig.path('a.*')] });
  await rig.pass(400);
  rig.append('b.log', 'two\n');
  await rig.pass(2_000);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('two files that begin alike are both read', async () => {
  const header = `${'#'.repeat(2000)}\n`;
  const rig = createRig();
  rig.append('a.log', `${header}one\n`);
  await rig.start();
  await rig.pass(200);
  rig.append('b.log', `${header}two\n`);
  await rig.pass(400);
  // Even when they are equal to the last byte.
  rig.append('c.log', `${header}one\n`);
  await rig.until(() => rig.sink.bodies.length === 6);

  expect(rig.sink.bodies.filter((body) => !String(body).startsWith('#'))).toEqual(['one', 'two', 'one']);
});

// ---- restarts ----

test('goes on after a restart where it was', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'two\n');
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test.each([
  ['by rename', () => {}],
  ['into .gz', (rig: Rig) => pack(rig, 'a.log.1', 'gz')],
  ['into .zst', (rig: Rig) => pack(rig, 'a.log.1', 'zst')],
])('rotation while the agent is down loses nothing (%s)', async (_name, afterwards) => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'two\n');
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', 'three\n');
  afterwards(rig);
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 3);
  await rig.pass(2_000);

  expect(rig.sink.bodies.toSorted()).toEqual(['one', 'three', 'two']);
});

function pack(rig: Rig, name: string, kind: 'gz' | 'zst'): void {
  const bytes = fs.readFileSync(rig.path(name));
  writeFileSync(rig.path(`${name}.${kind}`), kind === 'gz' ? gzipSync(bytes) : zstdCompressSync(bytes));
  unlinkSync(rig.path(name));
}

test('a crash repeats only what nobody had answered for', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(50);
  rig.sink.isHolding = true;
  rig.append('a.log', 'two\n');
  await rig.pass(200);
  expect(rig.sink.given).toHaveLength(2);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
  expect(rig.sink.given.map(({ body }) => body)).toEqual(['one', 'two', 'two']);
});

test('what was settled behind an open piece is not repeated after a crash', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  rig.sink.settle(1, true);
  await rig.pass(50);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['two', 'one', 'three']);
});

test('a transaction of the same storage carries the position', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  const client = rig.storage.client('test');
  const [first, second] = [client.begin(), client.begin()];
  const [one, two] = rig.sink.held.splice(0);
  one?.delivery.durable(1, first);
  two?.delivery.durable(1, second);
  // Committed in the other order: only the second is safe when the process ends.
  await client.commit(second);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one']);
});

test('what is abandoned is read again after a pause, and nothing else is', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  rig.sink.settle(1, false);
  await rig.pass(300);
  expect(rig.sink.given).toHaveLength(3);
  await rig.pass(1_000);

  expect(rig.sink.given.map(({ body }) => body)).toEqual(['one', 'two', 'three', 'two']);
});

test('positions that cannot be stored hold up nothing, and are stored later', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(100);
  const unblock = rig.storage.block();
  rig.append('a.log', 'two\n');
  await rig.pass(200);
  rig.append('a.log', 'three\n');
  await rig.pass(200);
  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
  unblock();
  await rig.pass(50);
  await rig.crash();
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

test('files that are no longer asked for are left alone', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  rig.append('b.log', 'two\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'three\n');
  rig.append('b.log', 'four\n');
  await rig.start({ include: [rig.path('b.log')] });
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'four']);
});

// ---- configuration ----

test.each<[Partial<FileLogConfig>, string, string]>([
  [{ include: ['/a/['] }, 'include.0', '"[" is never closed'],
  [{ encoding: 'utf-9' }, 'encoding', 'expected an encoding such as "utf-8"'],
  [{ multiline: { line_start_pattern: '', line_end_pattern: '', omit_pattern: false } }, 'multiline', 'got neither'],
  [{ multiline: { line_start_pattern: 'a', line_end_pattern: 'b', omit_pattern: false } }, 'multiline', 'got both'],
  [{ multiline: { line_start_pattern: '(', line_end_pattern: '', omit_pattern: false } }, 'multiline.line_start_pattern', ''],
  [{ multiline: { line_start_pattern: 'a', line_end_pattern: '', omit_pattern: false }, encoding: 'nop' }, 'multiline', 'has no lines'],
  [{ delete_after_read: true, start_at: 'end' }, 'delete_after_read', 'set start_at to "beginning"'],
  [{ header: { pattern: '^#' } }, 'header', 'not supported'],
  [{ acquire_fs_lock: true }, 'acquire_fs_lock', 'not supported'],
  [{ storage: '' }, 'storage', 'expected the id'],
  [{ poll_interval: '0s' }, 'poll_interval', 'expected more than 0'],
  [
    { ordering_criteria: { top_n: 1, sort_by: [{ sort_type: 'timestamp', ascending: false, location: 'UTC' }] } },
    'ordering_criteria.sort_by.0',
    'needs ordering_criteria.regex',
  ],
])('refuses %j', (written, path, message) => {
  const problems = factory.check?.(configOf({ include: ['/a'], ...written })) ?? [];

  expect(problems[0]?.path).toBe(path);
  expect(problems[0]?.message).toContain(message);
});

test('takes a configuration that it accepts', () => {
  expect(factory.check?.(configOf({ include: ['/a'] }))).toEqual([]);
  expect(() =>
    factory.create(
      configOf({ include: ['/a'], operators: [{ type: 'regex_parser', regex: '(' } as never] }),
      { id: 'x' },
      createRig().sink,
    ),
  ).toThrow(ConfigError);
});

test('starts and stops without files, twice', async () => {
  const rig = createRig();
  await rig.start();
  await rig.pass(1_000);
  await rig.stop();
  await rig.stop();

  expect(rig.host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  expect(rig.host.lines[0]?.message).toContain('No file fits');
  expect(rig.clock.pendingTimers).toBe(0);
});
