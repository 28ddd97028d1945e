import { Delivery, RefusedError, type Consumer, type Host, type Outcome, type Timer, type Transaction } from '#component';
import type { DedupeMetrics } from './metrics.ts';
import type { Ledger } from './ledger.ts';
import type { Summary } from './summary.ts';
import { heldBytes, type Window } from './window.ts';

export interface OutboxSettings {
  readonly host: Host;
  readonly next: Consumer;
  readonly summary: Summary;
  readonly metrics: () => DedupeMetrics | undefined;
  /** Where windows are stored that do not carry the claims of their records themselves. */
  readonly ledger: Ledger;
  /** The summaries of one agent stay in order. */
  readonly source: number;
}

// A summary is a record of a few hundred bytes.
const SUMMARIES_A_BATCH = 1000;
const RETRY_MS = 1000;

/** Closed windows on their way: handed on as summaries, and kept until somebody has taken responsibility for those. */
export class Outbox {
  readonly #settings: OutboxSettings;
  #closed: Window[] = [];
  /** Summaries that were abandoned further on; they are offered again, but not in a loop. */
  #returned: Window[] = [];
  #sending: Promise<void> | undefined;
  #retry: Timer | undefined;
  #isStopped = false;
  /** Bytes of windows that are closed and not settled. */
  bytes = 0;
  /** Records counted in windows that nobody has taken yet. */
  held = 0;

  constructor(settings: OutboxSettings) {
    this.#settings = settings;
  }

  add(window: Window): void {
    this.#closed.push(window);
    this.bytes += heldBytes(window);
    this.held += window.count;
  }

  /** Offers what is closed. Resolves when it is taken, or refused: then it is offered again by and by. */
  send(): Promise<void> {
    if (this.#closed.length === 0) return this.#sending ?? DONE;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  /** Offers until all is taken or the deadline has passed. What is left is in storage, or abandoned. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#closed.push(...this.#returned.splice(0));
    for (;;) {
      await this.send();
      if (this.#closed.length === 0 || signal.aborted) break;
      await this.#settings.host.clock.sleep(RETRY_MS, signal);
    }
    const claiming = this.#closed.splice(0).filter(({ claims }) => claims);
    if (claiming.length > 0) {
      this.#settings.host.log.warn('Counted records were abandoned at shutdown; their source gives them again after the next start.', {
        windows: claiming.length,
      });
      for (const window of claiming) settleClaims(window, (delivery, rows) => delivery.abandoned(rows));
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#closed.length > 0) {
      const windows = this.#closed.splice(0, SUMMARIES_A_BATCH);
      try {
        await this.#offer(windows);
      } catch (problem) {
        this.#closed.unshift(...windows);
        if (!(problem instanceof RefusedError)) throw problem;
        this.#tryLater(problem.retryAfterMs ?? RETRY_MS);
        return;
      }
      this.#count(windows);
    }
  }

  async #offer(windows: readonly Window[]): Promise<void> {
    const { summary, next, source } = this.#settings;
    const batch = summary.batchOf(windows);
    batch.setDelivery(new Delivery(windows.length, source, (outcome, transaction) => this.#onSettled(windows, outcome, transaction)));
    await next.consume(batch);
  }

  #count(windows: readonly Window[]): void {
    let records = 0;
    for (const window of windows) {
      if (!window.isHandedOn) records += window.count;
      window.isHandedOn = true;
    }
    this.held -= records;
    const metrics = this.#settings.metrics();
    metrics?.suppressed.add(records);
    metrics?.created.add(windows.length);
  }

  #onSettled(windows: readonly Window[], outcome: Outcome, transaction: Transaction | undefined): void {
    const { ledger } = this.#settings;
    const stored = windows.filter(({ claims }) => !claims);
    const isAbandoned = outcome.abandoned > 0;
    for (const window of windows) if (window.claims || !isAbandoned) this.bytes -= heldBytes(window);
    if (stored.length > 0 && !isAbandoned) ledger.settle(stored, transaction);
    // In storage they are until the next start; while the agent runs they are offered again.
    if (stored.length > 0 && isAbandoned && !this.#isStopped) {
      this.#returned.push(...stored);
      this.#tryLater(RETRY_MS);
    }
    for (const window of windows) settleClaims(window, (delivery, rows) => settleLike(outcome, delivery, rows, transaction));
  }

  #tryLater(ms: number): void {
    if (this.#isStopped) return;
    const { host } = this.#settings;
    this.#retry ??= host.clock.after(ms, () => {
      this.#retry = undefined;
      this.#closed.push(...this.#returned.splice(0));
      this.send().catch((problem: unknown) => host.fatal(problem));
    });
  }
}

const DONE = Promise.resolve();

/** What became of a summary became of the records it stands for. */
function settleLike(
  { abandoned, durable, dropped }: Outcome,
  delivery: Delivery,
  rows: number,
  transaction: Transaction | undefined,
): void {
  const [reason] = dropped.keys();
  if (abandoned > 0) delivery.abandoned(rows);
  else if (durable === 0 && reason !== undefined) delivery.dropped(rows, reason, transaction);
  else delivery.durable(rows, transaction);
}

function settleClaims({ claims }: Window, settle: (delivery: Delivery, rows: number) => void): void {
  for (const [delivery, rows] of claims ?? []) settle(delivery, rows);
  claims?.clear();
}
