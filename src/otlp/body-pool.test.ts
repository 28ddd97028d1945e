import { expect, test } from 'vitest';
import { BodyPool } from './body-pool.ts';

const KIB = 1024;

test('gives a buffer again for a body of about that size', () => {
  const pool = new BodyPool(1024 * KIB);
  const first = pool.take(100 * KIB);
  pool.give(first.subarray(10, 90 * KIB));

  expect(pool.take(120 * KIB).buffer).toBe(first.buffer);
});

test('does not give a buffer that is being used, nor one far too large', () => {
  const pool = new BodyPool(1024 * KIB);
  const first = pool.take(1000 * KIB);
  const second = pool.take(1000 * KIB);
  pool.give(first);

  expect(second.buffer).not.toBe(first.buffer);
  expect(pool.take(10 * KIB).buffer).not.toBe(first.buffer);
});

test('keeps no more than its bound, the last given ones first', () => {
  const pool = new BodyPool(256 * KIB);
  const [old, recent] = [pool.take(192 * KIB), pool.take(192 * KIB)];
  pool.give(old);
  pool.give(recent);

  expect(pool.take(192 * KIB).buffer).toBe(recent.buffer);
  expect(pool.take(192 * KIB).buffer).not.toBe(old.buffer);
});

test('leaves buffers alone that it has not made', () => {
  const pool = new BodyPool(1024 * KIB);
  const foreign = Buffer.allocUnsafeSlow(100 * KIB);
  pool.give(foreign);

  expect(pool.take(100 * KIB).buffer).not.toBe(foreign.buffer);
});

test('lets go of a buffer whose size is not asked for any more', () => {
  const pool = new BodyPool(64 * 1024 * KIB);
  const burst = pool.take(2000 * KIB);
  pool.give(burst);
  for (let i = 0; i < 10; i++) pool.give(pool.take(100 * KIB));

  expect(pool.take(2000 * KIB).buffer).not.toBe(burst.buffer);
});
