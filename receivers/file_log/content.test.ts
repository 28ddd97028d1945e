import * as fs from 'node:fs';
import { writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function createRig(config: Partial<FileLogConfig> = {}): Rig {
  const rig = new Rig(config);
  rigs.push(rig);
  return rig;
}

/** What a file with these bytes gives in the end. */
async function read(bytes: string | Uint8Array, config: Partial<FileLogConfig> = {}): Promise<unknown[]> {
  const rig = createRig(config);
  rig.append('a.log', bytes);
  await rig.start();
  await rig.pass(1_500);
  return rig.sink.bodies;
}

// ---- the last line ----

test('a last line without its end is a record when nothing has followed for a while', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\ntw');
  await rig.start();
  await rig.pass(400);
  rig.append('a.log', 'o and');
  await rig.pass(450);
  expect(rig.sink.bodies).toEqual(['one']);
  await rig.pass(200);
  expect(rig.sink.bodies).toEqual(['one', 'two and']);
  rig.append('a.log', ' more\n');
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two and', 'more']);
});

test('a byte order mark is no part of the first line, and of no other', async () => {
  expect(await read('\ufeff{"a":1}\n\ufefftwo\n')).toEqual(['{"a":1}', '\ufefftwo']);
  expect(await read('\ufeffone\ntwo', { multiline: { line_start_pattern: '^one', line_end_pattern: '', omit_pattern: false } })).toEqual([
    'one\ntwo',
  ]);
  expect(await read('\ufeff', { encoding: 'nop' })).toEqual([new Uint8Array([0xef, 0xbb, 0xbf])]);
});

test('a last line waits for ever when the period is 0', async () => {
  const rig = createRig({ force_flush_period: '0s' });
  rig.append('a.log', 'one');
  await rig.start();
  await rig.pass(60_000);
  expect(rig.sink.bodies).toEqual([]);
  rig.append('a.log', ' and two\n');
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one and two']);
});

// ---- records of several lines ----

test('a record of several lines ends where the next begins, or when nothing follows', async () => {
  const multiline = { line_start_pattern: String.raw`^\d{4}-`, line_end_pattern: '', omit_pattern: false };
  const rig = createRig({ multiline, read_chunk_size: 4096 });
  const trace = Array.from({ length: 300 }, (_, i) => `  at frame ${i}\n`).join('');
  rig.append('a.log', `2026-01 one\n${trace}2026-02 two\n  at x\n`);
  await rig.start();
  await rig.pass(100);
  expect(rig.sink.bodies).toEqual([`2026-01 one\n${trace}`.trim()]);
  await rig.pass(600);

  expect(rig.sink.bodies[1]).toBe('2026-02 two\n  at x');
});

test('an unfinished record of several lines is not given away at shutdown, but whole after the next start', async () => {
  const multiline = { line_start_pattern: '^#', line_end_pattern: '', omit_pattern: false };
  const rig = createRig({ multiline });
  rig.append('a.log', '#1\na\n#2\nb\n');
  await rig.start();
  await rig.pass(100);
  await rig.stop();
  expect(rig.sink.bodies).toEqual(['#1\na']);
  rig.append('a.log', 'c\n#3\n');
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['#1\na', '#2\nb\nc']);
});

// ---- lengths ----

test('a record that is too long becomes several', async () => {
  const bodies = await read(`${'x'.repeat(10_000)}\nshort\n`, { max_log_size: 4096, read_chunk_size: 4096 });

  expect(bodies.map((body) => String(body).length)).toEqual([4096, 4096, 1808, 5]);
});

test('a record that is too long is cut, and the next one is whole', async () => {
  const config = { max_log_size: 4096, read_chunk_size: 4096, max_log_size_behavior: 'truncate' } as const;
  const bodies = await read(`${'x'.repeat(20_000)}\nshort\n${'y'.repeat(5000)}\nend\n`, config);

  expect(bodies.map((body) => String(body).length)).toEqual([4096, 5, 4096, 3]);
});

test('the buffer grows for a long record and shrinks again', async () => {
  const bodies = await read(`a\n${'x'.repeat(100_000)}\n${'b\n'.repeat(5000)}`, { read_chunk_size: 4096 });

  expect(bodies).toHaveLength(5002);
  expect(String(bodies[1])).toHaveLength(100_000);
});

test('lines of one byte fill a batch by their number', async () => {
  const rig = createRig({ max_batch_records: 100 });
  rig.append('a.log', 'x\n'.repeat(1050));
  await rig.start();
  await rig.pass(400);

  expect(rig.sink.bodies).toHaveLength(1050);
  expect(rig.sink.batchRowsMax).toBe(100);
});

test('a piece that holds only empty lines moves the position', async () => {
  const rig = createRig();
  rig.append('a.log', '\n \n\t\n');
  await rig.start();
  await rig.pass(400);

  expect(rig.sink.batches).toBe(0);
  expect(rig.host.metric('winnow_file_log_offset_bytes')).toBe(5);
});

