import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { PermanentError, RefusedError, RetryableError } from '#component';
import { FakeBackend, createQueue, expectBooksToBalance, offer } from '../../test/helpers/fake-backend.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

let clock: FakeClock;
let host: TestHost;

beforeEach(() => {
  clock = new FakeClock();
  host = createTestHost({ clock });
});

test('settles durable when the backend has answered, not before', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();

  const offered = offer(queue, 'abc');
  await offered.accepted;
  await settleMicrotasks();
  expect(offered.outcome).toBeUndefined();
  expect(host.metric('winnow_exporter_held_log_records')).toBe(3);
  await backend.last().answer();

  expect(offered.outcome).toEqual({ durable: 3, dropped: new Map(), abandoned: 0 });
  expect(host.metric('otelcol_exporter_sent_log_records')).toBe(3);
  expect(host.metric('winnow_exporter_held_log_records')).toBe(0);
  expectBooksToBalance(host);
  await queue.shutdown(new AbortController().signal);
});

test('has one unanswered request of a source, and others go past it', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();

  offer(queue, 'a1', 1);
  offer(queue, 'a2', 1);
  offer(queue, 'b1', 2);
  offer(queue, 'a3', 1);
  await settleMicrotasks();

  expect(backend.bodies).toEqual(['a1', 'b1']);
  await backend.requests[0]?.answer();
  expect(backend.bodies).toEqual(['a1', 'b1', 'a2']);
  await backend.requests[2]?.answer();
  expect(backend.bodies).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('keeps a source waiting while its request waits for the next attempt', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  offer(queue, 'a1', 1);
  offer(queue, 'a2', 1);
  await settleMicrotasks();

  await backend.last().fail(new RetryableError('connection reset'));
  offer(queue, 'b1', 2);
  await settleMicrotasks();
  expect(backend.bodies).toEqual(['a1', 'b1']);
  await clock.advance(5_000);

  expect(backend.bodies).toEqual(['a1', 'b1', 'a1']);
});

test('has no more requests in flight than it has consumers', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { num_consumers: 2 } });
  await queue.start();
  for (let source = 1; source <= 4; source++) offer(queue, `s${source}`, source);

  await settleMicrotasks();
  expect(backend.bodies).toEqual(['s1', 's2']);
  await backend.requests[1]?.answer();
  expect(backend.bodies).toEqual(['s1', 's2', 's3']);
});

test('makes offers wait while it is full, in order, and lets them in one by one', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { queue_size: 2, num_consumers: 1 } });
  await queue.start();
  const entered: string[] = [];
  for (const text of ['a', 'b', 'c', 'd']) void offer(queue, text).accepted.then(() => entered.push(text));
  await settleMicrotasks();
  expect(entered).toEqual(['a', 'b']);

  await backend.last().answer();

  expect(entered).toEqual(['a', 'b', 'c']);
  expect(host.metric('otelcol_exporter_queue_size')).toBe(2);
  expect(host.metric('otelcol_exporter_queue_capacity')).toBe(2);
});

test('refuses while full when told not to wait, and counts it', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { queue_size: 3, sizer: 'items', block_on_overflow: false } });
  await queue.start();
  await offer(queue, 'ab').accepted;

  await expect(offer(queue, 'cd').accepted).rejects.toThrow(RefusedError);

  expect(host.metric('otelcol_exporter_enqueue_failed_log_records')).toBe(2);
  await offer(queue, 'c').accepted;
  expectBooksToBalance(host);
});

test('bounds the bytes whatever the sizer, and still takes one that is larger than the bound', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { bytes_max: 4 } });
  await queue.start();
  let hasEntered = false;

  await offer(queue, 'larger').accepted;
  void offer(queue, 'x').accepted.then(() => (hasEntered = true));
  await settleMicrotasks();
  expect(hasEntered).toBe(false);
  await backend.last().answer();

  expect(hasEntered).toBe(true);
});

for (const settings of [{ wait_for_result: true }, { enabled: false }]) {
  test(`waits for the answer with ${JSON.stringify(settings)}`, async () => {
    const backend = new FakeBackend();
    const queue = createQueue(backend, host, { queue: settings });
    await queue.start();
    let isAccepted = false;
    void offer(queue, 'a').accepted.then(() => (isAccepted = true));
    await settleMicrotasks();
    expect(isAccepted).toBe(false);

    await backend.last().answer();

    expect(isAccepted).toBe(true);
  });
}

