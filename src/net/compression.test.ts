import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCompressor, decompress } from '#net';

const KINDS = [
  ['gzip', -2],
  ['gzip', -1],
  ['gzip', 0],
  ['gzip', 9],
  ['zstd', 0],
  ['zstd', 19],
  ['none', 0],
] as const;

test.each(KINDS)('%s at level %i makes logs smaller', async (kind, level) => {
  const body = Buffer.from('a line of a log '.repeat(10_000));
  const compressor = createCompressor(kind, level);

  const compressed = await compressor.compress(body);

  expect(compressor.encoding).toBe(kind === 'none' ? '' : kind);
  expect(compressed.length).toBeLessThanOrEqual(kind === 'none' ? body.length : body.length / 2);
});

test.each(KINDS)('%s at level %i gives back every body, one after the other and several at once', async (kind, level) => {
  const compressor = createCompressor(kind, level);
  const text = fc.tuple(fc.string(), fc.nat(20_000)).map(([part, times]) => Buffer.from(part.repeat(times)));
  // Noise does not become smaller: more comes out of it than one piece.
  const noise = fc
    .tuple(fc.nat(), fc.nat(300_000))
    .map(([seed, length]) => Buffer.from(Array.from({ length }, (_, i) => (seed + i * i * 31) % 251)));
  const bodies = fc.array(fc.oneof({ weight: 5, arbitrary: text }, noise), { maxLength: 5 });

  await fc.assert(
    fc.asyncProperty(bodies, async (several) => {
      const compressed = await Promise.all(several.map((body) => compressor.compress(body)));
      const back = await Promise.all(compressed.map((body) => decompress(body, compressor.encoding)));
      expect(back.map((body, i) => body.equals(several[i] as Buffer))).toEqual(several.map(() => true));
    }),
    { numRuns: level > 9 ? 10 : 30 },
  );
});

test('what was compressed lies at the start of the buffer it was given', async () => {
  const buffer = Buffer.alloc(1024);

  const compressed = await createCompressor('zstd', 0).compress(Buffer.from('a'.repeat(5000)), () => buffer);

  expect(compressed.buffer).toBe(buffer.buffer);
  expect(compressed.byteOffset).toBe(buffer.byteOffset);
  expect((await decompress(compressed, 'zstd')).toString()).toBe('a'.repeat(5000));
});

test('a damaged body is not decompressed', async () => {
  const compressed = await createCompressor('gzip', 0).compress(Buffer.from('a line'));

  await expect(decompress(compressed.subarray(0, 12), 'gzip')).rejects.toThrow('unexpected end of file');
  await expect(decompress(Buffer.from('a line'), 'zstd')).rejects.toThrow(/prefix|descriptor/i);
});
