import * as nodeFs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Delivery, DestinationError, PermanentError, RefusedError, RetryableError, type Outcome } from '#component';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { SendingQueue, type Payload, type RetryConfig, type SendResult, type SendingQueueConfig } from './index.ts';

const QUEUE: SendingQueueConfig = {
  enabled: true,
  num_consumers: 10,
  wait_for_result: false,
  block_on_overflow: true,
  sizer: 'requests',
  queue_size: 1000,
  on_destination_error: 'hold',
  dead_letter: { enabled: true, max_size: '16MiB', max_records: 10_000 },
};
const RETRY: RetryConfig = {
  enabled: true,
  initial_interval: '5s',
  randomization_factor: 0,
  multiplier: 1.5,
  max_interval: '30s',
  max_elapsed_time: '0s',
};

let clock: FakeClock;
let host: TestHost;
let storage: MemoryStorage;

beforeEach(() => {
  clock = new FakeClock();
  storage = new MemoryStorage();
  host = createTestHost({ clock, storage });
});

/** A backend that a test answers for, request by request. */
class Backend {
  readonly requests: { readonly payload: Payload; answer(result?: SendResult): Promise<void>; fail(problem: Error): Promise<void> }[] = [];
  readonly taken: string[] = [];

  send = (payload: Payload, signal: AbortSignal): Promise<SendResult> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new RetryableError('aborted')), { once: true });
      this.requests.push({
        payload,
        answer: (result = { rejected: 0 }) => {
          this.taken.push(payload.body.toString());
          resolve(result);
          return settleMicrotasks();
        },
        fail: (problem) => {
          reject(problem);
          return settleMicrotasks();
        },
      });
    });

  get bodies(): string[] {
    return this.requests.map(({ payload }) => payload.body.toString());
  }

  last(): Backend['requests'][number] {
    const request = this.requests.at(-1);
    if (!request) throw new Error('no request has come');
    return request;
  }
}

function createQueue(backend: Backend, queue: Partial<SendingQueueConfig> = {}, retry: Partial<RetryConfig> = {}): SendingQueue {
  return new SendingQueue({
    id: 'otlp_http',
    queue: { ...QUEUE, ...queue },
    retry: { ...RETRY, ...retry },
    send: backend.send,
    split: halve,
    host,
  });
}

/** Bodies are texts with one letter a row. */
function payloadOf(text: string): Payload {
  return { body: Buffer.from(text), rows: text.length, encoding: '', contentType: 'text/plain' };
}

function halve({ body }: Payload): [Payload, Payload] {
  const text = body.toString();
  const middle = Math.ceil(text.length / 2);
  return [payloadOf(text.slice(0, middle)), payloadOf(text.slice(middle))];
}

interface Offered {
  readonly accepted: Promise<void>;
  outcome: Outcome | undefined;
}

function offer(queue: SendingQueue, text: string, source: number = 1): Offered {
  const offered: { accepted: Promise<void>; outcome: Outcome | undefined } = { accepted: Promise.resolve(), outcome: undefined };
  const delivery = new Delivery(text.length, source, (outcome) => (offered.outcome = outcome));
  offered.accepted = queue.offer(payloadOf(text), [{ delivery, rows: text.length }]);
  return offered;
}

function expectBooksToBalance(): void {
  const of = (name: string): number => host.metric(name) || 0;
  const dropped = ['partial_success', 'refused_by_backend', 'retry_time_over', 'destination_error', 'damaged_on_disk']
    .map((reason) => host.metric('winnow_exporter_dropped_log_records', { reason }) || 0)
    .reduce((sum, count) => sum + count, 0);
  const left = of('winnow_exporter_accepted_log_records') + of('winnow_exporter_restored_log_records');
  const right =
    of('otelcol_exporter_sent_log_records') +
    dropped +
    of('winnow_exporter_abandoned_log_records') +
    of('winnow_exporter_held_log_records');
  expect(right).toBe(left);
}

