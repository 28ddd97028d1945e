import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageClient, Transaction } from '#component';

class MemoryTransaction implements Transaction {
  readonly storage: object;
  readonly writes: [string, Uint8Array | undefined][] = [];
  readonly actions: (() => void)[] = [];

  constructor(storage: object) {
    this.storage = storage;
  }

  afterCommit(action: () => void): void {
    this.actions.push(action);
  }
}

/** A storage that lives as long as the object: a test "restarts" a component by giving the next one the same storage. */
export class MemoryStorage {
  readonly #values = new Map<string, Uint8Array>();
  #directory: string | undefined;
  /** Set to make commits wait, as a full disk does; call the function it returns to let them go on. */
  #blocked: Promise<void> | undefined;

  block(): () => void {
    let release = (): void => {};
    this.#blocked = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** What a process finds that starts after this one was killed now: commits that are on their way are not in it. */
  afterCrash(): MemoryStorage {
    const next = new MemoryStorage();
    for (const [key, value] of this.#values) next.#values.set(key, Buffer.from(value));
    next.#directory = this.#directory;
    return next;
  }

  client(component: string): StorageClient {
    const own = `${component}\0`;
    return {
      get: (key) => this.#values.get(own + key),
      list: (prefix = '') =>
        [...this.#values]
          .filter(([key]) => key.startsWith(own + prefix))
          .map(([key, value]) => [key.slice(own.length), value] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      begin: () => new MemoryTransaction(this),
      owns: (transaction) => transaction.storage === this,
      put: (transaction, key, value) => void (transaction as MemoryTransaction).writes.push([own + key, Buffer.from(value)]),
      delete: (transaction, key) => void (transaction as MemoryTransaction).writes.push([own + key, undefined]),
      commit: (transaction) => this.#commit(transaction as MemoryTransaction),
      directory: (name) => join((this.#directory ??= mkdtempSync(join(tmpdir(), 'winnow-test-'))), name),
    };
  }

  async #commit(transaction: MemoryTransaction): Promise<void> {
    await (this.#blocked ?? Promise.resolve());
    for (const [key, value] of transaction.writes) {
      if (value) this.#values.set(key, value);
      else this.#values.delete(key);
    }
    for (const action of transaction.actions) action();
  }
}
