import { Delivery, RefusedError, whenCommitted, type Clock, type Consumer, type Outcome } from '#component';
import { HttpProblem } from '#net';
import { Turnstile } from './turnstile.ts';
import type { Feed, Rows } from './rows.ts';

export interface EntranceSettings {
  readonly next: Consumer;
  readonly clock: Clock;
  readonly rows: Rows;
  readonly settleMs: number;
  /** Told of a fault of the pipeline after the answer was given. */
  readonly fatal: (problem: unknown) => void;
}

export interface Offer {
  readonly bytes: Buffer;
  readonly feed: Feed;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
  /** Whether the answer waits until all is delivered or on disk. */
  readonly waits: boolean;
  /** Called when nothing refers to the bytes any more, which may be after the answer. */
  readonly done: () => void;
}

// How soon a part of a body is offered again whose first part has been taken, unless the pipeline says when.
const AGAIN_MS = 100;

/**
 * Brings the records of requests into the pipeline, one request after the other, and tells when they are safe.
 *
 *   request ─▶ turnstile ─▶ [ fill ─▶ consume ]* ─▶ wait for the Deliveries ─▶ answer
 *
 * Only the request inside the turnstile has a batch, so that memory does not depend on how many are waiting, and a pipeline
 * never sees two batches of this receiver at once.
 */
export class Entrance {
  readonly #settings: EntranceSettings;
  readonly #turnstile = new Turnstile();
  readonly #stopping = new AbortController();
  #source = 0;

  constructor(settings: EntranceSettings) {
    this.#settings = settings;
  }

  /** Ends all waiting: those who wait are told to send again. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when the records are settled, or taken if nobody wants to wait. Rejects with HttpProblem. */
  async take(offer: Offer): Promise<void> {
    const { clock, settleMs } = this.#settings;
    const late = new AbortController();
    const end = (): void => late.abort();
    const timer = clock.after(settleMs, end);
    const ends = [offer.gone, this.#stopping.signal];
    for (const signal of ends) {
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    }
    try {
      await this.#pass(offer, late.signal);
    } finally {
      timer.cancel();
      for (const signal of ends) signal.removeEventListener('abort', end);
    }
  }

  async #pass(offer: Offer, late: AbortSignal): Promise<void> {
    if (!(await this.#turnstile.enter(late))) {
      offer.done();
      throw busy();
    }
    const outcomes: Promise<Outcome>[] = [];
    // What the pipeline has begun to take cannot be called back: it goes on when the answer has long been given.
    const feeding = this.#feed(offer, outcomes, late).finally(() => {
      offer.done();
      this.#turnstile.leave();
    });
    const isTaken = await before(feeding, late);
    if (!isTaken) throw unsettled();
    if (!offer.waits) return;
    const settled = Promise.all(outcomes);
    if (!(await before(settled, late))) throw unsettled();
    // Abandoned records are still the sender's.
    if ((await settled).some(({ abandoned }) => abandoned > 0)) throw unsettled();
  }

  async #feed({ bytes, feed }: Offer, outcomes: Promise<Outcome>[], late: AbortSignal): Promise<void> {
    const { rows, next, clock } = this.#settings;
    const { batch } = rows;
    try {
      for (let isDone = false; !isDone;) {
        rows.begin(bytes);
        isDone = feed.next().done ?? false;
        if (batch.length === 0) continue;
        batch.observedMs.fill(clock.now(), 0, batch.length);
        outcomes.push(this.#deliver());
        await this.#offer(next, outcomes.length === 1, late);
        if (late.aborted && !isDone) throw unsettled();
      }
    } finally {
      batch.reset(Buffer.alloc(0));
    }
  }

  #deliver(): Promise<Outcome> {
    const { batch } = this.#settings.rows;
    return new Promise((resolve) => {
      batch.setDelivery(new Delivery(batch.liveRows, ++this.#source, (outcome, within) => whenCommitted(within, () => resolve(outcome))));
    });
  }

  async #offer(next: Consumer, isFirst: boolean, late: AbortSignal): Promise<void> {
    const { clock, rows } = this.#settings;
    for (;;) {
      try {
        await next.consume(rows.batch);
        return;
      } catch (problem) {
        if (!(problem instanceof RefusedError)) {
          // Nobody waits for this any more, and a fault must not go unheard.
          if (late.aborted) this.#settings.fatal(problem);
          throw problem;
        }
        // The sender keeps what was not begun. Of the rest of a body whose beginning has been taken, nobody else would.
        if (isFirst) throw HttpProblem.later(429, `the pipeline refuses: ${problem.message}`, problem.retryAfterMs);
        await clock.sleep(problem.retryAfterMs ?? AGAIN_MS, late);
        if (late.aborted) throw unsettled();
      }
    }
  }
}

/** False when the signal comes first. */
async function before(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const done = work.then(() => true);
  if (signal.aborted) {
    done.catch(() => {});
    return false;
  }
  let onAbort = (): void => {};
  const aborted = new Promise<boolean>((resolve) => {
    onAbort = () => resolve(false);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function busy(): HttpProblem {
  return HttpProblem.later(503, 'the pipeline is busy with other requests; send again');
}

function unsettled(): HttpProblem {
  return HttpProblem.later(503, 'the records are not delivered or on disk yet; send again');
}
