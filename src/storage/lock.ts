import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy, isCorruption, isSystemError } from './sqlite.ts';

const OWNER_ONLY_FILE = 0o600;

/** Another agent works in this folder. */
export class StorageLockedError extends Error {
  readonly code = 'WINNOW_STORAGE_LOCKED';
  readonly pid: number | undefined;

  constructor(directory: string, pid: number | undefined) {
    const who = pid === undefined ? 'another agent' : `the agent with process id ${pid}`;
    super(
      pid === process.pid
        ? `storage ${directory}: in use by another file_storage of this agent; give each a folder of its own (directory)`
        : `storage ${directory}: in use by ${who}; stop it, or give this agent a folder of its own ` +
            '(file_storage: directory, or the environment variable STATE_DIRECTORY)',
    );
    this.name = 'StorageLockedError';
    this.pid = pid;
  }
}

/**
 * Keeps a second agent out of the folder.
 *
 * The lock is an exclusive transaction, never committed, on a database that stays empty: the kernel releases it when the
 * process dies, however it dies. The file with the process id beside it only serves the error message.
 */
export class DirectoryLock {
  readonly #database: DatabaseSync;
  readonly #pidPath: string;

  private constructor(database: DatabaseSync, pidPath: string) {
    this.#database = database;
    this.#pidPath = pidPath;
  }

  static acquire(directory: string): DirectoryLock {
    const lockPath = join(directory, 'winnow.lock');
    const pidPath = join(directory, 'winnow.pid');
    createPrivately(lockPath);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(lockPath, { timeout: 0 });
      // Nothing is ever written, so the journal that SQLite would lay beside it has no use.
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (problem) {
      database?.close();
      if (isBusy(problem)) throw new StorageLockedError(directory, readPid(pidPath));
      if (!isCorruption(problem)) throw problem;
      // SQLite looks into the file only when nobody holds the lock, so nobody is robbed of it here.
      renameSync(lockPath, `${lockPath}.corrupt-${Date.now()}`);
      return DirectoryLock.acquire(directory);
    }
    writeFileSync(pidPath, `${process.pid}\n`, { mode: OWNER_ONLY_FILE });
    return new DirectoryLock(database, pidPath);
  }

  release(): void {
    // Where the folder was removed and made anew, it may be another agent's.
    if (readPid(this.#pidPath) === process.pid) rmSync(this.#pidPath, { force: true });
    this.#database.close();
  }
}

/**
 * Makes an empty file that only its owner can read. An existing one is not opened: closing a descriptor releases all
 * locks that this process holds on the file, also those of SQLite.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY_FILE));
  } catch (problem) {
    if (!isSystemError(problem) || problem.code !== 'EEXIST') throw problem;
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}
