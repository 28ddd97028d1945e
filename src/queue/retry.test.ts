import { beforeEach, expect, test } from 'vitest';
import { DestinationError, RetryableError } from '#component';
import { FakeBackend, createQueue, expectBooksToBalance, offer } from '../../test/helpers/fake-backend.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

let clock: FakeClock;
let host: TestHost;

beforeEach(() => {
  clock = new FakeClock();
  host = createTestHost({ clock });
});

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
  expect(backend.bodies.slice(4)).toEqual(['s5']);
  expect(host.reported.at(-1)?.status).toBe('recoverable');
  await backend.last().answer();

  expect(backend.bodies.slice(4)).toEqual(['s5', 's1', 's3']);
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

test('switched off, makes one attempt and does not speak of another', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { retry: { enabled: false } });
  await queue.start();
  const offered = offer(queue, 'abc');
  await settleMicrotasks();

  await backend.last().fail(new RetryableError('502'));
  await clock.advance(60_000);

  expect(backend.requests).toHaveLength(1);
  expect(offered.outcome?.abandoned).toBe(3);
  expect(host.lines.map(({ message }) => message)).toEqual([
    'A request failed, and "retry_on_failure" is switched off; records are given back to their source.',
  ]);
  expectBooksToBalance(host);
});

test('one answer is enough to begin counting failures in a row anew', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  for (let source = 1; source <= 5; source++) offer(queue, `s${source}`, source);
  await settleMicrotasks();
  const [one, two, three, four] = backend.requests;

  await one?.fail(new RetryableError('connection reset'));
  await two?.fail(new RetryableError('connection reset'));
  await three?.answer();
  await four?.fail(new RetryableError('connection reset'));

  // The whole backend is not away: whoever comes is sent at once.
  offer(queue, 's6', 6);
  await settleMicrotasks();
  expect(backend.bodies.slice(5)).toEqual(['s6']);
});

test('a destination at fault once more is told once more', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  offer(queue, 'a');
  await settleMicrotasks();

  await backend.last().fail(new DestinationError('401'));
  await clock.advance(30_000);
  await backend.last().fail(new RetryableError('connection refused'));
  await clock.advance(30_000);
  await backend.last().fail(new DestinationError('403'));

  expect(host.lines.filter(({ level }) => level === 'error').map(({ facts }) => facts['reason'])).toEqual(['401', '403']);
});
