import { join } from 'node:path';
import { QUEUE_NAMES, type StorageClient } from '#component';

const MARK = 'queue/begun';

/** What a queue on disk is called in the storage of its exporter, which may have several: one without a name, and branches. */
export class QueueNames {
  /** There as long as the index is. */
  readonly mark: string;
  readonly #branch: string;
  readonly #items: string;

  constructor(branch: string | undefined) {
    this.#branch = branch ?? '';
    this.mark = branch === undefined ? MARK : `${MARK}/${branch}`;
    this.#items = branch === undefined ? QUEUE_NAMES.items : `${QUEUE_NAMES.items}${branch}/`;
  }

  directory(storage: StorageClient): string {
    return join(storage.directory(QUEUE_NAMES.folder), this.#branch);
  }

  item(sequence: number): string {
    return this.#items + String(sequence).padStart(16, '0');
  }

  /** The entries of requests; those of branches lie below the queue without a name, and are not its own. */
  *list(storage: StorageClient): Iterable<readonly [string, Uint8Array]> {
    for (const entry of storage.list(this.#items)) if (!entry[0].includes('/', this.#items.length)) yield entry;
  }
}

/** How many requests wait on disk in a queue that is not open. */
export function countWaiting(storage: StorageClient, branch: string | undefined): number {
  return [...new QueueNames(branch).list(storage)].length;
}
