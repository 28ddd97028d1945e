import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBatch, type AttributeValue } from '#model';
import { LogsSink, deliver, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { TruncateConfig } from './config.ts';
import { safeEnd } from './cut.ts';
import { factory } from './index.ts';
import { TruncateProcessor } from './truncate.ts';

const DEFAULTS = Object.fromEntries(
  Object.entries(factory.schema.properties).map(([name, { default: value }]) => [name, value]),
) as unknown as TruncateConfig;
const NOTE = '... [truncated, {original} bytes]';
const UNLIMITED = {
  body_max: 0,
  attribute_max: 0,
  attributes_max: 0,
  array_max: 0,
  depth_max: 0,
  stack_head: 0,
  stack_tail: 0,
  record_max: 0,
};

interface Row {
  readonly body?: AttributeValue;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly severity?: number;
}

interface Run {
  readonly records: readonly SunkRecord[];
  readonly batch: LogBatch;
  readonly host: TestHost;
}

async function run(config: Partial<TruncateConfig>, ...rows: readonly Row[]): Promise<Run> {
  const batch = new LogBatch();
  for (const { body = null, attributes = {}, severity = 0 } of rows) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  }
  const sink = new LogsSink();
  const host = createTestHost();
  const truncate = new TruncateProcessor({ ...DEFAULTS, ...UNLIMITED, ...config }, sink);
  await truncate.start(host);
  deliver(batch);
  await truncate.consume(batch);
  return { records: sink.records, batch, host };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

describe('a body', () => {
  test('is cut to its bytes, note included, and says what it was', async () => {
    const body = 'x'.repeat(200);

    const { records, host } = await run({ body_max: 100 }, { body }, { body: 'y'.repeat(100) });

    const note = '... [truncated, 200 bytes]';
    expect(records[0]?.body).toBe('x'.repeat(100 - note.length) + note);
    expect(records[0]?.attributes).toEqual({ 'winnow.truncated.original_length': 200, 'winnow.truncated.hash': sha(body) });
    expect(records[1]).toMatchObject({ body: 'y'.repeat(100), attributes: {} });
    expect(host.metric('winnow_truncate_truncations', { part: 'body' })).toBe(1);
  });

  test('keeps the mark of the agent that cut it first', async () => {
    const first = { 'winnow.truncated.original_length': 9999, 'winnow.truncated.hash': 'first' };

    const { records } = await run({ body_max: 100 }, { body: 'x'.repeat(200), attributes: first });

    expect(records[0]?.attributes).toEqual(first);
  });

  test('has other limits from a severity on', async () => {
    const severities = [
      { min_severity: 'ERROR', body_max: 150 },
      { min_severity: 21, body_max: 0 },
    ];

    const { records } = await run(
      { body_max: 100, severities },
      ...[0, 13, 17, 20, 21].map((severity) => ({ body: 'x'.repeat(500), severity })),
    );

    expect(records.map(({ body }) => textOf(body).length)).toEqual([100, 100, 150, 150, 500]);
  });
});

describe('attributes', () => {
  test('beyond the count are removed, and counted in the record', async () => {
    const { records, batch } = await run({ attributes_max: 2 }, { attributes: { a: 1, b: 2, c: 3, d: 4 } });

    expect(records[0]?.attributes).toEqual({ a: 1, b: 2, 'winnow.truncated.removed_attributes': 2 });
    expect(batch.rare?.droppedAttributes[0]).toBe(2);
  });

  test('of some names keep so many characters', async () => {
    const text = 'é'.repeat(600);
    const parameters = { path: 'p'.repeat(2000) };

    const { records } = await run(
      { preset: 'llm_os' },
      { attributes: { response: text, other: text, parameters, result: 'é'.repeat(500) } },
    );

    expect(records[0]?.attributes).toMatchObject({
      response: `${'é'.repeat(500)}... [truncated, 1200 bytes]`,
      other: text,
      parameters: `${JSON.stringify(parameters).slice(0, 1000)}... [truncated, 2011 bytes]`,
      result: 'é'.repeat(500),
      'winnow.truncated.attributes': { response: { original_length: 1200, hash: sha(text) } },
    });
  });

  test('that nest lose elements, depth and the ends of texts', async () => {
    const map = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, i]));
    const value = { list: Array.from({ length: 50 }, (_, i) => i), deep: { er: { and: ['deeper'] } }, text: 't'.repeat(300), map };

    const { records, host } = await run({ array_max: 3, depth_max: 3, attribute_max: 200, attributes_max: 4 }, { attributes: { value } });

    expect(records[0]?.attributes['value']).toEqual({
      list: [0, 1, 2, '... 47 of 50 elements left out'],
      deep: { er: { and: '["deeper"]' } },
      text: `${'t'.repeat(200 - 26)}... [truncated, 300 bytes]`,
      map: { k0: 0, k1: 1, k2: 2, k3: 3, '...': '5 of 9 entries left out' },
    });
    for (const part of ['array', 'depth', 'attribute', 'attributes'])
      expect(host.metric('winnow_truncate_truncations', { part })).toBeGreaterThan(0);
  });
});

