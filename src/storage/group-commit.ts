import assert from 'node:assert';
import type { Clock, Logger, Transaction } from '#component';
import type { Database, Write } from './database.ts';
import { isCorruption, isSqliteError, isSystemError } from './sqlite.ts';

// What one batch causes (index row, position, answer of the one before) arrives over a few turns of the event loop;
// 2 ms catch it in one commit, and nobody notices them beside a request over the network.
const GATHER_MS = 2;
// A put costs 5 µs, so that one commit holds the event loop for 3 ms at most.
const WRITES_MAX = 512;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const REMIND_MS = 60_000;

export class StorageTransaction implements Transaction {
  readonly storage: object;
  readonly writes: Write[] = [];
  readonly actions: (() => void)[] = [];
  isCommitted = false;

  constructor(storage: object) {
    this.storage = storage;
  }

  afterCommit(action: () => void): void {
    assert(!this.isCommitted, 'a transaction is complete when it is committed');
    this.actions.push(action);
  }
}

interface Waiting {
  readonly transaction: StorageTransaction;
  readonly resolve: () => void;
  readonly reject: (problem: Error) => void;
}

export interface GroupCommitSettings {
  readonly path: string;
  /** The database of this moment: a corrupt one is replaced. Throws while that cannot be done. */
  readonly database: () => Database;
  /** Called when the database turned out to be corrupt. */
  readonly onCorrupt: (problem: unknown) => void;
  readonly syncsEachCommit: boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Collects transactions for a moment and commits them together, in the order in which they came.
 *
 *   commit(c) ─▶ [ c b ] ─▶ BEGIN … COMMIT ─▶ afterCommit of a, then of b, …
 *
 * A commit that fails is tried again, with the same writes, until it succeeds or `close` runs out of time: whoever waits
 * for it must not go on, and waiting is what slows the sources down while the disk is full.
 */
export class GroupCommit {
  readonly #settings: GroupCommitSettings;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  readonly #hurry = new AbortController();
  readonly #deadline = new AbortController();
  #failures = 0;
  #failuresLogged = 0;
  #failingSince = 0;
  #remindedAt = 0;

  constructor(settings: GroupCommitSettings) {
    this.#settings = settings;
  }

  submit(transaction: StorageTransaction): Promise<void> {
    assert(!transaction.isCommitted, 'a transaction is committed once');
    transaction.isCommitted = true;
    if (this.#isClosed) return Promise.reject(new Error('the storage is closed; nothing can be committed any more'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ transaction, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Commits what waits, until `signal` aborts; what is left then is rejected. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isClosed = true;
    const giveUp = (): void => this.#deadline.abort();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    this.#hurry.abort();
    await this.#running;
    signal.removeEventListener('abort', giveUp);
  }

  async #run(): Promise<void> {
    const { clock, database, syncsEachCommit } = this.#settings;
    while (this.#waiting.length > 0) {
      await clock.sleep(GATHER_MS, this.#hurry.signal);
      const group = this.#takeGroup();
      const problem = await this.#commitAtLast(group);
      if (problem) {
        for (const { reject } of group) reject(problem);
        continue;
      }
      if (syncsEachCommit) await this.#flush(() => database().sync());
      for (const { transaction, resolve } of group) {
        for (const action of transaction.actions) action();
        resolve();
      }
      await this.#flush(async () => {
        if (database().isCheckpointDue) await database().checkpoint();
      });
    }
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let writes = 0;
    let count = 0;
    for (const { transaction } of this.#waiting) {
      writes += transaction.writes.length;
      if (count > 0 && writes > WRITES_MAX) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Resolves with nothing after the commit, with the problem when time has run out. */
  async #commitAtLast(group: readonly Waiting[]): Promise<Error | undefined> {
    const writes = lastOfEachKey(group);
    for (let delay = RETRY_FIRST_MS; ; delay = Math.min(2 * delay, RETRY_MAX_MS)) {
      try {
        if (writes.length > 0) this.#settings.database().apply(writes);
        this.#recovered();
        return undefined;
      } catch (problem) {
        if (!isSqliteError(problem) && !isSystemError(problem)) throw problem;
        this.#failed(problem);
        if (isCorruption(problem)) this.#settings.onCorrupt(problem);
        if (this.#deadline.signal.aborted) {
          return new Error('the storage was closed before it could write; what was not committed is not safe', { cause: problem });
        }
        await this.#settings.clock.sleep(delay, this.#deadline.signal);
      }
    }
  }

  /** Flushing comes after the commit; when the disk refuses it, the next one makes up for it. */
  async #flush(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (problem) {
      this.#failed(problem);
      if (isCorruption(problem)) this.#settings.onCorrupt(problem);
    }
  }

  #failed(problem: unknown): void {
    const { clock, log } = this.#settings;
    const now = clock.monotonic();
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures++;
    if (this.#failures > 1 && now - this.#remindedAt < REMIND_MS) return;
    this.#remindedAt = now;
    const facts = { path: this.#settings.path, failures: this.#failures - this.#failuresLogged, since_ms: now - this.#failingSince };
    this.#failuresLogged = this.#failures;
    log.error('The storage cannot write; sources wait until it can. Is the disk full?', facts, problem);
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    const { clock, log } = this.#settings;
    log.info('The storage writes again.', { failures: this.#failures, after_ms: clock.monotonic() - this.#failingSince });
    this.#failures = 0;
    this.#failuresLogged = 0;
  }
}

/** A position that moved ten times within a group is written once. */
function lastOfEachKey(group: readonly Waiting[]): Write[] {
  const last = new Map<string, Write>();
  for (const { transaction } of group) {
    for (const write of transaction.writes) last.set(`${write.component}\0${write.key}`, write);
  }
  return [...last.values()];
}
