import { expect, test } from 'vitest';
import { NO_FINGERPRINT, beginsLike, fingerprintOf, isEqualFingerprint, prefixes, sourceOf, tailOf } from './identity.ts';
import { Tail } from './tail.ts';
import { Tails } from './tails.ts';

const bytes = Buffer.from('abcdefghij');

test('a prefix has the fingerprint it had when it was the whole file', () => {
  const all = [...prefixes(bytes, 2, 10, [1, 3, 8, 9])];

  expect(all.map(({ length }) => length)).toEqual([1, 3, 8]);
  for (const one of all) expect(isEqualFingerprint(one, fingerprintOf(bytes, 2, 2 + one.length))).toBe(true);
});

test('a file that has grown still begins like it did', () => {
  const known = fingerprintOf(bytes, 0, 4);

  expect(beginsLike(known, bytes, 0, 10)).toBe(true);
  expect(beginsLike(known, bytes, 0, 3)).toBe(false);
  expect(beginsLike(known, bytes, 1, 10)).toBe(false);
  expect(beginsLike(NO_FINGERPRINT, bytes, 0, 0)).toBe(true);
});

test('keeps at most 64 bytes before a position', () => {
  expect(tailOf(Buffer.from('x'.repeat(100)), 0, 100)).toHaveLength(64);
  expect(tailOf(bytes, 7, 10)).toBe('hij');
});

test('sources of different files differ', () => {
  expect(sourceOf('file_log\x001')).not.toBe(sourceOf('file_log\x002'));
});

test('finds files by name, inode and how they begin, also after each has changed', () => {
  const tails = new Tails();
  const tail = new Tail({ id: tails.nextId(), path: '/a', dev: 1, ino: 2, compression: 'none', fingerprint: fingerprintOf(bytes, 0, 4) });
  tails.add(tail);

  tails.change(tail, () => {
    tail.path = '/b';
    tail.ino = 3;
  });
  tails.setFingerprint(tail, fingerprintOf(bytes, 0, 6));

  expect(tails.atPath('/a')).toBeUndefined();
  expect(tails.atPath('/b')).toBe(tail);
  expect(tails.atInode(1, 2)).toBeUndefined();
  expect(tails.atInode(1, 3)).toBe(tail);
  expect(tails.beginningLike(bytes, 0, 10)).toEqual([tail]);
  expect(tails.beginningLike(bytes, 0, 5)).toEqual([]);
  tails.delete(tail);
  expect(tails.size).toBe(0);
  expect(tails.beginningLike(bytes, 0, 10)).toEqual([]);
});
