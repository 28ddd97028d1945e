import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineCutter, type Piece } from './line-cutter.ts';

function* all(cutter: LineCutter, chunks: readonly Buffer[]): Generator<{ bytes: Buffer; isCut: boolean }> {
  const copy = ({ bytes, from, to, isCut }: Piece): { bytes: Buffer; isCut: boolean } => ({
    bytes: Buffer.from(bytes.subarray(from, to)),
    isCut,
  });
  for (const chunk of chunks) for (const piece of cutter.push(chunk)) yield copy(piece);
  for (const piece of cutter.rest()) yield copy(piece);
}

const texts = (cutter: LineCutter, chunks: readonly string[]): string[] =>
  Array.from(
    all(
      cutter,
      chunks.map((chunk) => Buffer.from(chunk)),
    ),
    ({ bytes }) => bytes.toString(),
  );

test('cuts lines that come whole, in parts and without an end', () => {
  expect(texts(new LineCutter(100), ['a\nb', 'c\n', '\nd'])).toEqual(['a', 'bc', '', 'd']);
});

test('cuts a record that is too long, and never a character', () => {
  expect(texts(new LineCutter(4), ['äöü€x\ny'])).toEqual(['äö', 'ü', '€x', 'y']);
});

test('a record of exactly the longest size is one', () => {
  expect(texts(new LineCutter(4), ['ab', 'cd', '\nabcd\n'])).toEqual(['abcd', 'abcd']);
});

/**
 * Goal: no byte is lost, repeated or out of order, and no piece is longer than allowed, however the stream is divided.
 * Method: random bytes with many line feeds in random chunks; the pieces, joined, with line feeds after whole records, are
 * the stream.
 */
test('the pieces of any stream are the stream', () => {
  const byte = fc.oneof({ weight: 1, arbitrary: fc.constant(0x0a) }, { weight: 5, arbitrary: fc.integer({ min: 0, max: 255 }) });
  const chunks = fc.array(fc.array(byte, { maxLength: 20 }), { maxLength: 20 });

  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 12 }), (parts, sizeMax) => {
      const buffers = parts.map((part) => Buffer.from(part));
      const stream = Buffer.concat(buffers);
      const pieces = [...all(new LineCutter(sizeMax), buffers)];

      const joined = Buffer.concat(pieces.flatMap(({ bytes, isCut }) => (isCut ? [bytes] : [bytes, Buffer.from('\n')])));
      const endsOpen = stream.length > 0 && stream.at(-1) !== 0x0a;
      expect(joined.subarray(0, stream.length)).toEqual(stream);
      expect(joined.length - stream.length).toBe(endsOpen ? 1 : 0);
      for (const { bytes } of pieces) expect(bytes.length).toBeLessThanOrEqual(sizeMax);
    }),
  );
});
