import { expect, test } from 'vitest';
import { PermanentError } from '#component';
import { FakeBackend, createQueue, expectBooksToBalance, offer } from '../../test/helpers/fake-backend.ts';
import { settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';

/** Sends one record a character to a backend that refuses each request with an X in it. */
async function refusing(records: string): Promise<{ requests: number; durable: number; dropped: ReadonlyMap<string, number> }> {
  const host = createTestHost();
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, records);
  await settleMicrotasks();
  while (!offered.outcome) {
    const request = backend.last();
    if (request.payload.body.includes('X')) await request.fail(new PermanentError('400: bad record'));
    else await request.answer();
  }
  expectBooksToBalance(host);
  await queue.shutdown(new AbortController().signal);
  return { requests: backend.requests.length, durable: offered.outcome.durable, dropped: offered.outcome.dropped };
}

test('several refused records take none of the others along', async () => {
  const records = Array.from({ length: 500 }, (_, i) => ([3, 250, 251, 499].includes(i) ? 'X' : 'o'));

  expect(await refusing(records.join(''))).toMatchObject({ durable: 496, dropped: new Map([['refused_by_backend', 4]]) });
});

test('where many records are refused, halving ends', async () => {
  expect((await refusing('Xooooooo'.repeat(125))).requests).toBeLessThanOrEqual(200);
});
