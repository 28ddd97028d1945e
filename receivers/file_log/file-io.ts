import { promisify } from 'node:util';
import type { Dirent, Stats } from 'node:fs';
import type { FileSystem } from '#component';

type Soon<Value> = Value | Promise<Value>;

/**
 * The file system as a lane uses it. On local disks every answer is a value: a call that takes a microsecond must not
 * cost a promise. On network mounts every answer is a promise, so that a server that is gone holds up a thread of the
 * pool and not the event loop.
 */
export interface FileIo {
  /** Undefined when there is nothing at that path. Follows symbolic links. */
  stat(path: string): Soon<Stats | undefined>;
  fstat(descriptor: number): Soon<Stats>;
  open(path: string): Soon<number>;
  close(descriptor: number): void;
  read(descriptor: number, buffer: Buffer, at: number, length: number, position: number): Soon<number>;
  readdir(path: string): Soon<Dirent[]>;
  realpath(path: string): Soon<string>;
  unlink(path: string): Soon<void>;
}

// A FIFO whose name fits must not hold up the open.
function readFlags(fs: FileSystem): number {
  return fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
}

export function codeOf(problem: unknown): string {
  return problem instanceof Error && 'code' in problem && typeof problem.code === 'string' ? problem.code : '';
}

/** Nothing is there: never was, is no more, or a part of the path is a file. */
export function isMissing(problem: unknown): boolean {
  const code = codeOf(problem);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESTALE';
}

export function createLocalIo(fs: FileSystem): FileIo {
  const flags = readFlags(fs);
  const quiet = { throwIfNoEntry: false } as const;
  return {
    stat: (path) => fs.statSync(path, quiet),
    fstat: (descriptor) => fs.fstatSync(descriptor),
    open: (path) => fs.openSync(path, flags),
    close: (descriptor) => fs.closeSync(descriptor),
    read: (descriptor, buffer, at, length, position) => fs.readSync(descriptor, buffer, at, length, position),
    readdir: (path) => fs.readdirSync(path, { withFileTypes: true }),
    realpath: (path) => fs.realpathSync(path),
    unlink: (path) => fs.unlinkSync(path),
  };
}

export function createPooledIo(fs: FileSystem): FileIo {
  const flags = readFlags(fs);
  const open = promisify(fs.open);
  const fstat = promisify<number, Stats>(fs.fstat);
  return {
    stat: async (path) => {
      try {
        return await fs.promises.stat(path);
      } catch (problem) {
        if (isMissing(problem)) return undefined;
        throw problem;
      }
    },
    fstat: (descriptor) => fstat(descriptor),
    open: (path) => open(path, flags),
    close: (descriptor) => fs.close(descriptor, () => {}),
    read: (descriptor, buffer, at, length, position) =>
      new Promise((resolve, reject) => {
        fs.read(descriptor, buffer, at, length, position, (problem, bytes) => (problem ? reject(problem) : resolve(bytes)));
      }),
    readdir: (path) => fs.promises.readdir(path, { withFileTypes: true }),
    realpath: (path) => fs.promises.realpath(path),
    unlink: (path) => fs.promises.unlink(path),
  };
}
