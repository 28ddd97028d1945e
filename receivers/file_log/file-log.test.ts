import * as fs from 'node:fs';
import { statSync, symlinkSync } from 'node:fs';
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
