import { userInfo } from 'node:os';
import type { Logger } from '#component';
import { codeOf } from './file-io.ts';

const PATHS_MAX = 10_000;

/** Faults of files and folders, each said once until it is mended. */
export class Problems {
  readonly #id: string;
  readonly #log: Logger;
  readonly #known = new Map<string, string>();

  constructor(id: string, log: Logger) {
    this.#id = id;
    this.#log = log;
  }

  report(path: string, problem: unknown): void {
    const code = codeOf(problem) || 'unknown';
    if (this.#known.get(path) === code) return;
    if (this.#known.size < PATHS_MAX) this.#known.set(path, code);
    const facts = { 'log.file.path': path, 'error.type': code };
    if (code === 'EACCES' || code === 'EPERM') {
      const user = userName();
      this.#log.error(`${this.#id}: cannot read ${path}: permission denied for user "${user}"; add it to the group that owns the file`, {
        ...facts,
        'user.name': user,
      });
    } else if (code === 'EILSEQ') {
      this.#log.error(`${this.#id}: cannot read ${path}: its name is not UTF-8 (\u{FFFD} stands for the bytes); rename the file`, facts);
    } else if (code === 'EMFILE' || code === 'ENFILE') {
      this.#log.warn(`${this.#id}: cannot open ${path}: too many open files; raise LimitNOFILE or lower max_concurrent_files`, facts);
    } else {
      this.#log.error(`${this.#id}: cannot read ${path}; it will be tried again`, facts, problem);
    }
  }

  mended(path: string): void {
    if (this.#known.size === 0 || !this.#known.delete(path)) return;
    this.#log.info('A file can be read again.', { 'log.file.path': path });
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
