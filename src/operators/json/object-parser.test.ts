import assert from 'node:assert';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBatch, ValueType, createSharedAttributes, type AttributeValue } from '#model';
import { createTestHost } from '../../../test/helpers/test-host.ts';
import { compileOperators } from '../chain.ts';

const runs = { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 500) };

/** Parses one line as a row between two others, so that reading past the ends of a row would show. */
function parse(line: string, isSide: boolean = false): ReadonlyMap<string, AttributeValue> | undefined {
  const host = createTestHost();
  const chain = compileOperators([{ type: 'json_parser', id: 'j' }], { id: 'test' });
  chain.start(host);
  const batch = new LogBatch();
  const bytes = Buffer.from(line);
  batch.reset(Buffer.concat([Buffer.from('{"before":1}\n'), bytes, Buffer.from('"}]1,"after":2}')]));
  batch.addRow(ValueType.string, 0, 12);
  const position = isSide ? batch.space.appendBytes(bytes) : 13;
  const row = batch.addRow(ValueType.string, position, bytes.length);

  chain.process(batch);

  expect(batch.bodyText(row)).toBe(bytes.toString());
  expect([...batch.attributesOf(0)]).toEqual([['before', 1]]);
  const isFailed = host.metric('winnow_operator_errors', { operator: 'j', type: 'json_parser' }) > 0;
  const found = batch.attributesOf(row);
  assert(!isFailed || found.size === 0, 'a row that cannot be parsed must be left as it was');
  return isFailed ? undefined : found;
}

/** What JSON.parse says, with text as UTF-8 can hold it and numbers as the model holds them. */
function oracle(line: string): ReadonlyMap<string, AttributeValue> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line).toString());
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([key, inner]) => [wellFormed(key), normal(inner)]));
}

function normal(value: unknown): AttributeValue {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object' || value === null) return value as boolean | null;
  if (Array.isArray(value)) return value.map(normal);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), normal(inner)]));
}

const wellFormed = (text: string): string => text.toWellFormed();

/** Big integers are exact in ours and rounded in JSON.parse; for comparison both are rounded. */
function rounded(value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((inner: AttributeValue) => rounded(inner) ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner) ?? null]));
}

function roundedMap(values: ReadonlyMap<string, AttributeValue> | undefined): unknown {
  return values && Object.fromEntries(Array.from(values, ([key, value]) => [`k${key}`, rounded(value)]));
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n'), maxLength: 2 });
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a', 'b', '__proto__', 'constructor', ''),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.integer().map(String),
  fc.constantFrom(
    '-0',
    '0',
    '1.0',
    '1e5',
    '1E-5',
    '-1.5e+300',
    '0.1e-400',
    '1e999',
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
  ),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.integer({ min: -330, max: 330 }))
    .map(([a, b, e]) => `${a}.${b}e${e}`),
);

/** A string of JSON with any of the ways to write each of its characters. */
const quoted = fc.tuple(text, fc.infiniteStream(fc.nat(9))).map(([value, choices]) => {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    const isEscaped = choices.next().value === 0;
    out += isEscaped ? `\\u${unit.toString(16).padStart(4, '0')}` : JSON.stringify(value[i]).slice(1, -1);
  }
  return `"${out}"`;
});

const { json } = fc.letrec<{ json: string; object: string; array: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null'),
    number,
    quoted,
    tie('object'),
    tie('array'),
  ),
  object: fc
    .tuple(space, fc.array(fc.tuple(space, quoted, space, tie('json'), space), { maxLength: 5 }))
    .map(([first, members]) => `{${first}${members.map(([a, key, b, value, c]) => `${a}${key}${b}:${b}${value}${c}`).join(',')}}`),
  array: fc
    .tuple(space, fc.array(fc.tuple(space, tie('json'), space), { maxLength: 4 }))
    .map(([first, elements]) => `[${first}${elements.map((element) => element.join('')).join(',')}]`),
}));
const line = fc
  .tuple(space, fc.array(fc.tuple(quoted, space, json, space), { maxLength: 12 }), space)
  .map(([a, members, b]) => `${a}{${members.map(([key, x, value, y]) => `${x}${key}${y}:${x}${value}${y}`).join(',')}}${b}`);

// Any object that JSON.parse can read must come out the same, however it is written.
test('reads every object as JSON.parse does', () => {
  fc.assert(
    fc.property(line, fc.boolean(), (value, isSide) => {
      expect(roundedMap(parse(value, isSide))).toEqual(roundedMap(oracle(value)));
    }),
    runs,
  );
});

