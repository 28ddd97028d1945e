import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBatch } from '#model';
import type { TimestampConfig } from '../config.ts';
import { Timestamp } from './timestamp.ts';

const runs = { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 500) };
const NOW = Date.UTC(2026, 0, 30, 12);

/** Times of several texts, read one after the other in one batch: `[ms, ns]`, or undefined when refused. */
function readAll(config: TimestampConfig, values: readonly (string | number)[], now: number = NOW): ([number, number] | undefined)[] {
  const step = new Timestamp({ parse_from: 'attributes.t', ...config });
  const batch = new LogBatch();
  batch.reset(Buffer.from(values.join('')));
  step.begin(now);
  return values.map((value) => {
    const row = batch.addRow(0, 0, 0);
    batch.setAttribute(row, 't', value);
    return step.apply(batch, row) ? [batch.timeMs[row] as number, batch.timeNs[row] as number] : undefined;
  });
}

function read(config: TimestampConfig, value: string | number, now: number = NOW): [number, number] | undefined {
  return readAll(config, [value], now)[0];
}

const at = (iso: string, ns: number = 0): [number, number] => [Date.parse(iso), ns];

test.each([
  ['%Y-%m-%dT%H:%M:%S.%LZ', '2026-09-21T14:13:20.001Z', at('2026-09-21T14:13:20.001Z')],
  ['%Y-%m-%dT%H:%M:%S.%LZ', '2026-09-21T14:13:20Z', at('2026-09-21T14:13:20Z')],
  ['%Y-%m-%dT%H:%M:%SZ', '2026-09-21T14:13:20.123456789Z', at('2026-09-21T14:13:20.123Z', 456_789)],
  ['%Y-%m-%d %H:%M:%S,%f', '2026-09-21 14:13:20,123456', at('2026-09-21T14:13:20.123Z', 456_000)],
  ['%Y-%m-%dT%H:%M:%S.%s%j', '2026-09-21T14:13:20.5+02:00', at('2026-09-21T12:13:20.500Z')],
  ['%d/%b/%Y:%H:%M:%S %z', '21/Sep/2026:14:13:20 -0330', at('2026-09-21T17:43:20Z')],
  ['%d/%b/%Y:%H:%M:%S %z', '21/sep/2026:4:13:20 Z', at('2026-09-21T04:13:20Z')],
  ['%c', 'Mon Sep 21 14:13:20 2026', at('2026-09-21T14:13:20Z')],
  ['%A, %B %e, %Y %I:%M %p', 'Monday, September  1, 2026 12:05 AM', at('2026-09-01T00:05:00Z')],
  ['%m/%d/%y %r', '09/21/26 02:13:20 pm', at('2026-09-21T14:13:20Z')],
  ['%Y-%m-%d %T %Z', '2026-07-01 12:00:00 CET', at('2026-07-01T10:00:00Z')],
  ['%Y-%m-%d %T %Z', '2026-07-01 12:00:00 UTC', at('2026-07-01T12:00:00Z')],
  ['%F%t%R%%', '2026-09-21\t14:13%', at('2026-09-21T14:13:00Z')],
  ['%Y-%m-%d', '2024-02-29', at('2024-02-29T00:00:00Z')],
  ['%Y-%m-%d', '2026-02-29', undefined],
  ['%Y-%m-%d', '2026-13-01', undefined],
  ['%Y-%m-%d', '2026-1-01', undefined],
  ['%Y-%m-%d', '2026-01-01x', undefined],
  ['%H:%M', '24:00', undefined],
  ['%Y-%m-%d %T', '2026-01-01 10:00:61', undefined],
  ['%Y-%m-%d', '1969-12-31', undefined],
  ['%Y-%m-%d', '', undefined],
] as const)('strptime %s reads %s', (layout, text, expected) => {
  expect(read({ layout, location: 'UTC' }, text)).toEqual(expected);
});

test.each([
  ['2006-01-02T15:04:05Z07:00', '2026-09-21T14:13:20.25+01:00', at('2026-09-21T13:13:20.250Z')],
  ['2006-01-02T15:04:05.000Z', '2026-09-21T14:13:20.250Z', at('2026-09-21T14:13:20.250Z')],
  ['2006-01-02T15:04:05.000Z', '2026-09-21T14:13:20.25Z', undefined],
  ['Jan _2 15:04:05 2006', 'Sep  1 14:13:20 2026', at('2026-09-01T14:13:20Z')],
  ['Mon, 02 Jan 2006 15:04:05 MST', 'Mon, 21 Sep 2026 14:13:20 GMT', at('2026-09-21T14:13:20Z')],
  ['January 2, 2006 3:04PM', 'September 1, 2026 12:13PM', at('2026-09-01T12:13:00Z')],
  ['2006-002', '2024-366', at('2024-12-31T00:00:00Z')],
  ['2006-002', '2026-366', undefined],
  ['06/1/2 15h4m5s', '26/9/1 7h8m9s', at('2026-09-01T07:08:09Z')],
  ['20060102150405-0700', '20260921141320+0000', at('2026-09-21T14:13:20Z')],
] as const)('gotime %s reads %s', (layout, text, expected) => {
  expect(read({ layout, layout_type: 'gotime', location: 'UTC' }, text)).toEqual(expected);
});

