import { RefusedError, offerUntilTaken, type Consumer, type Host, type Processor, type Timer } from '#component';
import type { LogBatch } from '#model';
import { Joiner, type JoinerOptions } from './joiner.ts';

export interface MultilineOptions extends JoinerOptions {
  readonly flushMs: number;
  readonly unfinished: 'auto' | 'flush' | 'abandon';
}

/**
 * Joins rows that belong together, across batches.
 *
 *   consume ─▶ [ join ] ─▶ groups that are whole now ─▶ what is left of the batch ─▶ next
 *                 ▲ ▼
 *             [ open groups ] ─▶ after the flush period, or at the end
 *
 * Callers wait for one another and for the next component, which has the batch of a caller only after what came before
 * it. Rows that are held keep their Deliveries, so a crash loses nothing.
 */
export class Multiline implements Processor {
  readonly mutates = true;
  readonly #next: Consumer;
  readonly #joiner: Joiner;
  readonly #options: MultilineOptions;
  #host: Host | undefined;
  #timer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  readonly #deadline = new AbortController();

  constructor(options: MultilineOptions, next: Consumer) {
    this.#next = next;
    this.#options = options;
    this.#joiner = new Joiner(options);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#joiner.start(host);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#inTurn(() => this.#take(batch));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const abandon = (): void => {
      this.#deadline.abort();
      resolve();
    };
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    // The next one may be waiting for something that never comes; what it was given then stays with it.
    await Promise.race([this.#inTurn(() => this.#finish()), deadline.then(settleLast)]);
    signal.removeEventListener('abort', abandon);
  }

  /** Runs one after the other. What one throws is not the next one's. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #take(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (this.#isStopped || !host) throw new RefusedError('the multiline processor is stopping and takes no more');
    if (batch.liveRows === 0) return;
    this.#joiner.join(batch, host.clock.monotonic());
    this.#armTimer(host, this.#options.flushMs);
    await this.#sendWhole(host);
    if (batch.liveRows > 0) await this.#offer(batch, host);
  }

  async #sendWhole(host: Host): Promise<void> {
    const { out } = this.#joiner;
    if (out.length === 0) return;
    await this.#offer(out, host);
    out.reset(NO_BYTES);
  }

  /** Rows have been taken out of the batch by now, so it cannot be given back: it is offered until it is taken. */
  #offer(batch: LogBatch, host: Host): Promise<void> {
    return offerUntilTaken(batch, { next: this.#next, host, signal: this.#deadline.signal });
  }

  #armTimer(host: Host, afterMs: number): void {
    if (this.#timer || this.#isStopped || !this.#joiner.hasKept) return;
    this.#timer = host.clock.after(afterMs, () => {
      this.#timer = undefined;
      this.#inTurn(() => this.#flushSilent(host)).catch((problem: unknown) => host.fatal(problem));
    });
  }

  async #flushSilent(host: Host): Promise<void> {
    if (this.#isStopped) return;
    const { flushMs } = this.#options;
    const oldestMs = await this.#flush(host, host.clock.monotonic() - flushMs);
    this.#armTimer(host, Math.max(1, oldestMs + flushMs - host.clock.monotonic()));
  }

  async #flush(host: Host, beforeMs: number): Promise<number> {
    for (;;) {
      const oldestMs = this.#joiner.flush(beforeMs);
      await this.#sendWhole(host);
      if (oldestMs !== -Infinity) return oldestMs;
    }
  }

  async #finish(): Promise<void> {
    const host = this.#host;
    if (!host) return;
    const { unfinished } = this.#options;
    const isLate = this.#deadline.signal.aborted;
    this.#joiner.abandon((isFromFile) => isLate || unfinished === 'abandon' || (unfinished === 'auto' && isFromFile));
    await this.#flush(host, Infinity);
  }
}

/** Lets what the aborted deadline has set free run to its end. */
async function settleLast(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

const NO_BYTES = Buffer.alloc(0);
