import { beforeEach, expect, test } from 'vitest';
import { DestinationError, RetryableError } from '#component';
import { FakeBackend, booksOf, createQueue, offer } from '../../test/helpers/fake-backend.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

let clock: FakeClock;
let host: TestHost;
let backend: FakeBackend;
let answered: number;

beforeEach(() => {
  clock = new FakeClock();
  host = createTestHost({ clock });
  backend = new FakeBackend();
  answered = 0;
});

/** A minute in which the backend takes everything but the body `bad`. */
async function passMinute(problem: Error): Promise<void> {
  for (let seconds = 0; seconds < 60; seconds++) await passSecond(problem);
}

async function passSecond(problem: Error): Promise<void> {
  for (; answered < backend.requests.length; answered++) {
    const request = backend.requests[answered];
    await (request?.payload.body.toString() === 'bad' ? request.fail(problem) : request?.answer());
  }
  await clock.advance(1000);
}

test.each([new RetryableError('500: the backend stumbles over this one'), new DestinationError('403: this index is locked')])(
  'a request that fails each time keeps no other waiting for good: $message',
  async (problem) => {
    const queue = createQueue(backend, host);
    await queue.start();
    offer(queue, 'bad', 1);
    await passMinute(problem);
    expect(backend.taken).toEqual([]);

    for (let source = 2; source <= 6; source++) {
      const offered = offer(queue, 'abc', source);
      await passMinute(problem);
      expect(offered.outcome?.durable).toBe(3);
    }

    expect(host.metric('winnow_exporter_held_log_records')).toBe(3);
    const { came, went } = booksOf(host);
    expect(went).toBe(came);
  },
);

test('requests that fail each time, more than there are consumers, keep no place from others', async () => {
  const queue = createQueue(backend, host, { queue: { num_consumers: 2 } });
  await queue.start();
  for (let source = 1; source <= 5; source++) offer(queue, 'bad', source);
  await passMinute(new RetryableError('500'));

  for (let source = 6; source <= 40; source++) offer(queue, 'abc', source);
  // Of a source that has a request without an answer nothing overtakes.
  offer(queue, 'behind', 1);
  await passMinute(new RetryableError('500'));

  expect(backend.taken).toEqual(Array.from({ length: 35 }, () => 'abc'));
  const { came, went } = booksOf(host);
  expect(went).toBe(came);
});

test('requests that are known to fail do not make others wait for the backend', async () => {
  const problem = new RetryableError('500');
  const queue = createQueue(backend, host);
  await queue.start();
  offer(queue, 'abc', 1);
  for (let source = 2; source <= 9; source++) offer(queue, 'bad', source);
  for (let minutes = 0; minutes < 2; minutes++) {
    offer(queue, 'abc', 1);
    await passMinute(problem);
  }

  const waits: number[] = [];
  for (let i = 0; i < 10; i++) {
    const before = backend.taken.length;
    const start = clock.now();
    offer(queue, 'abc', 1);
    while (backend.taken.length === before) await passSecond(problem);
    waits.push(clock.now() - start);
    for (let seconds = 0; seconds < 45; seconds++) await passSecond(problem);
  }

  // A second until it is sent, and one until it is answered.
  expect(Math.max(...waits)).toBe(2000);
});

test('no more requests are under way than there are consumers, also when many come back at once', async () => {
  const queue = createQueue(backend, host, { queue: { num_consumers: 2 } });
  await queue.start();
  for (let source = 1; source <= 9; source++) offer(queue, 'bad', source);
  let most = 0;
  for (let seconds = 0; seconds < 300; seconds++) {
    most = Math.max(most, backend.requests.length - answered);
    // Answers take a second, so that requests meet; now and then one is taken.
    const end = backend.requests.length;
    await clock.advance(1000);
    for (; answered < end; answered++) {
      const request = backend.requests[answered];
      await (answered % 30 === 29 ? request?.answer() : request?.fail(new RetryableError('500')));
    }
  }

  expect(most).toBe(2);
  await queue.shutdown(AbortSignal.abort());
  const { came, went } = booksOf(host);
  expect(went).toBe(came);
});
