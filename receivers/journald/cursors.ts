import type { Clock, Logger, StorageClient, Transaction } from '#component';

const CURSOR = 'cursor';
const SINCE = 'since';
const RETRY_MS = 1000;

/** The entries of one batch. */
export interface Stretch {
  /** Of its last entry. */
  readonly cursor: string | undefined;
  state: 'open' | 'written' | 'done' | 'abandoned';
  transaction: Transaction | undefined;
}

/**
 * Where the journal was read to, in storage. The cursor moves over a batch when it and all before it are settled; when
 * that happens in a transaction of the same storage, the cursor is part of it.
 */
export class Cursors {
  readonly #storage: StorageClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  #stretches: Stretch[] = [];
  #cursor: string | undefined;
  #stored: string | undefined;
  #isWriting = false;
  #waiting: (() => void)[] = [];

  constructor(storage: StorageClient, clock: Clock, log: Logger) {
    this.#storage = storage;
    this.#clock = clock;
    this.#log = log;
    this.#cursor = this.#stored = textOf(storage.get(CURSOR));
  }

  /** After the last settled entry. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Notes when the first start was, so that a crash before the first cursor opens no gap. */
  async since(nowMs: number): Promise<string> {
    const known = textOf(this.#storage.get(SINCE));
    if (known !== undefined) return known;
    const since = (nowMs / 1000).toFixed(3);
    const transaction = this.#storage.begin();
    this.#storage.put(transaction, SINCE, since);
    await this.#storage.commit(transaction);
    return since;
  }

  get #isIdle(): boolean {
    return this.#stretches.every(({ state }) => state === 'done' || state === 'abandoned');
  }

  /** Resolves when nothing is under way, or when the signal aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!this.#isIdle && !signal.aborted) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  begin(cursor: string | undefined): Stretch {
    const stretch: Stretch = { cursor, state: 'open', transaction: undefined };
    this.#stretches.push(stretch);
    return stretch;
  }

  settle(stretch: Stretch, transaction: Transaction | undefined): void {
    if (!transaction || !this.#storage.owns(transaction)) {
      if (transaction) transaction.afterCommit(() => this.#finish(stretch));
      else this.#finish(stretch);
      return;
    }
    stretch.state = 'written';
    stretch.transaction = transaction;
    // Another transaction that is under way may be committed after this one, so the cursor goes into this one only if
    // nothing before it is open elsewhere.
    const before = this.#stretches.slice(0, this.#stretches.indexOf(stretch));
    const isNext = before.every((other) => other.state === 'done' || (other.state === 'written' && other.transaction === transaction));
    const { cursor } = stretch;
    if (isNext && cursor !== undefined) {
      this.#storage.put(transaction, CURSOR, cursor);
      transaction.afterCommit(() => void (this.#stored = cursor));
    }
    transaction.afterCommit(() => this.#finish(stretch));
  }

  abandon(stretch: Stretch): void {
    stretch.state = 'abandoned';
    this.#wake();
  }

  /** Forgets what is not behind the cursor: it is read again. */
  rewind(): void {
    this.#stretches = [];
  }

  #finish(stretch: Stretch): void {
    stretch.state = 'done';
    while (this.#stretches[0]?.state === 'done') this.#cursor = this.#stretches.shift()?.cursor ?? this.#cursor;
    this.#store();
    this.#wake();
  }

  #store(): void {
    const cursor = this.#cursor;
    // A transaction of somebody else carries a newer one; writing this one would put it back. It comes here again.
    if (this.#isWriting || cursor === undefined || cursor === this.#stored) return;
    if (this.#stretches.some(({ state }) => state === 'written')) return;
    this.#isWriting = true;
    const transaction = this.#storage.begin();
    this.#storage.put(transaction, CURSOR, cursor);
    this.#storage.commit(transaction).then(
      () => {
        this.#isWriting = false;
        this.#stored = cursor;
        this.#store();
      },
      (problem: unknown) => {
        this.#log.error('The cursor of the journal could not be stored; trying again.', {}, problem);
        this.#clock.after(RETRY_MS, () => {
          this.#isWriting = false;
          this.#store();
        });
      },
    );
  }
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