test('white space is kept where that is asked for', async () => {
  const text = '  one \r\n \ntwo\n';

  expect(await read(text, { preserve_leading_whitespaces: true })).toEqual(['  one', 'two']);
  expect(await read(text, { preserve_trailing_whitespaces: true })).toEqual(['one ', 'two']);
  expect(await read(text, { preserve_leading_whitespaces: true, preserve_trailing_whitespaces: true })).toEqual(['  one ', ' ', 'two']);
});

// ---- encodings ----

test('bytes that are no UTF-8 stay as they are, marked, and the lines around them are text', async () => {
  const rig = createRig();
  rig.append('a.log', Buffer.concat([Buffer.from('ä\n'), Buffer.from([0xff, 0x00, 0xfe, 0x0a]), Buffer.from('ö\n')]));
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['ä', new Uint8Array([0xff, 0x00, 0xfe]), 'ö']);
  expect(rig.sink.safe.map(({ attributes }) => attributes['winnow.body.encoding_error'])).toEqual([undefined, true, undefined]);
});

test.each([
  ['utf-16le', Buffer.from('\ufeffgrün\nblau €\n', 'utf16le')],
  ['utf-16', Buffer.from('grün\nblau €\n', 'utf16le')],
  ['utf-16be', Buffer.from('grün\nblau €\n', 'utf16le').swap16()],
  ['windows-1252', Buffer.from([...Buffer.from('gr'), 0xfc, ...Buffer.from('n\nblau '), 0x80, 0x0a])],
  ['UTF8', Buffer.from('grün\nblau €\n')],
  ['us-ascii', Buffer.from('grün\nblau €\n')],
])('reads %s', async (encoding, bytes) => {
  expect(await read(bytes, { encoding })).toEqual(['grün', 'blau €']);
});

test('reads latin1 byte by byte', async () => {
  expect(await read(Buffer.from('gr\xfcn \x80\n', 'latin1'), { encoding: 'latin1' })).toEqual(['grün \u0080']);
});

test('gives bytes as they are without an encoding', async () => {
  expect(await read(Buffer.from([1, 10, 32, 255]), { encoding: 'nop' })).toEqual([new Uint8Array([1, 10, 32, 255])]);
});

test.each([
  ['utf-16le', Buffer.from('one\nlast', 'utf16le')],
  ['utf-16be', Buffer.from('one\nĀ', 'utf16le').swap16()],
])('reads the last character of a line without an end in %s, though half of it is NUL', async (encoding, bytes) => {
  expect(await read(bytes, { encoding })).toEqual(['one', encoding === 'utf-16le' ? 'last' : 'Ā']);
});

// ---- NULs ----

test('NULs within lines are kept', async () => {
  expect(await read('a\0b\nc\0\n')).toEqual(['a\0b', 'c\0']);
});

test.each(['utf-16be', 'utf-16le'] as const)('a hole before %s is passed over in whole characters', async (encoding) => {
  const encode = (text: string): Buffer => (encoding === 'utf-16le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16());
  const rig = createRig({ encoding });
  rig.append('a.log', encode('one\n'));
  await rig.start();
  await rig.pass(200);
  fs.truncateSync(rig.path('a.log'), 0);
  await rig.pass(200);
  rig.append('a.log', Buffer.concat([Buffer.alloc(10_000), encode('two\nthree\n')]));
  await rig.pass(1_000);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

test('a program that goes on at its old place after copytruncate leaves a hole, which is passed over', async () => {
  const rig = createRig({ read_chunk_size: 4096 });
  const writer = fs.openSync(rig.path('a.log'), 'w');
  fs.writeSync(writer, 'one\n'.repeat(3000), 0);
  await rig.start();
  await rig.pass(200);
  fs.truncateSync(rig.path('a.log'), 0);
  await rig.pass(200);
  fs.writeSync(writer, 'two\n', 12_000);
  fs.closeSync(writer);
  await rig.pass(1_000);

  expect(rig.sink.bodies).toHaveLength(3001);
  expect(rig.sink.bodies.at(-1)).toBe('two');
});

test('what is written into a file that got its size in advance is read when it comes', async () => {
  const rig = createRig({ read_chunk_size: 4096 });
  const writer = fs.openSync(rig.path('a.log'), 'w');
  fs.ftruncateSync(writer, 20_000);
  await rig.start();
  await rig.pass(1_000);
  fs.writeSync(writer, 'one\ntwo', 0);
  await rig.pass(1_000);
  fs.writeSync(writer, ' and more\nthree\n', 7);
  await rig.pass(1_000);
  fs.closeSync(writer);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'and more', 'three']);
});

// ---- archives ----

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['auto', gzipSync],
  ['auto', zstdCompressSync],
] as const)('reads archives with compression %s, once', async (compression, pack) => {
  const rig = createRig({ compression, read_chunk_size: 4096, max_batch_records: 100 });
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`);
  writeFileSync(rig.path('a.log'), pack(Buffer.from(`${lines.join('\n')}\nlast, without its end`)));
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 3001);
  await rig.stop();
  await rig.start();
  await rig.pass(2_000);

  expect(rig.sink.bodies).toEqual([...lines, 'last, without its end']);
});

test('reads what is appended to an archive', async () => {
  const rig = createRig({ compression: 'auto' });
  rig.append('a.log', gzipSync('one\n'));
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 1);
  rig.append('a.log', gzipSync('two\n'));
  await rig.until(() => rig.sink.bodies.length === 2);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('reads an archive that is still being written when it is whole', async () => {
  const rig = createRig({ compression: 'gzip' });
  const packed = gzipSync('one\ntwo\nthree\n');
  rig.append('a.log', packed.subarray(0, 15));
  await rig.start();
  await rig.pass(300);
  rig.append('a.log', packed.subarray(15));
  await rig.until(() => rig.sink.bodies.length === 3);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
  expect(rig.host.lines).toEqual([]);
});

test('keeps what can be read of a damaged archive, and says so', async () => {
  const rig = createRig({ compression: 'gzip' });
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${Math.sin(i)}`);
  const packed = gzipSync(`${lines.join('\n')}\n`);
  rig.append('a.log', packed.subarray(0, packed.length / 2));
  await rig.start();
  await rig.until(() => rig.host.lines.length > 0);

  expect(rig.sink.bodies.length).toBeGreaterThan(5_000);
  expect(rig.sink.bodies.slice(0, 5_000)).toEqual(lines.slice(0, 5_000));
  expect(rig.host.lines[0]?.message).toContain('An archive is damaged or cut off');
});

