import { RefusedError, offerUntilTaken, type Consumer, type Host, type Processor, type Timer } from '#component';
import type { LogBatch } from '#model';
import { Joiner, type JoinerOptions } from './joiner.ts';

export interface JoiningOptions extends JoinerOptions {
  readonly flushMs: number;
  readonly unfinished: 'auto' | 'flush' | 'abandon';
  /** True when all rows come from files. Otherwise their attributes tell. */
  readonly isFromFiles?: boolean;
}

/** What else becomes of the rows, in the middle of a list of operators. */
export interface Surroundings {
  /** Hides the rows of a batch that are not to be joined; false when all are. */
  before(batch: LogBatch): boolean;
  /** Shows them again, and does to all rows what comes next. */
  after(batch: LogBatch): void;
  /** Does what comes next to joined rows of earlier batches. */
  afterHeld(rows: LogBatch): void;
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
export class Joining implements Processor {
  readonly mutates = true;
  readonly #next: Consumer;
  readonly #joiner: Joiner;
  readonly #options: JoiningOptions;
  readonly #surroundings: Surroundings | undefined;
  #host: Host | undefined;
  #timer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** How long the next one has made us wait, in all. */
  #waitedMs = 0;
  #isStopped = false;
  readonly #deadline = new AbortController();

  constructor(options: JoiningOptions, next: Consumer, surroundings?: Surroundings) {
    this.#next = next;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#joiner = new Joiner(options);
  }

  start(host: Host): Promise<void> {
    this.#host = host;
    this.#joiner.start(host);
    return Promise.resolve();
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#inTurn(() => this.#take(batch));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.heed(signal);
    const { signal: deadline } = this.#deadline;
    const over = new Promise<void>((resolve) => {
      if (deadline.aborted) resolve();
      else deadline.addEventListener('abort', () => resolve(), { once: true });
    });
    // The next one may be waiting for something that never comes; what it was given then stays with it.
    await Promise.race([this.#inTurn(() => this.#finish()), over.then(settleLast)]);
  }

  /** From here on: when the signal aborts, what the next one does not take is abandoned. */
  heed(signal: AbortSignal): void {
    if (signal.aborted) this.#deadline.abort();
    else signal.addEventListener('abort', () => this.#deadline.abort(), { once: true });
  }

  /** Runs one after the other. What one throws is not the next one's. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #take(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (this.#isStopped || !host) throw new RefusedError('what joins records is stopping and takes no more');
    if (batch.liveRows === 0) return;
    if (this.#surroundings?.before(batch) !== false) this.#joiner.join(batch, this.#now(host));
    this.#surroundings?.after(batch);
    this.#armTimer(host, this.#options.flushMs);
    await this.#sendWhole(host);
    if (batch.liveRows > 0) await this.#offer(batch, host);
  }

  async #sendWhole(host: Host): Promise<void> {
    const { out } = this.#joiner;
    if (out.length === 0) return;
    this.#surroundings?.afterHeld(out);
    await this.#offer(out, host);
    out.reset(NO_BYTES);
  }

  /** Rows have been taken out of the batch by now, so it cannot be given back: it is offered until it is taken. */
  async #offer(batch: LogBatch, host: Host): Promise<void> {
    const began = host.clock.monotonic();
    await offerUntilTaken(batch, { next: this.#next, host, signal: this.#deadline.signal });
    this.#waitedMs += host.clock.monotonic() - began;
  }

  /** Stands while the next one takes nothing: sources are kept waiting then, and none of them is silent. */
  #now(host: Host): number {
    return host.clock.monotonic() - this.#waitedMs;
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
    const oldestMs = await this.#flush(host, this.#now(host) - flushMs);
    this.#armTimer(host, Math.max(1, oldestMs + flushMs - this.#now(host)));
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
    const { unfinished, isFromFiles = false } = this.#options;
    const isLate = this.#deadline.signal.aborted;
    this.#joiner.abandon((isFromFile) => isLate || unfinished === 'abandon' || (unfinished === 'auto' && (isFromFiles || isFromFile)));
    await this.#flush(host, Infinity);
  }
}

/** Lets what the aborted deadline has set free run to its end. */
async function settleLast(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

const NO_BYTES = Buffer.alloc(0);
