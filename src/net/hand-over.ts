import assert from 'node:assert';
import {
  Delivery,
  RefusedError,
  prepare,
  whenCommitted,
  type Consumer,
  type Counter,
  type Host,
  type Labels,
  type Outcome,
  type Timer,
} from '#component';
import type { LogBatch } from '#model';
import { HttpProblem } from './server-reply.ts';

export interface HandOverSettings {
  readonly next: Consumer;
  /** From the arrival of a request until somebody must answer for all of its records. */
  readonly settleMs: number;
  /** Tells the metrics of several of one receiver apart. */
  readonly labels?: Labels;
}

// When the agent stops, requests wait so long for what is further down to become safe. It may be that only stopping
// makes it so, and that is after us; the sender then sends again.
const STOPPING_MS = 1000;
const RETRY_AFTER_MS = 1000;

/** What one request gives. */
export interface Gift {
  /** Called when it is the request's turn. Throws HttpProblem when the body is not what it should be. */
  readonly read: () => LogBatch;
  /** Rows of one source stay in order. */
  readonly source: number;
  /** Called when neither body nor batch is referred to any more. */
  readonly done?: () => void;
  /** The sender has gone. */
  readonly signal: AbortSignal;
  /** Where senders are promised different times; otherwise that of the settings. */
  readonly settleMs?: number;
}

/**
 * Hands requests to the pipeline, one after the other as they came, and tells what became of their records.
 *
 *   bodies wait here ─▶ read ─▶ consume ─▶ settle ─▶ answer
 *                       └─ one at a time ─┘
 *
 * What waits are bodies, which the server bounds; they become rows, which take more memory, only when the pipeline is
 * free. Whatever does not settle in time is answered 503, and comes again: at least once, never lost.
 */
export class HandOver {
  readonly #next: Consumer;
  readonly #settleMs: number;
  readonly #labels: Labels;
  readonly #line: Place[] = [];
  readonly #unsettled = new Set<(problem: HttpProblem) => void>();
  #host: Host | undefined;
  #late: Counter | undefined;
  #isBusy = false;
  #isStopped = false;
  /** Nobody waits for the pipeline any more. */
  #isGivenUp = false;
  #onQuiet: (() => void) | undefined;

  constructor({ next, settleMs, labels = {} }: HandOverSettings) {
    this.#next = next;
    this.#labels = labels;
    this.#settleMs = settleMs;
  }

  start(host: Host): void {
    this.#host = host;
    this.#late = host.metrics.counter(
      'winnow_receiver_settle_timeouts',
      'Requests whose records were not safe in time; they come again.',
      this.#labels,
    );
    host.metrics.gauge('winnow_receiver_waiting_requests', 'Requests that wait for the pipeline.', () => this.#line.length, this.#labels);
  }

  /** Resolves when somebody answers for every record. Throws HttpProblem when nobody does, or not in time. */
  async give(gift: Gift): Promise<Outcome> {
    const host = this.#host;
    assert(host, 'requests come after the start');
    let fail: (problem: HttpProblem) => void = () => {};
    const failed = new Promise<never>((_, reject) => (fail = reject));
    const timer = host.clock.after(gift.settleMs ?? this.#settleMs, () => {
      this.#late?.add(1);
      fail(HttpProblem.later(503, 'the records were not safe in time; send them again', RETRY_AFTER_MS));
    });
    this.#unsettled.add(fail);
    try {
      return await Promise.race([failed, this.#pass(gift, failed)]);
    } finally {
      timer.cancel();
      this.#unsettled.delete(fail);
      this.#tellIfQuiet();
    }
  }

  /**
   * Takes no more. Resolves when no request is unanswered and nothing is being consumed, or at the deadline. A pipeline
   * that takes nothing because its backend is away would take the whole of that time: it is left alone once its request
   * has been answered, and refuses it when its own turn to stop comes.
   */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopped = true;
    for (const place of this.#line.splice(0)) place.leave(stopping());
    if (!this.#isBusy && this.#unsettled.size === 0) return;
    const failAll = (): void => {
      this.#isGivenUp = true;
      for (const fail of this.#unsettled) fail(stopping());
      this.#tellIfQuiet();
    };
    const timer: Timer | undefined = this.#host?.clock.after(STOPPING_MS, failAll);
    await new Promise<void>((resolve) => {
      const cut = (): void => {
        failAll();
        resolve();
      };
      this.#onQuiet = resolve;
      if (deadline.aborted) cut();
      else deadline.addEventListener('abort', cut, { once: true });
    });
    timer?.cancel();
  }

  async #pass({ read, source, signal, done }: Gift, failed: Promise<never>): Promise<Outcome> {
    await this.#turn(failed);
    const { promise: settled, resolve } = Promise.withResolvers<Outcome>();
    try {
      if (signal.aborted) throw new HttpProblem(503, 'the sender has gone');
      const batch = read();
      if (batch.liveRows === 0) return NOTHING;
      batch.setDelivery(new Delivery(batch.liveRows, source, (outcome, within) => whenCommitted(within, () => resolve(outcome))));
      prepare(batch, this.#next);
      await this.#next.consume(batch);
    } catch (error) {
      throw this.#problemOf(error);
    } finally {
      done?.();
      this.#free();
    }
    return settled;
  }

  #turn(failed: Promise<never>): Promise<void> {
    if (this.#isStopped) return Promise.reject(stopping());
    if (!this.#isBusy) {
      this.#isBusy = true;
      return Promise.resolve();
    }
    return new Promise((enter, leave) => {
      const place = { enter, leave };
      this.#line.push(place);
      failed.catch((problem: unknown) => {
        const at = this.#line.indexOf(place);
        if (at >= 0) this.#line.splice(at, 1);
        leave(problem);
      });
    });
  }

  #free(): void {
    const next = this.#line.shift();
    if (next) return next.enter();
    this.#isBusy = false;
    this.#tellIfQuiet();
  }

  /** The pipeline may still refer to the bytes of a request that has been answered; that is not quiet until given up. */
  #tellIfQuiet(): void {
    if ((this.#isGivenUp || !this.#isBusy) && this.#unsettled.size === 0) this.#onQuiet?.();
  }

  #problemOf(error: unknown): unknown {
    if (error instanceof HttpProblem) return error;
    if (error instanceof RefusedError)
      return HttpProblem.later(503, `the pipeline cannot take it now: ${error.message}`, error.retryAfterMs);
    this.#host?.fatal(error);
    return error;
  }
}

interface Place {
  readonly enter: () => void;
  readonly leave: (problem: unknown) => void;
}

const NOTHING: Outcome = { durable: 0, dropped: new Map(), abandoned: 0 };

function stopping(): HttpProblem {
  return HttpProblem.later(503, 'the agent stops; send again', RETRY_AFTER_MS);
}
