/** What this folder needs to know about the errors of `node:sqlite`. */
interface SqliteError extends Error {
  readonly errcode: number;
}

// Primary result codes; the low byte of the extended code that Node gives.
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export function isSqliteError(problem: unknown): problem is SqliteError {
  return problem instanceof Error && 'errcode' in problem && typeof problem.errcode === 'number';
}

/** The file's content is not what SQLite wrote; no later attempt will succeed. */
export function isCorruption(problem: unknown): boolean {
  const code = isSqliteError(problem) ? problem.errcode & 0xff : 0;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** Another connection holds the lock. */
export function isBusy(problem: unknown): boolean {
  const code = isSqliteError(problem) ? problem.errcode & 0xff : 0;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** The operating system said no: no space, no right, too many files open. */
export function isSystemError(problem: unknown): problem is NodeJS.ErrnoException {
  return problem instanceof Error && 'errno' in problem && 'syscall' in problem;
}
