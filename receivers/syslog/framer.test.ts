import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Framing } from './config.ts';
import { Framer, FramingError } from './framer.ts';

const AUTO: Framing = { isCounted: undefined, trailer: undefined, sizeMax: 100, mayLackPriority: false, isPacket: false };

function messages(framing: Partial<Framing>, chunks: readonly string[]): string[] {
  const framer = new Framer({ ...AUTO, ...framing });
  const found: string[] = [];
  for (const chunk of chunks) {
    for (const { bytes, from, to } of framer.push(Buffer.from(chunk))) found.push(bytes.toString('utf8', from, to));
  }
  for (const { bytes, from, to } of framer.rest()) found.push(bytes.toString('utf8', from, to));
  return found.filter((text) => text !== '');
}

describe('told by each message', () => {
  test('a count or a line feed ends it', () => {
    expect(messages({}, ['5 <1>ab<2>cd\n6 <3>e\nf'])).toEqual(['<1>ab', '<2>cd', '<3>e\nf']);
  });

  test('a line feed after a counted message is nothing', () => {
    expect(messages({}, ['5 <1>ab\n5 <2>cd\n'])).toEqual(['<1>ab', '<2>cd']);
  });

  test('a NUL ends it too, as Python writes it; a counted one may hold it', () => {
    expect(messages({}, ['<1>a\0', '<2>b\0<3>', 'c\0<4>d\n<5>e\0\n', '6 <6>f\0g<7>h'])).toEqual([
      '<1>a',
      '<2>b',
      '<3>c',
      '<4>d',
      '<5>e',
      '<6>f\0g',
      '<7>h',
    ]);
    expect(messages({ trailer: 0x0a }, ['<1>a\0b\n'])).toEqual(['<1>a\0b']);
  });

  test('a line that begins like a count is a line', () => {
    expect(messages({}, ['12 monkeys\n2026-01-30 x\n7\n', '1234567890 y\n'])).toEqual(['12 monkeys', '2026-01-30 x', '7', '1234567890 y']);
  });

  test('a count may come before a text without priority when that may be missing', () => {
    expect(messages({ mayLackPriority: true }, ['5 hello5 world'])).toEqual(['hello', 'world']);
  });
});

test('with counts only, a message without one is an error', () => {
  expect(() => messages({ isCounted: true }, ['<1>ab\n'])).toThrow(FramingError);
  expect(messages({ isCounted: true }, ['5 hello\n5 world'])).toEqual(['hello', 'world']);
});

test('without counts, digits are text', () => {
  expect(messages({ isCounted: false }, ['5 <1>ab\n'])).toEqual(['5 <1>ab']);
});

test('NUL may end a message, which then may hold line feeds', () => {
  expect(messages({ trailer: 0 }, ['<1>a\nb\0<2>c\0'])).toEqual(['<1>a\nb', '<2>c']);
});

test('one read is one message when that is configured', () => {
  expect(messages({ isPacket: true }, ['<1>a\nb', '<2>c'])).toEqual(['<1>a\nb', '<2>c']);
});

test('a message that is too long becomes several', () => {
  expect(messages({ sizeMax: 4 }, ['10 <1>abcdefg<2>x\n'])).toEqual(['<1>a', 'bcde', 'fg', '<2>x']);
});

/**
 * Goal: where the network divides the stream changes nothing. Method: random messages, counted and not, in random chunks.
 */
test('messages come as they were sent, however the stream is divided', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '1', ' ', '<', 'ü'), maxLength: 12 }).map((rest) => `<13>${rest}`);
  const message = fc.record({ text, isCounted: fc.boolean() });

  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(7), { minLength: 1 }), (sent, sizes) => {
      const wire = Buffer.from(
        sent.map((one) => (one.isCounted ? `${Buffer.byteLength(one.text)} ${one.text}` : `${one.text}\n`)).join(''),
      );
      const framer = new Framer(AUTO);
      const found: string[] = [];
      for (let at = 0, i = 0; at < wire.length; i++) {
        const to = Math.min(wire.length, at + 1 + (sizes[i % sizes.length] ?? 0));
        for (const piece of framer.push(wire.subarray(at, to))) found.push(piece.bytes.toString('utf8', piece.from, piece.to));
        at = to;
      }
      expect(found).toEqual(sent.map((one) => one.text));
    }),
  );
});
