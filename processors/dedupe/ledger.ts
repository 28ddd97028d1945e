import { COUNTED_NAMES, parseDuration, type Delivery, type Host, type StorageClient, type Timer, type Transaction } from '#component';
import type { DedupeConfig } from './config.ts';
import { decodeCounts, decodeRecords, encodeCounts, encodeRecords } from './ledger-format.ts';
import type { Group, Window } from './window.ts';

const RECORDS = COUNTED_NAMES.windows;
const COUNTS = 'c/';

/**
 * The windows in storage, so that neither an HTTP client nor the position in a file waits for a summary.
 *
 * Every `holdMaxMs` what is new is written and, in the same transaction, the records counted since then are settled.
 * Windows that are new at that moment make a group: their records are written once, their counts again whenever they
 * have changed. A group leaves storage when the last of its summaries has been settled, in the transaction that settles it.
 */
export class Ledger {
  readonly #host: Host;
  readonly #storage: StorageClient;
  readonly #holdMaxMs: number;
  readonly #dirty = new Set<Window>();
  #claims = new Map<Delivery, number>();
  #timer: Timer | undefined;
  #nextGroup = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(host: Host, storage: StorageClient, holdMaxMs: number) {
    this.#host = host;
    this.#storage = storage;
    this.#holdMaxMs = holdMaxMs;
  }

  /** What an agent that died has left: windows whose summary nobody has taken responsibility for. */
  restore(): Window[] {
    const all: Window[] = [];
    for (const [key, records] of this.#storage.list(RECORDS)) {
      const id = Number(key.slice(RECORDS.length));
      this.#nextGroup = Math.max(this.#nextGroup, id + 1);
      try {
        const windows: Window[] = decodeRecords(records);
        const group: Group = { id, windows, live: windows.length };
        decodeCounts(this.#storage.get(keyOf(COUNTS, id)) ?? NOTHING, windows);
        for (const window of windows) window.group = group;
        const live = windows.filter(({ isSettled }) => !isSettled);
        group.live = live.length;
        all.push(...live);
      } catch (problem) {
        this.#host.log.error('Counted records in storage cannot be read; their summary is lost.', { group: id, storage_key: key }, problem);
      }
    }
    return all;
  }

  /** The window has changed, and will be written within `holdMaxMs`. */
  touch(window: Window): void {
    if (window.isDirty) return;
    window.isDirty = true;
    this.#dirty.add(window);
  }

  /** Rows that were counted; they settle with the next write. */
  claim(delivery: Delivery, rows: number): void {
    this.#claims.set(delivery, (this.#claims.get(delivery) ?? 0) + rows);
    this.#timer ??= this.#host.clock.after(this.#holdMaxMs, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  /** Writes what is not written yet. Resolves when that and all before it is in storage. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#write();
    await this.#writing;
  }

  /** Nobody needs these windows any more: their summaries are safe, or were dropped for good. */
  settle(windows: readonly Window[], given: Transaction | undefined): void {
    const groups = new Set<Group>();
    for (const window of windows) {
      window.isSettled = true;
      this.#dirty.delete(window);
      if (!window.group) continue;
      window.group.live--;
      groups.add(window.group);
    }
    if (groups.size === 0) return;
    const isOurs = given !== undefined && this.#storage.owns(given);
    const transaction = isOurs ? given : this.#storage.begin();
    for (const group of groups) this.#writeCounts(transaction, group);
    if (!isOurs) this.#commit(transaction);
  }

  #write(): void {
    if (this.#claims.size === 0 && this.#dirty.size === 0) return;
    const transaction = this.#storage.begin();
    const groups = new Set<Group>();
    const fresh: Window[] = [];
    for (const window of this.#dirty) {
      window.isDirty = false;
      if (window.group) groups.add(window.group);
      else fresh.push(window);
    }
    this.#dirty.clear();
    if (fresh.length > 0) {
      const group: Group = { id: this.#nextGroup++, windows: fresh, live: fresh.length };
      for (const window of fresh) window.group = group;
      this.#storage.put(transaction, keyOf(RECORDS, group.id), encodeRecords(fresh));
      groups.add(group);
    }
    for (const group of groups) this.#writeCounts(transaction, group);
    const claims = this.#claims;
    this.#claims = new Map();
    for (const [delivery, rows] of claims) delivery.durable(rows, transaction);
    this.#commit(transaction);
  }

  #writeCounts(transaction: Transaction, { id, windows, live }: Group): void {
    if (live > 0) {
      this.#storage.put(transaction, keyOf(COUNTS, id), encodeCounts(windows));
      return;
    }
    this.#storage.delete(transaction, keyOf(RECORDS, id));
    this.#storage.delete(transaction, keyOf(COUNTS, id));
  }

  #commit(transaction: Transaction): void {
    const written = this.#storage.commit(transaction).catch((problem: unknown) => this.#host.fatal(problem));
    this.#writing = Promise.all([this.#writing, written]).then(() => {});
  }
}

export function createLedger({ storage, hold_max: holdMax }: DedupeConfig, host: Host): Ledger {
  return new Ledger(host, storage === undefined ? host.storage : host.storageOf(storage), parseDuration(holdMax));
}

const NOTHING = new Uint8Array(0);
// As many digits as keep the keys in the order of their numbers.
const DIGITS = 12;

function keyOf(prefix: string, id: number): string {
  return prefix + String(id).padStart(DIGITS, '0');
}
