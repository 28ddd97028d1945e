import { expect } from 'vitest';
import { Delivery, RetryableError, type Outcome } from '#component';
import { SendingQueue, type Payload, type RetryConfig, type SendResult, type SendingQueueConfig } from '#queue';
import { settleMicrotasks } from './fake-clock.ts';
import type { TestHost } from './test-host.ts';

/** The defaults of the schema. */
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

/** The defaults of the schema, without jitter. */
const RETRY: RetryConfig = {
  enabled: true,
  initial_interval: '5s',
  randomization_factor: 0,
  multiplier: 1.5,
  max_interval: '30s',
  max_elapsed_time: '0s',
};

const DROP_REASONS = ['partial_success', 'refused_by_backend', 'retry_time_over', 'destination_error', 'damaged_on_disk'];

interface Request {
  readonly payload: Payload;
  answer(result?: SendResult): Promise<void>;
  fail(problem: Error): Promise<void>;
}

/** A backend that a test answers for, request by request. */
export class FakeBackend {
  readonly requests: Request[] = [];
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

  last(): Request {
    const request = this.requests.at(-1);
    if (!request) throw new Error('no request has come');
    return request;
  }
}

interface QueueOptions {
  readonly queue?: Partial<SendingQueueConfig>;
  readonly retry?: Partial<RetryConfig>;
  readonly recycle?: (body: Buffer) => void;
}

export function createQueue(backend: FakeBackend, host: TestHost, { queue, retry, recycle = () => {} }: QueueOptions = {}): SendingQueue {
  const config = { queue: { ...QUEUE, ...queue }, retry: { ...RETRY, ...retry } };
  return new SendingQueue({ id: 'otlp_http', ...config, send: backend.send, split: halve, host, recycle });
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

export interface Offered {
  readonly accepted: Promise<void>;
  /** Once the source has heard what became of its rows. */
  readonly outcome: Outcome | undefined;
}

export function offer(queue: SendingQueue, text: string, source: number = 1): Offered {
  let outcome: Outcome | undefined;
  const delivery = new Delivery(text.length, source, (settled) => (outcome = settled));
  const accepted = queue.offer(payloadOf(text), [{ delivery, rows: text.length }]);
  return {
    accepted,
    get outcome() {
      return outcome;
    },
  };
}

/** Both sides of: accepted + restored = sent + dropped + abandoned + held. */
export function booksOf(host: TestHost): { readonly came: number; readonly went: number } {
  const of = (name: string, labels: Readonly<Record<string, string>> = {}): number => host.metric(name, labels) || 0;
  let went = of('otelcol_exporter_sent_log_records') + of('winnow_exporter_abandoned_log_records') + of('winnow_exporter_held_log_records');
  for (const reason of DROP_REASONS) went += of('winnow_exporter_dropped_log_records', { reason });
  return { came: of('winnow_exporter_accepted_log_records') + of('winnow_exporter_restored_log_records'), went };
}

export function expectBooksToBalance(of: TestHost): void {
  const { came, went } = booksOf(of);
  expect(went).toBe(came);
}

// A busy disk may take its time; what never comes true fails all the same.
const UNTIL_MS_MAX = 10_000;

/** Waits for what goes through the pool of threads. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + UNTIL_MS_MAX;
  while (!isTrue() && performance.now() < deadline) await settleMicrotasks();
  if (!isTrue()) throw new Error('what the test waits for has not come true');
}