test('halves what is too large, in order', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'abcdefgh');
  await settleMicrotasks();

  while (backend.taken.join('') !== 'abcdefgh') {
    const request = backend.last();
    if (request.payload.rows > 2) await request.fail(new PermanentError('413', { tooLarge: true }));
    else await request.answer();
  }

  expect(backend.taken).toEqual(['ab', 'cd', 'ef', 'gh']);
  expect(offered.outcome?.durable).toBe(8);
  expectBooksToBalance(host);
});

test('singles out a refused record, sends the others and keeps a dead letter', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'abcdXfgh');
  await settleMicrotasks();

  while (!offered.outcome) {
    const request = backend.last();
    if (request.payload.body.includes('X')) await request.fail(new PermanentError('400: bad record'));
    else await request.answer();
  }

  expect(backend.taken.join('')).toBe('abcdfgh');
  expect(offered.outcome).toEqual({ durable: 7, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
  const line = host.lines.find(({ message }) => message.includes('refuses'));
  const letter: unknown = JSON.parse(readFileSync(String(line?.facts['dead_letter']), 'utf8'));
  expect(letter).toMatchObject({ exporter: 'otlp_http', reason: '400: bad record', rows: 1, body: Buffer.from('X').toString('base64') });
  expectBooksToBalance(host);
});

test('spends 20 requests at most on a request that is refused as a whole', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'x'.repeat(1000));
  await settleMicrotasks();

  while (!offered.outcome) await backend.last().fail(new PermanentError('400'));

  expect(backend.requests.length).toBeLessThanOrEqual(20);
  expect(offered.outcome.dropped).toEqual(new Map([['refused_by_backend', 1000]]));
  expectBooksToBalance(host);
});

test('counts the rejected rows of a partial success and never sends them again', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'abc');
  await settleMicrotasks();

  await backend.last().answer({ rejected: 2, message: 'too old' });

  expect(offered.outcome).toEqual({ durable: 1, dropped: new Map([['partial_success', 2]]), abandoned: 0 });
  expect(backend.requests).toHaveLength(1);
  expectBooksToBalance(host);
});

test('sends what is left at shutdown', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = ['a', 'b', 'c'].map((text) => offer(queue, text));
  await settleMicrotasks();

  const stopped = queue.shutdown(new AbortController().signal);
  await expect(offer(queue, 'late').accepted).rejects.toThrow(RefusedError);
  for (let i = 0; i < 3; i++) await backend.last().answer();
  await stopped;

  expect(offered.map(({ outcome }) => outcome?.durable)).toEqual([1, 1, 1]);
  expectBooksToBalance(host);
});

test('gives back to the sources what the deadline of a shutdown leaves, and who waited is refused', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { queue_size: 3 } });
  await queue.start();
  const offered = ['a', 'b', 'c'].map((text) => offer(queue, text));
  const waiting = offer(queue, 'd');
  const refusal = waiting.accepted.catch((problem: unknown) => problem);
  await settleMicrotasks();
  const deadline = new AbortController();

  const stopped = queue.shutdown(deadline.signal);
  deadline.abort();
  await stopped;

  expect(offered.map(({ outcome }) => outcome?.abandoned)).toEqual([1, 1, 1]);
  expect(await refusal).toBeInstanceOf(RefusedError);
  expect(waiting.outcome).toBeUndefined();
  expectBooksToBalance(host);
});

test('does not wait out a backoff at shutdown: one attempt more, then it gives back', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = ['a', 'b'].map((text) => offer(queue, text));
  await settleMicrotasks();
  await backend.last().fail(new RetryableError('connection refused', { retryAfterMs: 3_600_000 }));

  const stopped = queue.shutdown(new AbortController().signal);
  await settleMicrotasks();
  await backend.last().fail(new RetryableError('connection refused'));
  await stopped;

  expect(backend.bodies).toEqual(['a', 'a']);
  expect(offered.map(({ outcome }) => outcome?.abandoned)).toEqual([1, 1]);
  expectBooksToBalance(host);
});

test('hands a body back only when nobody can refer to it any more', async () => {
  const backend = new FakeBackend();
  const recycled: string[] = [];
  const queue = createQueue(backend, host, { recycle: (body) => recycled.push(body.toString()) });
  await queue.start();
  offer(queue, 'taken', 1);
  offer(queue, 'tried twice', 2);
  await settleMicrotasks();

  await backend.requests[0]?.answer();
  await backend.requests[1]?.fail(new RetryableError('timeout'));
  await clock.advance(5_000);
  await backend.last().answer();

  expect(backend.taken).toEqual(['taken', 'tried twice']);
  expect(recycled).toEqual(['taken']);
});

test('shuts down without start, and twice', async () => {
  const queue = createQueue(new FakeBackend(), host);

  await queue.shutdown(new AbortController().signal);
  await expect(queue.shutdown(new AbortController().signal)).resolves.toBeUndefined();
});
