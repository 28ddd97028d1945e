import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressSnappy, decompressSnappy } from './snappy.ts';

const again = (bytes: Buffer): Buffer => decompressSnappy(compressSnappy(bytes), 10_000_000);

// Goal: what is compressed comes out as it was. Method: texts with repetitions near and far, of all lengths up to several blocks.
test('what was compressed comes out again', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.record({ text: fc.string({ minLength: 1, maxLength: 9 }), times: fc.nat(9000) }).map(({ text, times }) => text.repeat(times)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(3), (pieces, times) => {
      const bytes = Buffer.from(pieces.join('').repeat(times + 1), 'latin1');

      expect(again(bytes).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test.each([0, 1, 3, 4, 5, 59, 60, 61, 64, 65, 67, 68, 69, 255, 256, 257, 65_535, 65_536, 65_537, 200_000])(
  '%d equal bytes come out again, and are few',
  (length) => {
    const bytes = Buffer.alloc(length, 'a');

    expect(again(bytes).equals(bytes)).toBe(true);
    expect(compressSnappy(bytes).length).toBeLessThan(12 + length / 15);
  },
);

// Goal: what hardly repeats comes out again too. Method: random letters, in which a few of the short repetitions that there are
// cost more than they save.
test.each([2, 4, 16, 26, 64, 200])('random text of %d letters comes out again, and is hardly longer', (letters) => {
  let state = letters;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 16;
  const bytes = Buffer.from(Array.from({ length: 300_000 }, () => 33 + (next() % letters)));

  expect(again(bytes).equals(bytes)).toBe(true);
  expect(compressSnappy(bytes).length).toBeLessThan(bytes.length * 1.01);
});

test('log lines become less than half', () => {
  const lines = Array.from(
    { length: 2000 },
    (_, i) => `2026-01-30T14:39:06.${i % 1000}Z INFO worker-${i % 7} handled request ${i * 7919} in ${i % 90} ms\n`,
  );
  const bytes = Buffer.from(lines.join(''));

  expect(compressSnappy(bytes).length).toBeLessThan(bytes.length / 2);
  expect(again(bytes).equals(bytes)).toBe(true);
});
