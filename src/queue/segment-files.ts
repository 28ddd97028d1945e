import { join } from 'node:path';
import type { FileSystem } from '#component';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
const NAME = /^([0-9]{8,})\.segment$/;
// Reading goes through the segments from the oldest on; a few open ones are enough for all consumers.
const READERS_MAX = 4;
// What the storage needs to delete the index of answered requests, and to be opened again. On a small disk a share of it.
const ROOM_BYTES = 8 * 1024 * 1024;
const ROOM_SHARE = 0.1;

/** The plain file operations of segments, through the pool of threads. Callbacks cost half of what promises of `fs` cost. */
export class SegmentFiles {
  readonly directory: string;
  readonly #fs: FileSystem;
  readonly #readers = new Map<number, { readonly fd: Promise<number>; users: number }>();

  constructor(directory: string, fs: FileSystem) {
    this.directory = directory;
    this.#fs = fs;
  }

  path(segment: number): string {
    return join(this.directory, `${String(segment).padStart(8, '0')}.segment`);
  }

  /** The segments on disk with their sizes, by number. */
  async list(): Promise<Map<number, number>> {
    const { mkdir, readdir, stat } = this.#fs.promises;
    await mkdir(this.directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
    const found = new Map<number, number>();
    for (const name of (await readdir(this.directory)).toSorted()) {
      const match = NAME.exec(name);
      if (match) found.set(Number(match[1]), (await stat(join(this.directory, name))).size);
    }
    return found;
  }

  create(segment: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#fs.open(this.path(segment), 'wx', OWNER_ONLY_FILE, (problem, fd) => (problem ? reject(problem) : resolve(fd)));
    });
  }

  /** Writes everything, or throws; what was written until then is written again by the next attempt. */
  async write(fd: number, buffers: readonly Buffer[], offset: number): Promise<void> {
    let rest = [...buffers];
    let at = offset;
    while (rest.length > 0) {
      const written = await this.#writeSome(fd, rest, at);
      // A disk that is nearly full takes a part and refuses only the next write.
      at += written;
      rest = afterFirst(rest, written);
    }
  }

  /**
   * Throws when so many bytes more would fill the disk to its end. A queue that has taken the last byte could not write
   * that its requests are answered, would never give a byte back, and the agent could not start again.
   */
  async leaveRoom(bytes: number): Promise<void> {
    const disk = await this.#fs.promises.statfs(this.directory).catch(() => undefined);
    if (!disk) return;
    const free = disk.bavail * disk.bsize;
    const room = Math.min(ROOM_BYTES, Math.floor(disk.blocks * disk.bsize * ROOM_SHARE));
    // A file system that knows no size, as some in user space, says 0 of both.
    if (disk.blocks === 0 || free - bytes >= room) return;
    const reason = `ENOSPC: ${free} bytes are left on the disk, of which ${room} are kept free so that the queue can be emptied`;
    throw Object.assign(new Error(reason), { code: 'ENOSPC', path: this.directory });
  }

  flush(fd: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fs.fdatasync(fd, (problem) => (problem ? reject(problem) : resolve()));
    });
  }

  close(fd: number): Promise<void> {
    return new Promise((resolve) => this.#fs.close(fd, () => resolve()));
  }

  /** Fewer bytes than asked for when the file ends before. */
  async read(segment: number, offset: number, bytes: number, into?: Buffer): Promise<Buffer> {
    const reader = this.#reader(segment);
    reader.users++;
    try {
      const fd = await reader.fd;
      const buffer = into ?? Buffer.allocUnsafeSlow(bytes);
      let filled = 0;
      while (filled < bytes) {
        const read = await this.#readSome(fd, buffer, { from: filled, to: bytes, position: offset + filled });
        if (read === 0) break;
        filled += read;
      }
      return buffer.subarray(0, filled);
    } finally {
      reader.users--;
    }
  }

  /** Frees the space of a segment at once, although its index may not be written for a while (a full disk). */
  async markDone(segment: number, mark: Buffer): Promise<void> {
    const file = await this.#fs.promises.open(this.path(segment), 'r+');
    try {
      // First the mark: with the length alone, a file cut by a loss of power would look as if it was answered.
      await file.write(mark, 0, mark.length, 0);
      await file.truncate(mark.length);
    } finally {
      await file.close();
    }
  }

  async remove(segment: number): Promise<void> {
    await this.closeReader(segment);
    await this.#fs.promises.rm(this.path(segment), { force: true });
  }

  /** Gives a segment a name under which nobody looks for it, and keeps at most `copiesMax` of those. */
  async setAside(segment: number, now: number, copiesMax: number): Promise<string> {
    await this.closeReader(segment);
    const { readdir, rename, rm } = this.#fs.promises;
    const path = `${this.path(segment)}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
    await rename(this.path(segment), path);
    const copies = (await readdir(this.directory)).filter((name) => name.includes('.segment.corrupt-')).toSorted();
    for (const name of copies.slice(0, -copiesMax)) await rm(join(this.directory, name), { force: true });
    return path;
  }

  async closeReader(segment: number): Promise<void> {
    const reader = this.#readers.get(segment);
    this.#readers.delete(segment);
    const fd = await reader?.fd.catch(() => undefined);
    if (fd !== undefined) await this.close(fd);
  }

  async closeReaders(): Promise<void> {
    for (const segment of Array.from(this.#readers.keys())) await this.closeReader(segment);
  }

  #reader(segment: number): { readonly fd: Promise<number>; users: number } {
    const known = this.#readers.get(segment);
    if (known) return known;
    for (const [other, { users }] of this.#readers) {
      if (this.#readers.size < READERS_MAX) break;
      if (users === 0) void this.closeReader(other);
    }
    const fd = new Promise<number>((resolve, reject) => {
      this.#fs.open(this.path(segment), 'r', (problem, opened) => (problem ? reject(problem) : resolve(opened)));
    });
    fd.catch(() => this.#readers.delete(segment));
    const reader = { fd, users: 0 };
    this.#readers.set(segment, reader);
    return reader;
  }

  #writeSome(fd: number, buffers: readonly Buffer[], offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#fs.writev(fd, buffers, offset, (problem, written) => (problem ? reject(problem) : resolve(written)));
    });
  }

  #readSome(fd: number, buffer: Buffer, { from, to, position }: { from: number; to: number; position: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#fs.read(fd, buffer, from, to - from, position, (problem, read) => (problem ? reject(problem) : resolve(read)));
    });
  }
}

function afterFirst(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  for (const [index, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(index + 1)];
    left -= buffer.length;
  }
  return [];
}
