import { DestinationError, parseDuration, PermanentError, RetryableError, type Counter, type Host } from '#component';
import { Backoff, type RetryConfig } from '#queue';
import type { Request } from './request-writer.ts';

const DROP_REASONS = ['refused', 'queue_full', 'retries_over', 'shutdown'] as const;
type DropReason = (typeof DROP_REASONS)[number];

// How long the last requests may take when the agent stops; the samples of a stopped agent are not worth more.
const DRAIN_MS_MAX = 5000;
const DRAIN_PAUSE_MS = 500;

export interface OutboxSettings {
  readonly id: string;
  readonly requestsMax: number;
  readonly bytesMax: number;
  readonly retry: RetryConfig;
  /** One attempt; throws what a Sender throws. */
  readonly send: (request: Request, signal: AbortSignal) => Promise<void>;
  readonly host: Host;
}

interface Waiting {
  readonly request: Request;
  failures: number;
  triedAt: number | undefined;
}

/**
 * Requests on their way, one at a time, so that each series' samples arrive in order however often one is repeated.
 * Bounded: the oldest that is not in flight makes room, since the newest tells most.
 *
 *   made = sent + dropped + held
 */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #backoff: Backoff;
  readonly #waiting: Waiting[] = [];
  readonly #sent: Counter;
  readonly #made: Counter;
  readonly #dropped: Readonly<Record<DropReason, Counter>>;
  readonly #deadline = new AbortController();
  #bytes = 0;
  #isFailing = false;
  #isDraining = false;
  #pause = new AbortController();
  #running: Promise<void> | undefined;

  constructor(settings: OutboxSettings) {
    const { metrics, random } = settings.host;
    this.#settings = settings;
    this.#backoff = new Backoff(settings.retry, random);
    const counter = (name: string, help: string, labels = {}): Counter =>
      metrics.counter(`winnow_exporter_prometheus_${name}_samples`, help, labels);
    this.#made = counter('made', 'Samples put into requests.');
    this.#sent = counter('sent', 'Samples that the backend took.');
    const dropped = (reason: DropReason): Counter => counter('dropped', 'Samples that nobody will get.', { reason });
    const [refused, full, over, shutdown] = DROP_REASONS;
    this.#dropped = { refused: dropped(refused), queue_full: dropped(full), retries_over: dropped(over), shutdown: dropped(shutdown) };
    metrics.gauge('winnow_exporter_prometheus_held_samples', 'Samples in requests that wait.', () => this.#held());
  }

  put(requests: readonly Request[]): void {
    for (const request of requests) {
      this.#waiting.push({ request, failures: 0, triedAt: undefined });
      this.#bytes += request.body.length;
      this.#made.add(request.samples);
    }
    this.#makeRoom();
    this.#start();
  }

  /** Resolves when all is sent or dropped: when `signal` aborts, or after a few seconds, what is left is. */
  async drain(signal: AbortSignal): Promise<void> {
    const expire = (): void => this.#deadline.abort();
    if (signal.aborted) expire();
    signal.addEventListener('abort', expire, { once: true });
    const timer = this.#settings.host.clock.after(DRAIN_MS_MAX, expire);
    this.#isDraining = true;
    // Whoever waits for another attempt makes it now.
    this.#pause.abort();
    while (this.#running) await this.#running;
    timer.cancel();
    signal.removeEventListener('abort', expire);
  }

  #start(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const ended = (): void => {
      this.#running = undefined;
      this.#start();
    };
    const failed = (problem: unknown): void => {
      this.#running = undefined;
      this.#settings.host.fatal(problem);
    };
    this.#running = this.#run().then(ended, failed);
  }

  async #run(): Promise<void> {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#deadline.signal.aborted) this.#drop(0, 'shutdown');
      else if (await this.#attempt(first)) this.#remove(0);
    }
  }

  /** True when the request is done with. */
  async #attempt(waiting: Waiting): Promise<boolean> {
    const { send, host } = this.#settings;
    waiting.triedAt ??= host.clock.monotonic();
    try {
      await send(waiting.request, this.#deadline.signal);
    } catch (problem) {
      if (problem instanceof PermanentError) return this.#refused(waiting, problem);
      if (problem instanceof RetryableError || problem instanceof DestinationError) return this.#failed(waiting, problem);
      throw problem;
    }
    this.#sent.add(waiting.request.samples);
    if (this.#isFailing) {
      host.report('ok');
      host.log.info('The backend takes metrics again.', { exporter: this.#settings.id });
    }
    this.#isFailing = false;
    return true;
  }

  #refused({ request }: Waiting, problem: PermanentError): boolean {
    const { host, id } = this.#settings;
    this.#dropped.refused.add(request.samples);
    const facts = { exporter: id, samples: request.samples, reason: problem.message };
    host.log.error('The backend refused metrics for good; they are dropped.', facts);
    host.report('recoverable', problem.message);
    this.#isFailing = true;
    return true;
  }

  async #failed(waiting: Waiting, problem: RetryableError | DestinationError): Promise<boolean> {
    const { host, id, retry } = this.#settings;
    if (this.#deadline.signal.aborted) return false;
    const retryAfterMs = problem instanceof RetryableError ? problem.retryAfterMs : undefined;
    const wantedMs = this.#backoff.delayMs(++waiting.failures, retryAfterMs);
    const ms = this.#isDraining ? Math.min(wantedMs, DRAIN_PAUSE_MS) : wantedMs;
    const elapsedMs = host.clock.monotonic() - (waiting.triedAt ?? 0) + ms;
    const elapsedMsMax = parseDuration(retry.max_elapsed_time);
    host.report('recoverable', problem.message);
    if (!retry.enabled || (elapsedMsMax > 0 && elapsedMs > elapsedMsMax)) {
      this.#dropped.retries_over.add(waiting.request.samples);
      host.log.error('A request of metrics failed too often; it is dropped.', { exporter: id, reason: problem.message });
      this.#isFailing = true;
      return true;
    }
    if (!this.#isFailing) {
      const facts = { exporter: id, retry_ms: Math.round(ms), reason: problem.message };
      host.log.warn('The backend does not take metrics; they wait and are tried again.', facts);
    }
    this.#isFailing = true;
    await this.#sleep(ms);
    return false;
  }

  async #sleep(ms: number): Promise<void> {
    this.#pause = new AbortController();
    await this.#settings.host.clock.sleep(ms, AbortSignal.any([this.#pause.signal, this.#deadline.signal]));
  }

  /** The first may be in flight. */
  #makeRoom(): void {
    const { requestsMax, bytesMax, host, id } = this.#settings;
    let samples = 0;
    while (this.#waiting.length > 1 && (this.#waiting.length > requestsMax || this.#bytes > bytesMax))
      samples += this.#drop(1, 'queue_full');
    if (samples > 0) host.log.error('Too many requests of metrics wait; the oldest are dropped.', { exporter: id, samples });
  }

  #drop(at: number, reason: DropReason): number {
    const samples = this.#remove(at);
    this.#dropped[reason].add(samples);
    return samples;
  }

  #remove(at: number): number {
    const [{ request } = { request: undefined }] = this.#waiting.splice(at, 1);
    this.#bytes -= request?.body.length ?? 0;
    return request?.samples ?? 0;
  }

  #held(): number {
    let samples = 0;
    for (const { request } of this.#waiting) samples += request.samples;
    return samples;
  }
}
