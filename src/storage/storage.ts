import assert from 'node:assert';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  COUNTED_NAMES,
  QUEUE_NAMES,
  messageOf,
  type Clock,
  type Counter,
  type Logger,
  type Metrics,
  type StorageClient,
  type Timer,
  type Transaction,
} from '#component';
import { CorruptContentError, Database, setAside } from './database.ts';
import { prepareDirectory, toPathSegment } from './directory.ts';
import { GroupCommit, StorageTransaction } from './group-commit.ts';
import { DirectoryLock, StorageLockedError } from './lock.ts';
import { isCorruption } from './sqlite.ts';

const FILE_NAME = 'winnow.db';
const OWNER_ONLY_DIRECTORY = 0o700;
const OWNER_ONLY_FILE = 0o600;
const CLOSE_MS_MAX = 5_000;
// All components have started by then.
const LEFT_MS = 5_000;
const PLACE_CHECK_MS = 60_000;

export interface StorageSettings {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  /**
   * `normal`: what was committed survives the death of the process. `full`: it also survives loss of power; each group
   * of commits then waits for the disk.
   */
  readonly synchronous?: 'normal' | 'full';
}

/**
 * What the agent must remember: positions, held windows, the index of queues. One folder, one database, one owner.
 *
 * The folder belongs to one process; see `DirectoryLock`. A database that is corrupt, at start or later, is set aside
 * under another name and a new one begun, because an agent that does not run loses more than one that reads again.
 */
export class Storage {
  readonly directory: string;
  readonly #settings: StorageSettings;
  readonly #commits: GroupCommit;
  readonly #clients = new Map<string, StorageClient>();
  readonly #withQueue = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #leftReport: Timer;
  readonly #corruptFiles: Counter | undefined;
  #placeCheck: Timer;
  /** Missing only after the folder was removed, and taken by somebody else. */
  #lock: DirectoryLock | undefined;
  /** Missing only after a corrupt one was closed and the disk would not let a new one be made. */
  #open: Database | undefined;
  #corruption: unknown;
  #isClosed = false;

