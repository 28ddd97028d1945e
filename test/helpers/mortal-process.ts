import * as nodeFs from 'node:fs';
import type { FileSystem, StorageClient } from '#component';

const CALLBACK_STYLE = ['open', 'close', 'writev', 'read', 'fdatasync'] as const;

/**
 * Storage and file system of one life of the agent. After `isDead` is set nothing of what it does arrives any more, as if
 * the process had been killed; while `isDiskFull` is set, writes fail.
 */
export class MortalProcess {
  isDead = false;
  isDiskFull = false;
  pending = 0;
  readonly #storage: StorageClient;

  constructor(storage: StorageClient) {
    this.#storage = storage;
  }

  /** Nothing that is written after the end arrives. */
  get storage(): StorageClient {
    const real = this.#storage;
    return { ...real, commit: (transaction) => (this.isDead ? new Promise(() => {}) : real.commit(transaction)) };
  }

  get fs(): FileSystem {
    const own: Record<string, unknown> = { ...nodeFs };
    for (const name of CALLBACK_STYLE) own[name] = this.#callback(name);
    const promises: Record<string, unknown> = { ...nodeFs.promises };
    for (const [name, real] of Object.entries(promises)) {
      if (typeof real === 'function')
        promises[name] = (...parameters: unknown[]) => this.#counted(() => Reflect.apply(real, nodeFs.promises, parameters));
    }
    return { ...own, promises } as unknown as FileSystem;
  }

  #callback(name: (typeof CALLBACK_STYLE)[number]): (...parameters: unknown[]) => void {
    return (...parameters) => {
      if (this.isDead) return;
      const done = parameters.pop() as (...results: unknown[]) => void;
      this.pending++;
      const finish = (...results: unknown[]): void => {
        this.pending--;
        if (!this.isDead) done(...results);
      };
      const problem = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      if (name === 'writev' && this.isDiskFull) setImmediate(finish, problem, 0);
      else Reflect.apply(nodeFs[name], nodeFs, [...parameters, finish]);
    };
  }

  async #counted(work: () => Promise<unknown>): Promise<unknown> {
    if (this.isDead) return new Promise(() => {});
    this.pending++;
    try {
      return await work();
    } finally {
      this.pending--;
    }
  }

  /** Waits until nothing is under way. */
  async quiesce(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.pending > 0) quiet = -1;
    }
  }
}
