import { Buffer } from 'node:buffer';
import { availableParallelism } from 'node:os';
import { RefusedError, type Counter, type Host } from '#component';
import type { Compressor } from '#net';
import type { BodyPool } from '#otlp';
import type { Draft, Payload, SendingQueue } from '#queue';

/** A request that is written and not yet compressed. */
interface TypedDraft extends Draft {
  readonly contentType: string;
}

export interface OutboxSettings {
  readonly compressor: Compressor;
  readonly queue: SendingQueue;
  readonly bodies: BodyPool;
  /** True when `put` is to wait until the queue has taken the request, and to say so when it has not. */
  readonly waits: boolean;
  readonly host: Host;
}

// While so many bodies are being compressed, or wait for room in the queue, no further one is written. Four is what
// Node's pool compresses at once; more than there are processors would only take memory.
const DRAFTS_MAX = Math.min(4, Math.max(2, availableParallelism()));
// Smaller ones would leave much of a pooled buffer unused for as long as they wait in the queue.
const POOLED_BYTES_MIN = 128 * 1024;

/**
 * Takes requests from the pipeline to the queue in the order they were written, compressing several at a time:
 *
 *   put ─▶ [ compress | compress | compress ] ─▶ in order ─▶ queue
 */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #encodedBytes: Counter;
  readonly #compressing = new Set<Promise<Buffer>>();
  #count = 0;
  #last: Promise<void> = Promise.resolve();
  readonly #waiting: (() => void)[] = [];

  constructor(settings: OutboxSettings) {
    this.#settings = settings;
    this.#encodedBytes = settings.host.metrics.counter('winnow_exporter_encoded_bytes', 'Bytes of requests before compression.');
  }

  /** Rejects with RefusedError when the queue did not take it and `waits` is set; the claims are the caller's then. */
  async put(draft: TypedDraft): Promise<void> {
    while (this.#count >= DRAFTS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#count++;
    const { waits, host } = this.#settings;
    const offered = this.#offer(draft, this.#last).finally(() => {
      this.#count--;
      this.#waiting.shift()?.();
    });
    if (waits) {
      this.#last = offered.catch(() => undefined);
      return offered;
    }
    // The pipeline has gone on, so nobody else hears of a refusal, which can only come from a shutdown.
    this.#last = offered.catch((problem: unknown) => {
      if (!(problem instanceof RefusedError)) return host.fatal(problem);
      for (const { delivery, rows } of draft.claims) delivery.abandoned(rows);
    });
  }

  /** Resolves when nothing is being compressed any more, and what there is room for has been offered. */
  async compressed(): Promise<void> {
    while (this.#compressing.size > 0) await Promise.all(this.#compressing);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Resolves when everything has been taken, or given back. */
  async settled(): Promise<void> {
    while (this.#count > 0) await this.#last;
  }

  async #offer({ body, contentType, rows, claims }: TypedDraft, before: Promise<void>): Promise<void> {
    const { compressor, queue, bodies } = this.#settings;
    this.#encodedBytes.add(body.length);
    const compressing = compressor.compress(body, (bytes) => this.#bufferOf(bytes));
    this.#compressing.add(compressing);
    const compressed = await compressing.finally(() => this.#compressing.delete(compressing));
    if (compressed !== body) bodies.give(body);
    const payload: Payload = { body: compressed, encoding: compressor.encoding, contentType, rows };
    await before;
    await queue.offer(payload, claims);
  }

  /** Buffers that are made and dropped by the megabyte bring on full garbage collections. */
  #bufferOf(bytes: number): Buffer {
    return bytes < POOLED_BYTES_MIN ? Buffer.allocUnsafeSlow(bytes) : this.#settings.bodies.take(bytes);
  }
}
