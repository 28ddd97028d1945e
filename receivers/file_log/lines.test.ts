/**
 * Goal: lines are cut in the same way wherever a read happens to end.
 *
 * Method: random bytes, read in random pieces as the reader does it (the rest of a piece is read again), against an
 * implementation that sees everything at once and takes no short cut. fast-check prints the seed of a failure.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBatch } from '#model';
import { BlockSplitter, LineSplitter } from './lines.ts';
import { createReadMemory } from './newline-scanner.ts';
import { readAll, type Read } from './read-all.ts';
import { RecordWriter, type RecordRules } from './records.ts';

const RULES: RecordRules = {
  recordBytesMax: 16,
  isTruncating: false,
  trimsLeading: true,
  trimsTrailing: true,
  unit: 1,
  isBigEndian: false,
  isUtf8: true,
  rowsMax: 5,
};

function expected(bytes: Buffer, rules: RecordRules): Read {
  const result: Read = { bodies: [], numbers: [], starts: [] };
  let count = 0;
  const push = (start: number, end: number): void => {
    count++;
    let body = bytes.toString('latin1', start, end);
    if (rules.trimsTrailing) body = body.replace(/[ \t\r\n]+$/, '');
    else body = body.replace(/\r$/, '');
    if (rules.trimsLeading) body = body.replace(/^[ \t\r\n]+/, '');
    if (body === '') return;
    result.bodies.push(body);
    result.numbers.push(count);
    result.starts.push(start);
  };
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    let from = start;
    while (end - from > rules.recordBytesMax) {
      const cut = cutOf(bytes, from, rules);
      push(from, cut);
      from = cut;
      if (rules.isTruncating) from = end;
    }
    if (newline >= 0 || from < end) {
      if (!(rules.isTruncating && end - start > rules.recordBytesMax)) push(from, end);
    }
    start = newline < 0 ? bytes.length : newline + 1;
  }
  return result;
}

function cutOf(bytes: Buffer, from: number, rules: RecordRules): number {
  const cut = from + rules.recordBytesMax;
  if (!rules.isUtf8) return cut;
  for (let back = 0; back <= 3 && cut - back > from; back++) {
    if (((bytes[cut - back] as number) & 0xc0) !== 0x80) return cut - back;
  }
  return cut;
}

const byte = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0x61, 0x62) },
  { weight: 3, arbitrary: fc.constantFrom(0x0a, 0x0d, 0x20, 0x09) },
  { weight: 1, arbitrary: fc.constantFrom(0xc3, 0xa9, 0xff, 0x00, 0xe2, 0x82, 0xac) },
);
const text = fc.array(byte, { maxLength: 120 }).map((bytes) => Buffer.from(bytes));
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const rules = fc.record({
  recordBytesMax: fc.integer({ min: 4, max: 30 }),
  isTruncating: fc.boolean(),
  trimsLeading: fc.boolean(),
  trimsTrailing: fc.boolean(),
  isUtf8: fc.boolean(),
});

test('cuts the same lines wherever a read ends, and however line feeds are found', () => {
  const memory = createReadMemory(1024);
  expect(memory.scanner).toBeDefined();
  fc.assert(
    fc.property(text, pieces, rules, (bytes, sizes, own) => {
      const all = { ...RULES, ...own };

      const whole = expected(bytes, all);
      expect(readAll(new LineSplitter(), all, bytes, sizes)).toEqual(whole);
      expect(readAll(new LineSplitter(), all, bytes, sizes, { memory })).toEqual(whole);
      expect(readAll(new LineSplitter(), all, bytes, sizes, { memory, isPlain: true }).bodies).toEqual(whole.bodies);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['utf-16le', false],
  ['utf-16be', true],
] as const)('cuts lines of %s only at whole line feeds', (_name, isBigEndian) => {
  // U+0A0A and U+010A hold the byte of a line feed without being one.
  const unit = fc.constantFrom(0x0a, 0x0d, 0x20, 0x61, 0x0a0a, 0x010a, 0x20ac, 0xd83d, 0xdc04);
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 60 }), pieces, rules, (units, sizes, own) => {
      const all: RecordRules = { ...RULES, ...own, recordBytesMax: 2 * own.recordBytesMax, unit: 2, isUtf8: false, isBigEndian };
      const bytes = Buffer.alloc(units.length * 2);
      for (const [i, value] of units.entries()) bytes.writeUInt16LE(value, i * 2);
      if (isBigEndian) bytes.swap16();
      const even = sizes.map((size) => size * 2);

      const { bodies } = readAll(new LineSplitter(), all, bytes, even);

      const joined = bodies.map((body) => decode(body, isBigEndian)).join('');
      for (const body of bodies) expect(decode(body, isBigEndian)).not.toContain('\n');
      const whole = withoutSpace(String.fromCharCode(...units));
      expect(own.isTruncating || withoutSpace(joined) === whole).toBe(true);
      for (const body of bodies) expect(body.length).toBeLessThanOrEqual(all.recordBytesMax);
    }),
    { numRuns: 1000 },
  );
});

function decode(body: string, isBigEndian: boolean): string {
  const bytes = Buffer.from(body, 'latin1');
  return (isBigEndian ? bytes.swap16() : bytes).toString('utf16le');
}

function withoutSpace(written: string): string {
  return written.replaceAll(/[ \t\r\n]/g, '');
}

test('does not cut a surrogate pair in two', () => {
  const bytes = Buffer.from('aaa\u{1f604}b', 'utf16le');

  const { bodies } = readAll(new LineSplitter(), { ...RULES, recordBytesMax: 8, unit: 2 }, bytes, [100]);

  expect(bodies.map((body) => decode(body, false))).toEqual(['aaa', '\u{1f604}b']);
});

test('stops at the bound of rows and goes on from there', () => {
  const bytes = Buffer.from('a\n'.repeat(12));

  const { bodies, numbers } = readAll(new LineSplitter(), RULES, bytes, [100]);

  expect(bodies).toHaveLength(12);
  expect(numbers.at(-1)).toBe(12);
});

test('makes a record of whatever has been read when there are no lines', () => {
  const bytes = Buffer.from('  a\nb\n'.repeat(5));

  const { bodies } = readAll(new BlockSplitter(), RULES, bytes, [20]);

  expect(bodies.join('')).toBe(bytes.toString('latin1'));
  expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThanOrEqual(RULES.recordBytesMax);
});

test('finds more line feeds than one scan can hold, and tells whether all bytes are ASCII', () => {
  const memory = createReadMemory(100_000);
  const bytes = Buffer.from('\n'.repeat(20_000));
  bytes.copy(memory.buffer);
  const records = new RecordWriter({ ...RULES, rowsMax: 100 }, new LogBatch(), false);
  records.scanner = memory.scanner;
  records.begin(0, false);

  expect(new LineSplitter().split(records, memory.buffer, 0, 20_000, false)).toBe(20_000);
  expect(records.count).toBe(20_000);
  expect(records.isAscii).toBe(true);
  memory.buffer[9_999] = 0x80;
  records.begin(0, false);
  new LineSplitter().split(records, memory.buffer, 0, 20_000, false);
  expect(records.isAscii).toBe(false);
});
