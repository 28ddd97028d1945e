import { closeSync, existsSync, fdatasync, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { createPrivately } from './lock.ts';

/** One value to put, or without a value one to delete. */
export interface Write {
  readonly component: string;
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

// 4 MiB of log at 4 KiB a page: SQLite's own default for when to copy the log into the database.
const CHECKPOINT_PAGES = 1000;
const WAL_BYTES_MAX = 4 * 1024 * 1024;
// Each transaction changes the leaf of every key, and seldom a page above.
const PAGES_PER_TRANSACTION = 2;
// Free pages given back after one checkpoint; each is moved, so the number bounds the time that takes.
const VACUUM_PAGES = 256;
// Beyond every character, so that `prefix + this` follows all keys that begin with `prefix`.
const AFTER_ALL = '\u{10FFFF}';

const SETUP = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA journal_size_limit = ${WAL_BYTES_MAX};
  CREATE TABLE IF NOT EXISTS entries (
    component TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (component, key)
  ) WITHOUT ROWID;
`;

/**
 * The keys and values of all components in one SQLite file.
 *
 * Reads and writes are synchronous and take microseconds. What may take long, waiting for the disk, is done outside
 * SQLite: `checkpoint` and `sync` flush the files through the pool of threads, so the event loop is never held.
 */
export class Database {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #databaseFd: number;
  readonly #walFd: number;
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #count: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  #pagesSinceCheckpoint = 0;
  #isOpen = true;

  /**
   * Throws what SQLite throws, also when the content fails its check. With `pagesMax` the disk is full when the file has
   * so many pages.
   */
  constructor(path: string, pagesMax?: number) {
    this.path = path;
    createPrivately(path);
    // Opened before SQLite locks the file and closed after it has let go: closing it in between would release the locks.
    this.#databaseFd = openSync(path, 'r+');
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path, { timeout: 0 });
      db.exec(SETUP);
      if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`);
      check(db);
      this.#walFd = openSync(`${path}-wal`, 'r+');
    } catch (problem) {
      db?.close();
      closeSync(this.#databaseFd);
      throw problem;
    }
    this.#db = db;
    this.#get = db.prepare('SELECT value FROM entries WHERE component = ? AND key = ?');
    this.#list = db.prepare('SELECT key, value FROM entries WHERE component = ? AND key >= ? AND key < ? ORDER BY key');
    this.#count = db.prepare('SELECT component, COUNT(*) AS count FROM entries WHERE key >= ? AND key < ? GROUP BY component');
    this.#put = db.prepare('INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
    this.#delete = db.prepare('DELETE FROM entries WHERE component = ? AND key = ?');
  }

  get(component: string, key: string): Uint8Array | undefined {
    const row = this.#get.get(component, key);
    return row?.['value'] instanceof Uint8Array ? row['value'] : undefined;
  }

  list(component: string, prefix: string): [string, Uint8Array][] {
    const entries: [string, Uint8Array][] = [];
    for (const { key, value } of this.#list.all(component, prefix, prefix + AFTER_ALL)) {
      if (typeof key === 'string' && value instanceof Uint8Array) entries.push([key, value]);
    }
    return entries;
  }

  /** How many keys with this prefix each component has. */
  countOf(prefix: string): [component: string, count: number][] {
    const counts: [string, number][] = [];
    for (const { component, count } of this.#count.all(prefix, prefix + AFTER_ALL)) {
      if (typeof component === 'string' && typeof count === 'number') counts.push([component, count]);
    }
    return counts;
  }

  /** All or nothing: whatever goes wrong, the database is as it was before. */
  apply(writes: Iterable<Write>): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const { component, key, value } of writes) {
        if (value) this.#put.run(component, key, value);
        else this.#delete.run(component, key);
        this.#pagesSinceCheckpoint++;
      }
      this.#db.exec('COMMIT');
    } catch (problem) {
      // On some errors SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw problem;
    }
    this.#pagesSinceCheckpoint += PAGES_PER_TRANSACTION;
  }

  get isCheckpointDue(): boolean {
    return this.#pagesSinceCheckpoint >= CHECKPOINT_PAGES;
  }

  /** Resolves when what was applied survives loss of power. */
  async sync(): Promise<void> {
    if (this.#isOpen) await flushFile(this.#walFd);
  }

  /**
   * Copies the log into the database so that the log can begin anew. The caller applies nothing until it has resolved.
   *
   * SQLite would flush both files inside the call and hold the event loop for as long as the disk takes. The order of
   * events is SQLite's own: the log is on disk before the database changes, and the database is on disk before the log
   * is written from its start again, which the next `apply` does.
   */
  async checkpoint(): Promise<void> {
    await this.sync();
    if (!this.#isOpen) return;
    this.#db.exec('PRAGMA synchronous = OFF');
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } finally {
      this.#db.exec('PRAGMA synchronous = NORMAL');
    }
    await flushFile(this.#databaseFd);
    this.#pagesSinceCheckpoint = 0;
    if (this.#isOpen) this.#db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  }

  /** What is at its path now. What was removed can be used and copied on: the descriptors keep it. */
  get place(): 'own' | 'empty' | 'other' {
    try {
      const there = statSync(this.path, { throwIfNoEntry: false });
      if (!there) return 'empty';
      const own = fstatSync(this.#databaseFd);
      return there.ino === own.ino && there.dev === own.dev ? 'own' : 'other';
    } catch {
      // Nobody may look into the folder any more; that says nothing of the file.
      return 'own';
    }
  }

  /** Writes all it holds to a new file at its path, where nothing is, and closes. */
  moveBack(): void {
    const copy = `${this.path}.new`;
    rmSync(copy, { force: true });
    createPrivately(copy);
    this.#db.prepare('VACUUM INTO ?').run(copy);
    this.close();
    // A log that is still there would be taken for that of the new file.
    for (const suffix of ['-wal', '-shm']) rmSync(this.path + suffix, { force: true });
    renameSync(copy, this.path);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // SQLite removes the log by its name, which here would be that of another database. Nothing of this one can be saved.
    if (this.place === 'other') return;
    this.#db.close();
    closeSync(this.#walFd);
    closeSync(this.#databaseFd);
  }
}

function check(db: DatabaseSync): void {
  const row = db.prepare('PRAGMA quick_check(1)').get();
  const verdict = row?.['quick_check'];
  if (verdict !== 'ok') throw new CorruptContentError(String(verdict));
}

/** The file can be opened, but what it holds contradicts itself. */
export class CorruptContentError extends Error {}

/** Gives the database another name, and its log with it, so that somebody can look at it. Returns the new name. */
export function setAside(path: string, now: number): string {
  const aside = `${path}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
  if (existsSync(path)) renameSync(path, aside);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  // The index of the log is made anew from the log itself.
  rmSync(`${path}-shm`, { force: true });
  return aside;
}

function flushFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (problem) => (problem ? reject(problem) : resolve()));
  });
}