test('what was abandoned of an archive is read again', async () => {
  const rig = createRig({ compression: 'gzip', max_batch_records: 10 });
  rig.append('a.log', gzipSync('x\n'.repeat(25)));
  rig.sink.isHolding = true;
  await rig.start();
  await rig.until(() => rig.sink.held.length === 3);
  rig.sink.settle(0, false);
  rig.sink.release();
  rig.sink.isHolding = false;
  await rig.until(() => rig.sink.bodies.length === 25);

  expect(rig.sink.bodies).toHaveLength(25);
});

test('a plain file that comes back compressed is not read again', async () => {
  const rig = createRig({ compression: 'auto' });
  rig.append('a.log', 'one\ntwo\n');
  await rig.start({ include: [rig.path('a.log*')] });
  await rig.pass(200);
  writeFileSync(rig.path('a.log.1.gz'), gzipSync('one\ntwo\nthree\n'));
  fs.unlinkSync(rig.path('a.log'));
  await rig.until(() => rig.sink.bodies.length === 3, 60_000);
  await rig.pass(5_000);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

// ---- what else is done with files ----

test('deletes a file when all of it is safe', async () => {
  const rig = createRig({ delete_after_read: true });
  rig.sink.isHolding = true;
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(2_000);
  expect(fs.existsSync(rig.path('a.log'))).toBe(true);
  rig.sink.release();
  await rig.pass(2_000);

  expect(fs.existsSync(rig.path('a.log'))).toBe(false);
  expect(rig.sink.bodies).toEqual(['one']);
});

test('deletes an archive when all of it is safe, and keeps one that is cut off', async () => {
  const rig = createRig({ delete_after_read: true, compression: 'auto', include: [] });
  const whole = gzipSync('one\ntwo\n');
  rig.append('a.log.gz', whole);
  rig.append('b.log.gz', gzipSync('three\nfour\n').subarray(0, -4));
  rig.sink.isHolding = true;
  await rig.start({ include: [rig.path('*.gz')] });
  await rig.until(() => rig.sink.given.length === 4);
  await rig.pass(5_000);
  expect(fs.existsSync(rig.path('a.log.gz'))).toBe(true);
  rig.sink.release();
  await rig.until(() => !fs.existsSync(rig.path('a.log.gz')));
  await rig.pass(5_000);

  expect(fs.readdirSync(rig.folder)).toEqual(['b.log.gz']);
  expect(rig.sink.bodies.map(String).toSorted()).toEqual(['four', 'one', 'three', 'two']);
});

test('reads only the newest of an order', async () => {
  const sort_by = [{ sort_type: 'numeric', regex_key: 'n', ascending: false, location: 'UTC' } as const];
  const rig = createRig({ ordering_criteria: { regex: String.raw`(?P<n>\d+)\.log$`, top_n: 1, sort_by } });
  rig.append('1.log', 'one\n');
  rig.append('2.log', 'two\n');
  await rig.start();
  await rig.pass(200);
  rig.append('10.log', 'ten\n');
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['two', 'ten']);
});

test('operators work on the rows, and rows they drop move the position', async () => {
  const operators = [{ type: 'json_parser', on_error: 'drop' }] as never;
  const rig = createRig({ operators });
  rig.append('a.log', '{"level":"warn","n":1}\nno json\n');
  rig.append('b.log', 'no json either\n');
  await rig.start();
  await rig.pass(400);

  expect(rig.sink.safe.map(({ attributes }) => attributes)).toEqual([{ 'log.file.name': 'a.log', level: 'warn', n: 1 }]);
  expect(rig.host.metric('winnow_file_log_offset_bytes')).toBe(46);
});
