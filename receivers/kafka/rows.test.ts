import { expect, test } from 'vitest';
import { RowReader } from './rows.ts';

test.each([
  ['a time', 1_769_774_400_123, 1_769_774_400_123],
  ['none, as brokers tell it', -1, 0],
  ['nanoseconds, from a producer that means milliseconds', 1_769_774_400_123 * 1e6, 0],
  ['the largest that a producer can tell', 2 ** 63, 0],
])('a message of text has the time of its producer, if it is one: %s', (_, timestampMs, timeMs) => {
  const message = { offset: 0, timestampMs, value: Buffer.from('a line') };

  const batch = new RowReader('text').read([message, message], 5);

  expect([batch.timeMs[0], batch.timeMs[1], batch.observedMs[0]]).toEqual([timeMs, timeMs, 5]);
});
