import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { DestinationError, PermanentError, RefusedError, RetryableError } from '#component';
import { FakeBackend, booksOf, createQueue, offer } from '../../test/helpers/fake-backend.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

let clock: FakeClock;
let host: TestHost;

beforeEach(() => {
  clock = new FakeClock();
  host = createTestHost({ clock });
});

function expectBooksToBalance(of: TestHost): void {
  const { came, went } = booksOf(of);
  expect(went).toBe(came);
}

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

test('a throttled answer slows the whole exporter for as long as the backend asks', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  for (let source = 1; source <= 4; source++) offer(queue, `s${source}`, source);
  await settleMicrotasks();
  await backend.requests[0]?.fail(new RetryableError('503', { retryAfterMs: 60_000 }));
  await backend.requests[1]?.answer();
  await backend.requests[2]?.fail(new RetryableError('503', { retryAfterMs: 60_000 }));
  offer(queue, 's5', 5);

  await clock.advance(59_000);
  expect(backend.requests).toHaveLength(4);
  await clock.advance(1_000);
  expect(backend.bodies.slice(4)).toEqual(['s1']);
  expect(host.reported.at(-1)?.status).toBe('recoverable');
  await backend.last().answer();

  expect(backend.bodies.slice(4)).toEqual(['s1', 's3', 's5']);
  expect(host.reported.at(-1)?.status).toBe('ok');
  expectBooksToBalance(host);
});

test('its status tells of the first request that fails, and of the answer that mends it', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  offer(queue, 'a', 1);
  await settleMicrotasks();

  await backend.last().fail(new RetryableError('the connection was refused'));
  expect(host.reported.at(-1)).toMatchObject({ status: 'recoverable', message: 'the connection was refused' });

  await clock.advance(60_000);
  await backend.last().answer();
  expect(host.reported.at(-1)?.status).toBe('ok');
});

test('waits longer and longer while the backend is away, and then probes with one request', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  for (let source = 1; source <= 5; source++) offer(queue, `s${source}`, source);
  await settleMicrotasks();
  for (const request of backend.requests.slice()) await request.fail(new RetryableError('connection refused'));
  const attempts: number[] = [];
  const start = clock.now();

  for (let i = 0; i < 5; i++) {
    const before = backend.requests.length;
    while (backend.requests.length === before) await clock.advance(500);
    attempts.push(clock.now() - start);
    expect(backend.requests.length - before).toBe(1);
    await backend.last().fail(new RetryableError('connection refused'));
  }

  expect(attempts.map((at, i) => at - (attempts[i - 1] ?? 0))).toEqual([5_000, 7_500, 11_500, 17_000, 25_500]);
  // Heard of at once, and only once more when the whole backend is taken to be away.
  expect(host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'A request failed and is tried again.',
    'A request failed and is tried again.',
    'The backend does not take requests; the queue keeps them and tries again.',
  ]);
});

test('holds everything while the destination is at fault, says so once, and goes on when it is mended', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  for (let source = 1; source <= 3; source++) offer(queue, `s${source}`, source);
  await settleMicrotasks();
  for (const request of backend.requests.slice()) await request.fail(new DestinationError('401: renew the token'));
  for (let i = 0; i < 3; i++) {
    await clock.advance(30_000);
    expect(backend.requests).toHaveLength(4 + i);
    await backend.last().fail(new DestinationError('401: renew the token'));
  }
  expect(host.reported.at(-1)).toEqual({ status: 'permanent', message: '401: renew the token' });
  expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);

  await clock.advance(30_000);
  await backend.last().answer();
  for (const request of backend.requests.slice(7)) await request.answer();

  expect(backend.taken).toEqual(['s1', 's2', 's3']);
  expect(host.reported.at(-1)?.status).toBe('ok');
  expectBooksToBalance(host);
});

test('drops for a destination at fault only when told to', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: { on_destination_error: 'drop' } });
  await queue.start();
  const offered = offer(queue, 'abc');
  await settleMicrotasks();

  await backend.last().fail(new DestinationError('404'));

  expect(offered.outcome?.dropped).toEqual(new Map([['destination_error', 3]]));
  expectBooksToBalance(host);
});

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

test('gives rows back to their source when the time to try again is over', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { retry: { max_elapsed_time: '12s' } });
  await queue.start();
  const offered = offer(queue, 'abc');
  await settleMicrotasks();

  await backend.last().fail(new RetryableError('502'));
  await clock.advance(5_000);
  await backend.last().fail(new RetryableError('502'));

  expect(offered.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 3 });
  expect(host.metric('winnow_exporter_abandoned_log_records')).toBe(3);
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