// A text is changed at one place: the scanner must refuse exactly what JSON.parse refuses.
test('refuses what JSON.parse refuses, and nothing else', () => {
  const damage = fc.oneof(
    fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '\n', '\0', '0', '-', '.', 'e', ' ', 'é', 'u', ''),
    fc.string({ maxLength: 2 }),
  );
  fc.assert(
    fc.property(line, fc.nat(), fc.nat(3), damage, (value, at, removed, inserted) => {
      const index = at % (value.length + 1);
      const damaged = value.slice(0, index) + inserted + value.slice(index + removed);
      expect(roundedMap(parse(damaged))).toEqual(roundedMap(oracle(damaged)));
    }),
    { numRuns: runs.numRuns * 2 },
  );
});

// Rows of one batch share what the parser remembers of keys; none may see another's.
test('keeps rows with changing keys apart', () => {
  const member = fc.tuple(fc.constantFrom('a', 'b', 'c', 'dd', 'log.file.name'), fc.integer());
  fc.assert(
    fc.property(fc.array(fc.array(member, { maxLength: 6 }), { maxLength: 10 }), (rows) => {
      const lines = rows.map((members) => `{${members.map(([key, value]) => `"${key}":${value}`).join(',')}}`);
      const batch = new LogBatch();
      batch.reset(Buffer.from(lines.join('')));
      const shared = batch.addShared(createSharedAttributes({ 'log.file.name': 'x', kept: true }));
      let start = 0;
      for (const own of lines) {
        batch.sharedOf[batch.addRow(ValueType.string, start, own.length)] = shared;
        start += own.length;
      }

      compileOperators([{ type: 'json_parser' }], { id: 'test' }).process(batch);

      for (const [row, members] of rows.entries()) {
        const expected = { 'log.file.name': 'x', kept: true, ...Object.fromEntries(members) };
        expect(Object.fromEntries(batch.attributesOf(row))).toEqual(expected);
        const own = batch.attributes;
        let slots = 0;
        for (let slot = own.head[row] as number; slot >= 0; slot = own.next[slot] as number) if (own.type[slot] !== ValueType.none) slots++;
        expect(slots + (batch.shared[batch.sharedOf[row] as number]?.entries.size ?? 0)).toBe(Object.keys(expected).length);
      }
    }),
    runs,
  );
});

test('keeps integers exact up to 64 bits and doubles double', () => {
  const found = parse('{"a":9223372036854775807,"b":-9223372036854775808,"c":9223372036854775808,"d":3.0,"e":12}');

  expect(found?.get('a')).toBe(9223372036854775807n);
  expect(found?.get('b')).toBe(-9223372036854775808n);
  expect(found?.get('c')).toBe(9223372036854775808);
  const batch = new LogBatch();
  batch.reset(Buffer.from('{"d":3.0,"e":12}'));
  batch.addRow(ValueType.string, 0, 16);
  compileOperators([{ type: 'json_parser' }], { id: 'test' }).process(batch);
  expect([...batch.attributes.type.subarray(0, 2)]).toEqual([ValueType.double, ValueType.int]);
});

test('makes all numbers doubles with parse_ints: false', () => {
  const batch = new LogBatch();
  batch.reset(Buffer.from('{"a":1,"b":[2]}'));
  batch.addRow(ValueType.string, 0, 15);

  compileOperators([{ type: 'json_parser', parse_ints: false }], { id: 'test' }).process(batch);

  expect(batch.attributes.type[0]).toBe(ValueType.double);
  expect(batch.space.view(batch.attributes.start[1] as number, batch.attributes.size[1] as number)[4]).toBe(0x21);
});

test('takes wide objects, and bounds nesting', () => {
  const wide = `{${Array.from({ length: 20_000 }, (_, index) => `"k${index % 15_000}":${index}`).join(',')}}`;
  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  expect(parse(wide)?.size).toBe(15_000);
  expect(parse(wide)?.get('k0')).toBe(15_000);
  expect(parse(nested(60))).toBeDefined();
  expect(parse(nested(100))).toBeUndefined();
  expect(parse(nested(100_000))).toBeUndefined();
});

test('says where an object is broken', () => {
  const host = createTestHost();
  const chain = compileOperators([{ type: 'json_parser' }], { id: 'test' });
  chain.start(host);
  const batch = new LogBatch();
  batch.reset(Buffer.from('{"a":tru}'));
  batch.addRow(ValueType.string, 0, 9);

  chain.process(batch);

  expect(host.lines).toMatchObject([
    {
      level: 'warn',
      facts: { operator: 'json_parser', records: 1, problem: 'body is no JSON object: expected a value at position 6: {"a":tru}' },
    },
  ]);
});
