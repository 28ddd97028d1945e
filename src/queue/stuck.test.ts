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
  for (let seconds = 0; seconds < 60; seconds++) {
    for (; answered < backend.requests.length; answered++) {
      const request = backend.requests[answered];
      await (request?.payload.body.toString() === 'bad' ? request.fail(problem) : request?.answer());
    }
    await clock.advance(1000);
  }
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
