import type { FileHandle } from 'node:fs/promises';
import type { FileSystem } from '#component';
import type { Framing } from './encode.ts';

const FILE_MODE = 0o600;
const WINDOW_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;
const NEWLINE = 0x0a;

export interface OpenOptions {
  readonly fs: FileSystem;
  readonly framing: Framing;
  /** Empty the file first. */
  readonly mustTruncate?: boolean;
}

/**
 * The end of a file that only grows, entry by entry: an entry is in it whole or not at all. Whatever a crash or a full
 * disk has left of an entry is cut off, or closed by a newline where it may be somebody else's.
 */
export class OutputFile {
  readonly path: string;
  /** Bytes cut off or closed when the file was opened. */
  readonly tornBytes: number;
  /** By the file system, when the file was opened; 0 for an empty file. */
  readonly begunMs: number;
  readonly writtenMs: number;
  readonly #fs: FileSystem;
  readonly #handle: FileHandle;
  readonly #framing: Framing;
  #size: number;
  /** Something unfinished of ours lies behind `size`. */
  #isTorn = false;

  private constructor(path: string, options: OpenOptions, handle: FileHandle, { end, begunMs, writtenMs }: Found) {
    this.path = path;
    this.#fs = options.fs;
    this.#framing = options.framing;
    this.#handle = handle;
    this.#size = end.size;
    this.tornBytes = end.torn;
    this.begunMs = begunMs;
    this.writtenMs = writtenMs;
  }

  static async open(path: string, options: OpenOptions): Promise<OutputFile> {
    const handle = await options.fs.promises.open(path, 'a+', FILE_MODE);
    try {
      if (options.mustTruncate) await handle.truncate(0);
      const mend = options.framing === 'lines' ? mendLines : mendMessages;
      const { size, birthtimeMs, mtimeMs } = await handle.stat();
      // Where the file system does not know when a file was made, it says 0.
      const begunMs = size === 0 ? 0 : Math.min(birthtimeMs || mtimeMs, mtimeMs);
      return new OutputFile(path, options, handle, { end: await mend(handle), begunMs, writtenMs: size === 0 ? 0 : mtimeMs });
    } catch (problem) {
      await handle.close();
      throw problem;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Rejects when not all of it could be written; then nothing of it stays. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#isTorn) await this.#cutTorn();
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, written, bytes.length - written);
        written += bytesWritten;
      }
    } catch (problem) {
      this.#isTorn = true;
      // Room may be lacking for everything but this; if it fails too, the next append tries again.
      await this.#cutTorn().catch(() => {});
      throw problem;
    }
    this.#size += bytes.length;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** False when the path leads to another file, or to none: it was moved or deleted. */
  async isInPlace(): Promise<boolean> {
    try {
      const [own, there] = await Promise.all([this.#handle.stat(), this.#fs.promises.stat(this.path)]);
      return own.ino === there.ino && own.dev === there.dev;
    } catch {
      return false;
    }
  }

  async #cutTorn(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#size) await this.#handle.truncate(this.#size);
    // Shorter than we left it: somebody emptied it. What is there now is where we go on.
    if (size < this.#size) this.#size = this.#framing === 'lines' ? (await mendLines(this.#handle)).size : size;
    this.#isTorn = false;
  }
}

interface End {
  readonly size: number;
  readonly torn: number;
}

interface Found {
  readonly end: End;
  readonly begunMs: number;
  readonly writtenMs: number;
}

/** Closes a last line without newline. */
async function mendLines(handle: FileHandle): Promise<End> {
  const { size } = await handle.stat();
  if (size === 0) return { size, torn: 0 };
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return { size, torn: 0 };
  await handle.write(Uint8Array.of(NEWLINE));
  return { size: size + 1, torn: 1 };
}

/** Cuts off a last message that is shorter than its length says. */
async function mendMessages(handle: FileHandle): Promise<End> {
  const { size } = await handle.stat();
  const window = Buffer.alloc(WINDOW_BYTES);
  let windowAt = 0;
  let windowBytes = 0;
  let at = 0;
  while (at + LENGTH_BYTES <= size) {
    if (at + LENGTH_BYTES > windowAt + windowBytes || at < windowAt) {
      windowAt = at;
      ({ bytesRead: windowBytes } = await handle.read(window, 0, WINDOW_BYTES, at));
      if (windowBytes < LENGTH_BYTES) break;
    }
    const end = at + LENGTH_BYTES + window.readUInt32BE(at - windowAt);
    if (end > size) break;
    at = end;
  }
  if (at < size) await handle.truncate(at);
  return { size: at, torn: size - at };
}