describe('in memory', () => {
  test('settles durable when the backend has answered, not before', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
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
    expectBooksToBalance();
    await queue.shutdown(new AbortController().signal);
  });

  test('has one unanswered request of a source, and others go past it', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
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
    const backend = new Backend();
    const queue = createQueue(backend);
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
    const backend = new Backend();
    const queue = createQueue(backend, { queue_size: 2, num_consumers: 1 });
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
    const backend = new Backend();
    const queue = createQueue(backend, { queue_size: 3, sizer: 'items', block_on_overflow: false });
    await queue.start();
    await offer(queue, 'ab').accepted;

    await expect(offer(queue, 'cd').accepted).rejects.toThrow(RefusedError);

    expect(host.metric('otelcol_exporter_enqueue_failed_log_records')).toBe(2);
    await offer(queue, 'c').accepted;
    expectBooksToBalance();
  });

  test('bounds the bytes whatever the sizer, and still takes one that is larger than the bound', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, { bytes_max: 4 });
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
      const backend = new Backend();
      const queue = createQueue(backend, settings);
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
    const backend = new Backend();
    const queue = createQueue(backend);
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
    expectBooksToBalance();
  });

  test('waits longer and longer while the backend is away, and then probes with one request', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
    await queue.start();
    for (let source = 1; source <= 5; source++) offer(queue, `s${source}`, source);
    await settleMicrotasks();
    for (const request of [...backend.requests]) await request.fail(new RetryableError('connection refused'));
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
    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('holds everything while the destination is at fault, says so once, and goes on when it is mended', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
    await queue.start();
    for (let source = 1; source <= 3; source++) offer(queue, `s${source}`, source);
    await settleMicrotasks();
    for (const request of [...backend.requests]) await request.fail(new DestinationError('401: renew the token'));
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
    expectBooksToBalance();
  });

  test('drops for a destination at fault only when told to', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, { on_destination_error: 'drop' });
    await queue.start();
    const offered = offer(queue, 'abc');
    await settleMicrotasks();

    await backend.last().fail(new DestinationError('404'));

    expect(offered.outcome?.dropped).toEqual(new Map([['destination_error', 3]]));
    expectBooksToBalance();
  });

  test('halves what is too large, in order', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
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
    expectBooksToBalance();
  });

  test('singles out a refused record, sends the others and keeps a dead letter', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, { dead_letter: { ...QUEUE.dead_letter } });
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
    const { readFileSync } = host.fs;
    const letter: unknown = JSON.parse(readFileSync(String(line?.facts['dead_letter']), 'utf8'));
    expect(letter).toMatchObject({ exporter: 'otlp_http', reason: '400: bad record', rows: 1, body: Buffer.from('X').toString('base64') });
    expectBooksToBalance();
  });

  test('spends 20 requests at most on a request that is refused as a whole', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
    await queue.start();
    const offered = offer(queue, 'x'.repeat(1000));
    await settleMicrotasks();

    while (!offered.outcome) await backend.last().fail(new PermanentError('400'));

    expect(backend.requests.length).toBeLessThanOrEqual(20);
    expect(offered.outcome.dropped).toEqual(new Map([['refused_by_backend', 1000]]));
    expectBooksToBalance();
  });

  test('counts the rejected rows of a partial success and never sends them again', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
    await queue.start();
    const offered = offer(queue, 'abc');
    await settleMicrotasks();

    await backend.last().answer({ rejected: 2, message: 'too old' });

    expect(offered.outcome).toEqual({ durable: 1, dropped: new Map([['partial_success', 2]]), abandoned: 0 });
    expect(backend.requests).toHaveLength(1);
    expectBooksToBalance();
  });

  test('gives rows back to their source when the time to try again is over', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, {}, { max_elapsed_time: '12s' });
    await queue.start();
    const offered = offer(queue, 'abc');
    await settleMicrotasks();

    await backend.last().fail(new RetryableError('502'));
    await clock.advance(5_000);
    await backend.last().fail(new RetryableError('502'));

    expect(offered.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 3 });
    expect(host.metric('winnow_exporter_abandoned_log_records')).toBe(3);
    expectBooksToBalance();
  });

  test('sends what is left at shutdown', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
    await queue.start();
    const offered = ['a', 'b', 'c'].map((text) => offer(queue, text));
    await settleMicrotasks();

    const stopped = queue.shutdown(new AbortController().signal);
    await expect(offer(queue, 'late').accepted).rejects.toThrow(RefusedError);
    for (let i = 0; i < 3; i++) await backend.last().answer();
    await stopped;

    expect(offered.map(({ outcome }) => outcome?.durable)).toEqual([1, 1, 1]);
    expectBooksToBalance();
  });

  test('gives back to the sources what the deadline of a shutdown leaves, and who waited is refused', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, { queue_size: 3 });
    await queue.start();
    const offered = ['a', 'b', 'c'].map((text) => offer(queue, text));
    const waiting = offer(queue, 'd');
    const refused = expect(waiting.accepted).rejects.toThrow(RefusedError);
    await settleMicrotasks();
    const deadline = new AbortController();

    const stopped = queue.shutdown(deadline.signal);
    deadline.abort();
    await stopped;
    await refused;

    expect(offered.map(({ outcome }) => outcome?.abandoned)).toEqual([1, 1, 1]);
    expect(waiting.outcome).toBeUndefined();
    expectBooksToBalance();
  });

  test('does not wait out a backoff at shutdown: one attempt more, then it gives back', async () => {
    const backend = new Backend();
    const queue = createQueue(backend);
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
    expectBooksToBalance();
  });

  test('shuts down without start, and twice', async () => {
    const queue = createQueue(new Backend());

    await queue.shutdown(new AbortController().signal);
    await queue.shutdown(new AbortController().signal);
  });
});

