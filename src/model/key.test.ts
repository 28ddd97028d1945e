import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ValueType } from './attribute-table.ts';
import { LogBatch } from './log-batch.ts';
import { isKeyAt, keyOf, keyOfBytes } from './key.ts';

test('one text is one key, made of text or of bytes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 150, unit: 'grapheme' }), fc.nat({ max: 5 }), (text, before) => {
      const bytes = Buffer.concat([Buffer.alloc(before, '.'), Buffer.from(text), Buffer.from('after')]);
      const end = before + Buffer.byteLength(text);

      const key = keyOf(text);

      expect(keyOfBytes(bytes, before, end)).toBe(key);
      expect(key.text).toBe(text);
      expect(isKeyAt(key, bytes, before, end)).toBe(true);
      expect(isKeyAt(key, bytes, before, end + 1)).toBe(false);
    }),
  );
});

test('carries the bytes that open its KeyValue', () => {
  expect([...keyOf('ab').encoded]).toEqual([0x0a, 2, 0x61, 0x62]);
  expect([...keyOf('x'.repeat(200)).encoded.subarray(0, 3)]).toEqual([0x0a, 0xc8, 0x01]);
});

test('past the bound of the cache keys are still made, and equal by their text', () => {
  for (let i = 0; i < 20_000; i++) keyOf(`random ${i}`);

  expect(keyOf('random 19999').text).toBe('random 19999');

  const batch = new LogBatch();
  batch.addRow(ValueType.none, 0, 0);
  batch.setAttribute(0, keyOf('random 19999'), 1);
  expect(batch.attribute(0, keyOf('random 19999'))).toBe(1);
  expect(batch.attribute(0, keyOf('random 19998'))).toBeUndefined();
});

test('long keys are not kept, and are equal by their text', () => {
  const long = 'k'.repeat(300);
  const batch = new LogBatch();
  batch.addRow(ValueType.none, 0, 0);
  batch.setAttribute(0, keyOf(long), 1);

  expect(keyOf(long)).not.toBe(keyOf(long));
  expect(keyOfBytes(Buffer.from(long), 0, 300)).not.toBe(keyOfBytes(Buffer.from(long), 0, 300));
  expect(batch.attribute(0, keyOf(long))).toBe(1);
  expect(batch.attribute(0, keyOf(`${long}k`))).toBeUndefined();
});