describe('a stack trace', () => {
  const frames = Array.from({ length: 60 }, (_, i) => `\tat org.example.Deep.call(Deep.java:${i})`);
  const trace = ['java.lang.StackOverflowError', ...frames].join('\n');

  test('keeps its head and its tail', async () => {
    const { records } = await run({ stack_head: 20, stack_tail: 10 }, { body: trace, attributes: { 'exception.stacktrace': trace } });

    const expected = ['java.lang.StackOverflowError', ...frames.slice(0, 19), '\t... 31 lines left out ...', ...frames.slice(50)].join(
      '\n',
    );
    expect(records[0]?.body).toBe(expected);
    expect(records[0]?.attributes['exception.stacktrace']).toBe(expected);
  });

  test('is not any text of many lines', async () => {
    const body = Array.from({ length: 200 }, (_, i) => `line ${i} of a report`).join('\n');

    expect((await run({ stack_head: 20, stack_tail: 10 }, { body })).records[0]?.body).toBe(body);
  });
});

test('a record that is too long as a whole loses of its longest parts first', async () => {
  const attributes = { long: 'l'.repeat(3000), short: 's'.repeat(100), map: { k: 'm'.repeat(2000) } };

  const { records, host } = await run({ record_max: 2000 }, { body: 'b'.repeat(1000), attributes });

  const own = records[0]?.attributes ?? {};
  expect(own['short']).toBe(attributes.short);
  expect(textOf(own['long'])).toHaveLength(256);
  expect(textOf(own['map']).length).toBeLessThanOrEqual(600);
  expect(Object.keys(own['winnow.truncated.attributes'] as object).toSorted()).toEqual(['long', 'map']);
  expect(host.metric('winnow_truncate_truncations', { part: 'record' })).toBe(1);
});

/** Goal: no cut leaves half a character. Method: random texts, every size, against the characters themselves. */
describe('a cut', () => {
  const text = fc.array(fc.constantFrom('a', 'é', '€', '😀', '\\u00e9', '\\ud83d\\ude00', '\\\\', '\\n'), { maxLength: 12 });

  test('falls between characters, and as late as it may', () => {
    fc.assert(
      fc.property(text, fc.nat({ max: 60 }), (parts, size) => {
        const bytes = Buffer.from(parts.join(''));
        const whole = /\\\\|\\ud83d\\ude00|\\u[0-9a-f]{4}|[^]/gu;
        // Where a character ends, in bytes. Escapes that the parts make together count as such.
        const ends = [0];
        for (const [character] of bytes.toString().matchAll(whole)) ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(character));
        const end = safeEnd(bytes, 0, bytes.length, size);
        expect(end).toBeLessThanOrEqual(Math.max(size, 0));
        expect(bytes.subarray(0, end).toString()).not.toContain('\ufffd');
        expect(bytes.subarray(0, end).toString().endsWith('\\ud83d') && end < bytes.length).toBe(false);
        const best = ends.findLast((each) => each <= size) ?? 0;
        expect(end).toBeGreaterThanOrEqual(best);
      }),
    );
  });
});

const bytesOf = (value: unknown): number => (typeof value === 'string' ? Buffer.byteLength(value) : 0);
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** True for the text itself when it fits, else for its beginning with the note. */
function isRightlyCut(text: string, original: string, max: number): boolean {
  const size = Buffer.byteLength(original);
  if (size <= max) return text === original;
  const note = NOTE.replace('{original}', String(size));
  return Buffer.byteLength(text) <= max && text.endsWith(note) && original.startsWith(text.slice(0, -note.length));
}

/** Goal: limits hold, and what is within them is untouched. Method: random records under random limits. */
test('every record comes out, within the limits', async () => {
  const value = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.integer(),
    fc.array(fc.string({ maxLength: 20 }), { maxLength: 30 }),
    fc.constant({ a: { b: { c: 1 } } }),
  );
  const attributes = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value);
  const row = fc.record({ body: fc.string({ maxLength: 600, unit: 'grapheme' }), attributes, severity: fc.nat({ max: 24 }) });
  const size = fc.integer({ min: 60, max: 500 });

  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), size, size, async (rows, body_max, attribute_max) => {
      const { records } = await run({ body_max, attribute_max, array_max: 10, depth_max: 2 }, ...rows);

      expect(records).toHaveLength(rows.length);
      for (const [i, record] of records.entries()) {
        expect(isRightlyCut(textOf(record.body), rows[i]?.body ?? '', body_max)).toBe(true);
        for (const key of ['a', 'b', 'c', 'd']) {
          expect(bytesOf(record.attributes[key])).toBeLessThanOrEqual(attribute_max);
          expect(lengthOf(record.attributes[key])).toBeLessThanOrEqual(11);
        }
      }
    }),
  );
});
