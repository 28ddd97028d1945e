/**
 * Goal: records of several lines are the same wherever a read ends.
 *
 * Method: as for lines: random text and random pieces against an implementation that sees everything at once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAll } from './read-all.ts';
import { MultilineSplitter } from './multiline.ts';
import { compileMultiline } from './patterns.ts';
import type { RecordRules } from './records.ts';

const RULES: RecordRules = {
  recordBytesMax: 1000,
  isTruncating: false,
  trimsLeading: true,
  trimsTrailing: true,
  unit: 1,
  isBigEndian: false,
  isUtf8: true,
  rowsMax: 1000,
};

function read(
  pattern: string,
  isStart: boolean,
  text: string,
  options: Partial<RecordRules> & { omit?: boolean; sizes?: number[] } = {},
): string[] {
  const splitter = new MultilineSplitter({ pattern: compileMultiline(pattern), isStart, omitsPattern: options.omit ?? false });
  const { bodies } = readAll(splitter, { ...RULES, ...options }, Buffer.from(text), options.sizes ?? [text.length + 1]);
  return bodies.map((body) => Buffer.from(body, 'latin1').toString());
}

const word = fc.constantFrom('ERROR', 'at é', '  more', '', 'x', '日本', '2026 start', '2026 start again', '}');
const lines = fc.array(word, { maxLength: 12 }).map((all) => all.map((line) => `${line}\n`).join(''));
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });

test('finds the same records by their first line wherever a read ends', () => {
  fc.assert(
    fc.property(lines, sizes, (text, pieces) => {
      const groups = text.split(/^(?=\d{4} )/m).map((group) => group.trim());

      expect(read(String.raw`^\d{4} `, true, text, { sizes: pieces })).toEqual(groups.filter((group) => group !== ''));
    }),
    { numRuns: 1000 },
  );
});

test('finds the same records by their last line wherever a read ends', () => {
  fc.assert(
    fc.property(lines, sizes, (text, pieces) => {
      const groups = text.split(/(?<=^\}$)/m).map((group) => group.trim());

      expect(read(String.raw`^\}$`, false, text, { sizes: pieces })).toEqual(groups.filter((group) => group !== ''));
    }),
    { numRuns: 1000 },
  );
});

test('leaves out what the pattern matched', () => {
  expect(read('START ', true, 'START a\nb\nSTART c\n', { omit: true })).toEqual(['a\nb', 'c']);
  expect(read(';', false, 'a;b\nc;d', { omit: true })).toEqual(['a', 'b\nc', 'd']);
});

test('makes what stands before the first match a record of its own', () => {
  expect(read('^#', true, 'left over\n#1\n#2\nrest\n')).toEqual(['left over', '#1', '#2\nrest']);
});

test('splits a record that is too long, whether its end is known or not', () => {
  const text = `#${'a'.repeat(20)}\n#b\n`;

  expect(read('^#', true, text, { recordBytesMax: 8 })).toEqual(['#aaaaaaa', 'aaaaaaaa', 'aaaaa', '#b']);
  expect(read('^#', true, text, { recordBytesMax: 8, sizes: [3] })).toEqual(['#aaaaaaa', 'aaaaaaaa', 'aaaaa', '#b']);
});

test('cuts a record that is too long, and passes over the rest', () => {
  const text = `#${'a'.repeat(20)}\nmore\n#b\n`;

  expect(read('^#', true, text, { recordBytesMax: 8, isTruncating: true })).toEqual(['#aaaaaaa', '#b']);
  expect(read('^#', true, text, { recordBytesMax: 8, isTruncating: true, sizes: [9] })).toEqual(['#aaaaaaa', '#b']);
  expect(read(';', false, `${'a'.repeat(20)};b;`, { recordBytesMax: 8, isTruncating: true, sizes: [9] })).toEqual(['aaaaaaaa', 'b;']);
});

test('does not loop on a pattern that matches nothing', () => {
  expect(read('$', false, 'a\nb\n')).toEqual(['a', 'b']);
  expect(read('^', true, 'a\nb\n')).toEqual(['a', 'b']);
});

test('searches bytes that are no UTF-8 as they are', () => {
  const splitter = new MultilineSplitter({ pattern: compileMultiline('^#'), isStart: true, omitsPattern: false });
  const bytes = Buffer.concat([Buffer.from('#a'), Buffer.from([0xff, 0xfe]), Buffer.from('\n#é\n#c')]);

  const { bodies } = readAll(splitter, RULES, bytes, [100]);

  expect(bodies).toEqual(['#a\xff\xfe', '#Ã©', '#c']);
});

test.each([
  ['le', false],
  ['be', true],
] as const)('searches UTF-16 %s', (_name, isBigEndian) => {
  const bytes = Buffer.from('#é\nb\n#ä', 'utf16le');
  if (isBigEndian) bytes.swap16();
  const splitter = new MultilineSplitter({ pattern: compileMultiline('^#'), isStart: true, omitsPattern: false });

  const { bodies } = readAll(splitter, { ...RULES, unit: 2, isBigEndian, isUtf8: false }, bytes, [100]);

  const texts = bodies.map((body) =>
    (isBigEndian ? Buffer.from(body, 'latin1').swap16() : Buffer.from(body, 'latin1')).toString('utf16le'),
  );
  expect(texts).toEqual(['#é\nb', '#ä']);
});