describe('on disk', () => {
  const DISK = { storage: 'file_storage' };

  afterEach(() => nodeFs.rmSync(host.storage.directory('.'), { recursive: true, force: true }));

  /** The same folder and storage in the next life of the agent. */
  function nextLife(): void {
    host = createTestHost({ clock, storage });
  }

  async function until(isTrue: () => boolean): Promise<void> {
    for (let i = 0; i < 1000 && !isTrue(); i++) await settleMicrotasks();
    expect(isTrue()).toBe(true);
  }

  test('settles durable when written, although the backend is away, and sends in the next life what is left', async () => {
    const away = new Backend();
    const first = createQueue(away, DISK);
    await first.start();
    const offered = ['a1', 'a2', 'b1'].map((text) => offer(first, text, text.charCodeAt(0)));
    await until(() => offered.every(({ outcome }) => outcome?.durable === 2));
    expectBooksToBalance();
    nextLife();

    const backend = new Backend();
    const second = createQueue(backend, DISK);
    await second.start();
    expect(host.metric('winnow_exporter_restored_log_records')).toBe(6);
    await until(() => backend.requests.length === 2);
    for (let i = 0; i < 3; i++) {
      await until(() => backend.requests.length > i);
      await backend.requests[i]?.answer();
    }

    expect(backend.taken).toEqual(['a1', 'b1', 'a2']);
    expectBooksToBalance();
    await second.shutdown(new AbortController().signal);
    expect(host.fs.readdirSync(host.storage.directory('queue'))).toEqual([]);
  });

  test('sends what was offered in this life after what is left from the one before', async () => {
    const first = createQueue(new Backend(), DISK);
    await first.start();
    const offered = [offer(first, 'old1', 1), offer(first, 'old2', 2)];
    await until(() => offered.every(({ outcome }) => outcome !== undefined));
    nextLife();
    const backend = new Backend();
    const second = createQueue(backend, DISK);
    await second.start();

    // Source numbers begin anew in each life: the file that was 1 may be 2 now.
    const fresh = offer(second, 'new1', 7);
    await until(() => backend.requests.length === 2 && fresh.outcome !== undefined);
    expect(backend.bodies.toSorted()).toEqual(['old1', 'old2']);
    await backend.requests[0]?.answer();
    await backend.requests[1]?.answer();
    await until(() => backend.requests.length === 3);

    expect(backend.bodies[2]).toBe('new1');
  });

  test('goes on where a segment is cut short, counts what is lost, and sends the rest', async () => {
    const first = createQueue(new Backend(), DISK);
    await first.start();
    const offered = ['a', 'b', 'c'].map((text) => offer(first, text.repeat(100)));
    await until(() => offered.every(({ outcome }) => outcome !== undefined));
    const folder = host.storage.directory('queue');
    const [name = ''] = host.fs.readdirSync(folder);
    const path = `${folder}/${name}`;
    host.fs.truncateSync(path, host.fs.statSync(path).size - 10);
    nextLife();

    const backend = new Backend();
    const second = createQueue(backend, DISK);
    await second.start();
    for (let i = 0; i < 2; i++) {
      await until(() => backend.requests.length > i);
      await backend.requests[i]?.answer();
    }

    expect(backend.taken.map((text) => text[0])).toEqual(['a', 'b']);
    expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' })).toBe(100);
    expect(host.metric('winnow_storage_corrupt_files')).toBe(1);
    expectBooksToBalance();
  });

  test('skips a damaged record, keeps the segment for inspection, and sends the rest', async () => {
    const first = createQueue(new Backend(), DISK);
    await first.start();
    const offered = ['a', 'b', 'c'].map((text) => offer(first, text.repeat(100)));
    await until(() => offered.every(({ outcome }) => outcome !== undefined));
    const folder = host.storage.directory('queue');
    const [name = ''] = host.fs.readdirSync(folder);
    const bytes = host.fs.readFileSync(`${folder}/${name}`);
    bytes[bytes.indexOf('bbbb') + 5] = 0x21;
    host.fs.writeFileSync(`${folder}/${name}`, bytes);
    nextLife();

    const backend = new Backend();
    const second = createQueue(backend, DISK);
    await second.start();
    for (let i = 0; i < 2; i++) {
      await until(() => backend.requests.length > i);
      await backend.requests[i]?.answer();
    }
    await second.shutdown(new AbortController().signal);

    expect(backend.taken.map((text) => text[0])).toEqual(['a', 'c']);
    expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' })).toBe(100);
    expect(host.fs.readdirSync(folder)).toEqual([expect.stringContaining('.segment.corrupt-')]);
    expectBooksToBalance();
  });

  test('makes the index anew from the segments when the database was lost', async () => {
    const first = createQueue(new Backend(), DISK);
    await first.start();
    const offered = ['a', 'b', 'c'].map((text) => offer(first, text));
    await until(() => offered.every(({ outcome }) => outcome !== undefined));
    const client = host.storage;
    const transaction = client.begin();
    for (const [key] of client.list('')) client.delete(transaction, key);
    await client.commit(transaction);
    nextLife();

    const backend = new Backend();
    const second = createQueue(backend, DISK);
    await second.start();
    for (let i = 0; i < 3; i++) {
      await until(() => backend.requests.length > i);
      await backend.requests[i]?.answer();
    }

    expect(backend.taken).toEqual(['a', 'b', 'c']);
    expectBooksToBalance();
  });

  test('waits while the disk is full, loudly once, and loses nothing', async () => {
    let isFull = true;
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const fs = {
      ...nodeFs,
      writev: (fd: number, buffers: Buffer[], position: number, done: (problem: Error | null, written: number) => void) => {
        if (isFull) done(full, 0);
        else nodeFs.writev(fd, buffers, position, done);
      },
    } as typeof nodeFs;
    host = createTestHost({ clock, storage, fs });
    const backend = new Backend();
    const queue = createQueue(backend, DISK);
    await queue.start();

    const offered = offer(queue, 'abc');
    await clock.advance(30_000);
    expect(offered.outcome).toBeUndefined();
    expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    isFull = false;
    await clock.advance(5_000);
    await until(() => offered.outcome?.durable === 3);

    await until(() => backend.requests.length === 1);
    expectBooksToBalance();
  });

  test('drops and counts what the backend did not take in time, since the source has moved on', async () => {
    const backend = new Backend();
    const queue = createQueue(backend, DISK, { max_elapsed_time: '1s' });
    await queue.start();
    offer(queue, 'abc');
    await until(() => backend.requests.length === 1);

    await backend.last().fail(new RetryableError('502'));

    expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'retry_time_over' })).toBe(3);
    expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expectBooksToBalance();
  });
});