test.each([
  ['s', '1700000000', [1_700_000_000_000, 0]],
  ['s', 1_700_000_000.9, [1_700_000_000_000, 0]],
  ['ms', '1700000000123', [1_700_000_000_123, 0]],
  ['ms', 1_700_000_000_123, [1_700_000_000_123, 0]],
  ['us', '1700000000123456', [1_700_000_000_123, 456_000]],
  ['us', 1_700_000_000_123_456, [1_700_000_000_123, 456_000]],
  ['ns', '1700000000123456789', [1_700_000_000_123, 456_789]],
  ['s.ms', '1700000000.123', [1_700_000_000_123, 0]],
  ['s.ms', '1700000000.5', [1_700_000_000_005, 0]],
  ['s.us', '1700000000.123456', [1_700_000_000_123, 456_000]],
  ['s.us', 1_700_000_000.25, [1_700_000_000_250, 0]],
  ['s.ns', '1700000000.123456789', [1_700_000_000_123, 456_789]],
  ['s', '1700000000.5', undefined],
  ['s', 'now', undefined],
  ['s.ms', '1700000000', undefined],
  ['ms', '', undefined],
  ['ms', -5, undefined],
] as const)('epoch %s reads %s', (layout, value, expected) => {
  expect(read({ layout, layout_type: 'epoch' }, value)).toEqual(expected);
});

test('takes this year where none is written, and last year more than a week ahead', () => {
  const layout = '%b %e %H:%M:%S';

  expect(read({ layout, location: 'UTC' }, 'Jan 29 10:00:00')).toEqual(at('2026-01-29T10:00:00Z'));
  expect(read({ layout, location: 'UTC' }, 'Feb  6 10:00:00')).toEqual(at('2026-02-06T10:00:00Z'));
  expect(read({ layout, location: 'UTC' }, 'Feb  7 10:00:00')).toEqual(at('2025-02-07T10:00:00Z'));
  expect(read({ layout, location: 'UTC' }, 'Dec 31 23:59:59')).toEqual(at('2025-12-31T23:59:59Z'));
});

test('keeps rows of one minute apart from those of the next', () => {
  const texts = ['2026-01-01 10:00:01', '2026-01-01 10:00:02', '2026-01-01 10:00:2', '2026-01-01 10:01:02', 'x', '2026-01-01 10:01:02'];

  expect(readAll({ layout: '%Y-%m-%d %H:%M:%S', location: 'UTC' }, texts)).toEqual([
    at('2026-01-01T10:00:01Z'),
    at('2026-01-01T10:00:02Z'),
    undefined,
    at('2026-01-01T10:01:02Z'),
    undefined,
    at('2026-01-01T10:01:02Z'),
  ]);
});

// Goal: what the neighbour was does not matter. Method: texts of one minute or nearly so, some of them wrong, read one
// after the other and each by itself.
test.each(['%Y-%m-%dT%H:%M:%S.%LZ', '%Y-%m-%d %H:%M:%S,%f', '%Y-%m-%dT%H:%M:%S.%s%j', '%d/%b/%Y:%H:%M:%S %z'])(
  'reads a time like %s the same behind any other',
  (layout) => {
    const head = layout.startsWith('%d') ? '21/Sep/2026:14:13:' : `2026-09-21${layout.includes('T%H') ? 'T' : ' '}14:13:`;
    const second = fc.constantFrom('00', '07', '59', '60', '5', 'x1');
    const fraction = fc.constantFrom('', '.1', '.120', '.123', ',123', ',123456', '.123456789', '.1234567891', '.12x', '.', ' .5');
    const zone = fc.constantFrom('', 'Z', ' +0000', ' -0330', '+02:00', 'Z0');
    const text = fc.tuple(second, fraction, zone).map((parts) => head + parts.join(''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), (texts) => {
        const config = { layout, location: 'UTC' };
        expect(readAll(config, texts)).toEqual(texts.map((one) => read(config, one)));
      }),
      { numRuns: 2000 },
    );
  },
);

// Times are written as the wall clock of a zone shows them, by Intl, and must be found again. In the hour that a clock
// shows twice either of the two will do.
test('finds the moment that a wall clock anywhere shows', () => {
  const zone = fc.constantFrom(
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'America/St_Johns',
    'Pacific/Chatham',
    'UTC',
  );
  const moment = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) / 1000 }).map((seconds) => seconds * 1000);
  fc.assert(
    fc.property(zone, fc.array(moment, { minLength: 1, maxLength: 5 }), (location, moments) => {
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone: location, dateStyle: 'short', timeStyle: 'medium' });
      const wall = (ms: number): string => format.format(ms);

      const found = readAll({ layout: '%Y-%m-%d %H:%M:%S', location }, moments.map(wall));

      for (const [index, ms] of moments.entries()) expect(wall(found[index]?.[0] ?? Number.NaN)).toBe(wall(ms));
    }),
    { numRuns: Math.min(runs.numRuns, 500) },
  );
});

test('reads what toISOString writes', () => {
  fc.assert(
    fc.property(fc.array(fc.date({ min: new Date(0), max: new Date('2500-01-01'), noInvalidDate: true }), { maxLength: 6 }), (dates) => {
      const found = readAll(
        { layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
        dates.map((date) => date.toISOString()),
      );

      expect(found).toEqual(dates.map((date) => [date.getTime(), 0]));
    }),
    runs,
  );
});

test.each([
  [{ layout: '%Y-%Q' }, '"%Q" is no directive of a strptime layout'],
  [{ layout: '2006-01-02' }, "for Go's layouts set layout_type: gotime"],
  [{ layout: '%S%L' }, 'must follow "." or ","'],
  [{ layout: 'abc' }, 'names no part of a time'],
  [{ layout: '%Y', location: 'Europe/Berln' }, 'expected a time zone such as "Europe/Berlin"'],
  [{ layout: 'seconds', layout_type: 'epoch' as const }, 'expected one of s, ms, us, ns'],
])('refuses %j', (config, message) => {
  expect(() => new Timestamp({ parse_from: 'body', ...config })).toThrow(message);
});