  private constructor(directory: string, settings: StorageSettings, lock: DirectoryLock) {
    this.directory = directory;
    this.#settings = settings;
    this.#lock = lock;
    this.#corruptFiles = settings.metrics?.counter('winnow_storage_corrupt_files', 'Databases and segments found corrupt and set aside.');
    this.#open = this.#openDatabase();
    this.#commits = new GroupCommit({
      path: join(directory, FILE_NAME),
      database: () => this.#database,
      onCorrupt: (problem) => this.#closeCorrupt(problem),
      syncsEachCommit: settings.synchronous === 'full',
      log: settings.log,
      clock: settings.clock,
    });
    this.#leftReport = settings.clock.after(LEFT_MS, () => this.#reportLeft());
    this.#placeCheck = this.#schedulePlaceCheck();
  }

  /** Makes the folder if need be, and takes it. Rejects with StorageLockedError when another agent works in it. */
  static async open(directory: string, settings: StorageSettings): Promise<Storage> {
    let lock: DirectoryLock | undefined;
    try {
      prepareDirectory(directory);
      lock = DirectoryLock.acquire(directory);
      return new Storage(directory, settings, lock);
    } catch (problem) {
      lock?.release();
      if (problem instanceof StorageLockedError) throw problem;
      const reason = messageOf(problem);
      const user = process.getuid === undefined ? 'of this process' : `with id ${process.getuid()}`;
      const remedy = `make sure that the folder belongs to the user ${user} and that its disk is not full`;
      throw new Error(`storage ${directory}: cannot be opened: ${reason}; ${remedy}`, { cause: problem });
    }
  }

  client(componentId: string): StorageClient {
    const known = this.#clients.get(componentId);
    if (known) return known;
    const client = this.#createClient(componentId);
    this.#clients.set(componentId, client);
    return client;
  }

  /** Commits what waits; after the deadline what is left is rejected. Safe twice. */
  async close(signal?: AbortSignal): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leftReport.cancel();
    this.#placeCheck.cancel();
    const deadline = new AbortController();
    const timer = this.#settings.clock.after(CLOSE_MS_MAX, () => deadline.abort());
    await this.#commits.close(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
    timer.cancel();
    this.#open?.close();
    this.#lock?.release();
  }

  #createClient(component: string): StorageClient {
    return {
      isSyncedFully: this.#settings.synchronous === 'full',
      get: (key) => this.#read(() => this.#database.get(component, key), undefined),
      list: (prefix = '') => this.#read(() => this.#database.list(component, prefix), []),
      begin: () => new StorageTransaction(this),
      owns: (transaction) => transaction.storage === this,
      put: (transaction, key, value) => {
        // Copied: the caller may use its buffer again before the commit.
        this.#own(transaction).writes.push({ component, key, value: Buffer.from(value) });
      },
      delete: (transaction, key) => {
        this.#own(transaction).writes.push({ component, key, value: undefined });
      },
      commit: (transaction) => this.#commits.submit(this.#own(transaction)),
      directory: (name) => this.#folder(component, name),
    };
  }

  #own(transaction: Transaction): StorageTransaction {
    assert(transaction instanceof StorageTransaction && transaction.storage === this, 'the transaction belongs to another storage');
    return transaction;
  }

  #folder(component: string, name: string): string {
    if (name === QUEUE_NAMES.folder) this.#withQueue.add(component);
    const folder = join(this.directory, toPathSegment(component), toPathSegment(name));
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
    this.#folders.add(folder);
    return folder;
  }

  #schedulePlaceCheck(): Timer {
    return this.#settings.clock.after(PLACE_CHECK_MS, () => {
      const transaction = new StorageTransaction(this);
      // Among the commits: nothing is being flushed then.
      transaction.afterCommit(() => this.#checkPlace());
      this.#commits.submit(transaction).then(
        () => {
          if (!this.#isClosed) this.#placeCheck = this.#schedulePlaceCheck();
        },
        () => {},
      );
    });
  }

  /**
   * Somebody may remove the folder under a running agent. Nothing would show it until the next start, which would find no
   * positions: what is still known here is put back.
   */
  #checkPlace(): void {
    if (this.#isClosed || !this.#open) return;
    const { log } = this.#settings;
    const facts = { path: this.#open.path };
    try {
      const place = this.#open.place;
      if (place === 'own') return;
      if (place === 'other') {
        log.error('Another database lies where that of the agent was. What the agent remembers from here on ends with it.', facts);
        return;
      }
      this.#putBack(this.#open);
      log.error('The database was removed while the agent runs; it is there again. Queues on disk may have lost what was removed.', facts);
    } catch (problem) {
      log.error('The database was removed while the agent runs, and cannot be put back. Trying again.', facts, problem);
    }
  }

  #putBack(database: Database): void {
    prepareDirectory(this.directory);
    this.#lock?.release();
    this.#lock = undefined;
    this.#lock = DirectoryLock.acquire(this.directory);
    database.moveBack();
    this.#open = undefined;
    this.#open = openPrivately(database.path);
    for (const folder of this.#folders) mkdirSync(folder, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  }

  /** After a component got another name or storage, what it held on disk would lie here for ever, unsaid. */
  #reportLeft(): void {
    for (const [component, requests] of this.#read(() => this.#database.countOf(QUEUE_NAMES.items), [])) {
      if (this.#withQueue.has(component)) continue;
      this.#settings.log.error(
        'Requests wait in a queue on disk that no exporter of this configuration has, and are not sent. Give the exporter its name and its sending_queue.storage back until they are.',
        { queue: component, requests, storage: this.directory },
      );
    }
    for (const [component, groups] of this.#read(() => this.#database.countOf(COUNTED_NAMES.windows), [])) {
      if (this.#clients.has(component)) continue;
      this.#settings.log.error(
        'Repeated records have been counted for a processor that this configuration does not have, and are not summed up. Give the processor its name back until they are.',
        { processor: component, groups, storage: this.directory },
      );
    }
  }

  #read<T>(read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (problem) {
      if (!isCorruption(problem)) throw problem;
      this.#closeCorrupt(problem);
      return otherwise;
    }
  }

  /** Throws, and is asked again, while a new database cannot be made. */
  get #database(): Database {
    this.#open ??= this.#openDatabase();
    return this.#open;
  }

  #openDatabase(): Database {
    const path = join(this.directory, FILE_NAME);
    if (this.#corruption !== undefined) this.#setAside(path, this.#corruption);
    this.#corruption = undefined;
    try {
      return openPrivately(path);
    } catch (problem) {
      if (!isCorruption(problem) && !(problem instanceof CorruptContentError)) throw problem;
      this.#setAside(path, problem);
      return openPrivately(path);
    }
  }

  /** The next use of the database begins a new one. */
  #closeCorrupt(problem: unknown): void {
    this.#open?.close();
    this.#open = undefined;
    this.#corruption = problem;
  }

  #setAside(path: string, problem: unknown): void {
    const aside = setAside(path, this.#settings.clock.now());
    this.#corruptFiles?.add(1);
    const facts = { path, set_aside_as: aside };
    this.#settings.log.error(
      'The database is corrupt; a new one is begun, and sources without a position start as if new.',
      facts,
      problem,
    );
  }
}

function openPrivately(path: string): Database {
  const database = new Database(path);
  // For a database from before, copied here by hand with other rights; SQLite gives its log the same mode.
  chmodSync(path, OWNER_ONLY_FILE);
  return database;
}
