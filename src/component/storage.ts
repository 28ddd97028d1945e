/**
 * A group of writes that become durable together. Writes are data, not effects: nothing a component holds in memory
 * may change because of them before `afterCommit` runs, since a failed commit is tried again until it succeeds.
 */
export interface Transaction {
  /** Which storage the writes belong to. A component on another storage cannot take part. */
  readonly storage: object;
  /** Runs once, in order, after the commit. */
  afterCommit(action: () => void): void;
}

/**
 * For a source whose sender forgets what has been answered: does it when the transaction that makes its rows durable has
 * been committed, at once when there is none.
 */
export function whenCommitted(transaction: Transaction | undefined, action: () => void): void {
  if (transaction) transaction.afterCommit(action);
  else action();
}

/** What a queue on disk calls its folder, and the entries of its requests: the storage tells of queues that nobody has any more. */
export const QUEUE_NAMES = { folder: 'queue', items: 'queue/item/' } as const;

/** What a processor calls the records it has counted and not summed up yet, told of in the same way. */
export const COUNTED_NAMES = { windows: 'r/' } as const;

/** What a component sees of the storage: its own keys, and the transactions of the whole storage. */
export interface StorageClient {
  /** True when a commit survives loss of power. Files that belong to a commit are then flushed before it. */
  readonly isSyncedFully?: boolean;
  get(key: string): Uint8Array | undefined;
  /** All keys that begin with `prefix`, in byte order, with their values. */
  list(prefix?: string): Iterable<readonly [string, Uint8Array]>;
  begin(): Transaction;
  put(transaction: Transaction, key: string, value: Uint8Array | string): void;
  delete(transaction: Transaction, key: string): void;
  /** True when `transaction` writes to the storage behind this client. */
  owns(transaction: Transaction): boolean;
  /**
   * Resolves when the writes are durable. Groups are committed in the order of these calls, several at a time. A full
   * disk is waited out: the promise stays pending, the storage says so loudly and tries again.
   */
  commit(transaction: Transaction): Promise<void>;
  /** A folder of this storage for files of the component itself (queue segments, dead letters). Made on first use. */
  directory(name: string): string;
}
