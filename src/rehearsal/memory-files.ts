import * as fs from 'node:fs';
import { posix } from 'node:path';
import type { FileSystem } from '#component';

interface File {
  readonly ino: number;
  bytes: Buffer;
  changedMs: number;
}

interface Open {
  readonly file: File;
}

/**
 * Files that exist in memory only, for the receiver of a rehearsal. It has what a follower of local files calls; the
 * rest is the real file system's and is reached by nobody here.
 */
export class MemoryFiles {
  readonly #files = new Map<string, File>();
  readonly #open = new Map<number, Open>();
  readonly #now: () => number;
  #numbers = 1000;

  constructor(now: () => number) {
    this.#now = now;
  }

  append(path: string, bytes: Uint8Array): void {
    const file = this.#files.get(path) ?? { ino: ++this.#numbers, bytes: Buffer.alloc(0), changedMs: 0 };
    file.bytes = Buffer.concat([file.bytes, bytes]);
    file.changedMs = this.#now();
    this.#files.set(path, file);
  }

  /** What a component is given as its file system. */
  get fileSystem(): FileSystem {
    const own = {
      statSync: (path: string, options?: { readonly throwIfNoEntry?: boolean }) => this.#stat(path, options?.throwIfNoEntry ?? true),
      fstatSync: (descriptor: number) => statsOf(this.#opened(descriptor).file),
      openSync: (path: string) => this.#openFile(path),
      closeSync: (descriptor: number) => void this.#open.delete(descriptor),
      readSync: (descriptor: number, buffer: Buffer, at: number, length: number, position: number) =>
        this.#opened(descriptor).file.bytes.copy(buffer, at, position, position + length),
      readdirSync: (path: string) => this.#entries(path),
      realpathSync: (path: string) => path,
      unlinkSync: (path: string) => void this.#files.delete(path),
      readFileSync: (path: string) => this.#text(path),
      mkdirSync: () => undefined,
      appendFileSync: (path: string, text: string) => this.append(path, Buffer.from(text)),
    };
    // The calls above stand in for theirs; their overloads are more than any caller uses.
    return { ...fs, ...own } as unknown as FileSystem;
  }

  #stat(path: string, throws: boolean): fs.Stats | undefined {
    const file = this.#files.get(path);
    if (file) return statsOf(file);
    if (this.#isFolder(path)) return folderStats;
    if (throws) throw missing(path);
    return undefined;
  }

  #isFolder(path: string): boolean {
    const start = path.endsWith('/') ? path : `${path}/`;
    return [...this.#files.keys()].some((name) => name.startsWith(start));
  }

  #openFile(path: string): number {
    const file = this.#files.get(path);
    if (!file) throw missing(path);
    const descriptor = ++this.#numbers;
    this.#open.set(descriptor, { file });
    return descriptor;
  }

  #opened(descriptor: number): Open {
    const open = this.#open.get(descriptor);
    if (!open) throw Object.assign(new Error('EBADF: bad file descriptor'), { code: 'EBADF' });
    return open;
  }

  #text(path: string): string {
    const file = this.#files.get(path);
    if (!file) throw missing(path);
    return file.bytes.toString();
  }

  #entries(folder: string): fs.Dirent[] {
    const start = folder.endsWith('/') ? folder : `${folder}/`;
    const names = new Map<string, boolean>();
    for (const path of this.#files.keys()) {
      if (!path.startsWith(start)) continue;
      const [name = '', ...rest] = path.slice(start.length).split('/');
      names.set(name, rest.length === 0);
    }
    if (names.size === 0) throw missing(folder);
    return Array.from(names, ([name, isFile]) => entryOf(posix.normalize(folder), name, isFile));
  }
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
}

function kind(isFile: boolean): object {
  const no = (): boolean => false;
  return {
    isFile: () => isFile,
    isDirectory: () => !isFile,
    isSymbolicLink: no,
    isFIFO: no,
    isSocket: no,
    isBlockDevice: no,
    isCharacterDevice: no,
  };
}

function statsOf({ ino, bytes, changedMs }: File): fs.Stats {
  const changed = new Date(changedMs);
  const facts = { dev: 1, ino, size: bytes.length, mtimeMs: changedMs, ctimeMs: changedMs, birthtimeMs: changedMs, mtime: changed };
  return { ...facts, ...kind(true) } as unknown as fs.Stats;
}

const folderStats = { dev: 1, ino: 1, size: 0, mtimeMs: 0, ctimeMs: 0, ...kind(false) } as unknown as fs.Stats;

function entryOf(parentPath: string, name: string, isFile: boolean): fs.Dirent {
  return { name, parentPath, ...kind(isFile) } as unknown as fs.Dirent;
}
