import type { Stats } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { ArchiveReader, compressionOf } from './archive.ts';
import type { Context } from './context.ts';
import { isMissing, type FileIo } from './file-io.ts';
import { TAIL_BYTES, beginsLike, fingerprintOf, NO_FINGERPRINT, type Fingerprint } from './identity.ts';
import { START, type Mark } from './ranges.ts';
import { Tail, type Compression } from './tail.ts';

/** A file that has been opened to see what it is. */
export interface Candidate {
  readonly path: string;
  readonly stat: Stats;
  readonly descriptor: number;
  readonly compression: Compression;
  /** The first bytes, decompressed, in `head[0, headSize)`. */
  readonly headSize: number;
}

const SIBLINGS_MAX = 1000;
// A fifth of a second of decompressing, during which other files of the lane wait.
const ARCHIVE_COMPARED_BYTES_MAX = 64 * 1024 * 1024;

/** Looks at files to tell whether they are ones that are known. */
export class Finder {
  readonly #context: Context;
  readonly #io: FileIo;
  readonly head: Buffer;
  readonly #tail: Buffer = Buffer.allocUnsafe(TAIL_BYTES);

  constructor(context: Context, io: FileIo) {
    this.#context = context;
    this.#io = io;
    this.head = Buffer.allocUnsafe(Math.max(16, context.headBytes));
  }

  /** Opens a file and reads its head. Undefined when the path leads elsewhere by now. The caller closes. */
  async inspect(path: string, stat: Stats, detects: boolean): Promise<Candidate | undefined> {
    const descriptor = await this.#io.open(path);
    try {
      const opened = await this.#io.fstat(descriptor);
      if (opened.ino !== stat.ino || opened.dev !== stat.dev || !opened.isFile()) {
        this.#io.close(descriptor);
        return undefined;
      }
      let headSize = await this.#io.read(descriptor, this.head, 0, this.head.length, 0);
      const compression = this.#compressionFor(headSize, detects);
      if (compression !== 'none') headSize = await this.#archiveHead(descriptor, compression);
      return { path, stat: opened, descriptor, compression, headSize };
    } catch (problem) {
      this.#io.close(descriptor);
      throw problem;
    }
  }

  #compressionFor(headSize: number, detects: boolean): Compression {
    const asked = this.#context.config.compression;
    if (asked === 'gzip' || asked === 'zstd') return asked;
    return detects || asked === 'auto' ? compressionOf(this.head, headSize) : 'none';
  }

  async #archiveHead(descriptor: number, compression: Compression): Promise<number> {
    const archive = new ArchiveReader(this.#context.fs, descriptor, compression);
    try {
      return await archive.read(this.head, 0, this.head.length, 0);
    } finally {
      archive.close();
    }
  }

  /** Reads the head of a candidate again. */
  async reload(candidate: Candidate): Promise<void> {
    if (candidate.compression === 'none') await this.#io.read(candidate.descriptor, this.head, 0, this.head.length, 0);
    else await this.#archiveHead(candidate.descriptor, candidate.compression);
  }

  /** Fingerprint of what is in `head`. */
  fingerprint(headSize: number): Fingerprint {
    const size = contentSize(this.head, Math.min(headSize, this.#context.limits.fingerprintBytes));
    return size === 0 ? NO_FINGERPRINT : fingerprintOf(this.head, 0, size);
  }

  /** Reads the head of an open file again. */
  async readHead(tail: Tail, descriptor: number): Promise<number> {
    if (tail.isArchive) return this.#archiveHead(descriptor, tail.compression);
    return this.#io.read(descriptor, this.head, 0, this.head.length, 0);
  }

  /** True when the bytes before `mark` are the ones that were there when it was set. */
  async hasTail(descriptor: number, mark: Mark): Promise<boolean> {
    const size = mark.tail.length;
    if (size === 0) return true;
    const read = await this.#io.read(descriptor, this.#tail, 0, size, mark.at - size);
    return read === size && this.#tail.toString('latin1', 0, size) === mark.tail;
  }

  /** True when an open, plain file is the one `tail` was last seen as, perhaps longer by now. */
  async isStill(tail: Tail, descriptor: number, stat: Stats): Promise<boolean> {
    if (isReused(stat, tail)) return false;
    const headSize = await this.readHead(tail, descriptor);
    if (!beginsLike(tail.fingerprint, this.head, 0, headSize)) return false;
    if (tail.isArchive) return true;
    return stat.size >= tail.ranges.reach.at && (await this.hasTail(descriptor, tail.ranges.reach));
  }

  /**
   * How a file whose head has been read compares with the content of `tail`: the same up to where that was read, a piece
   * of it (a copy in progress), or another.
   */
  async compare(candidate: Candidate, tail: Tail): Promise<'same' | 'piece' | 'other'> {
    const end = tail.ranges.reach;
    // Nothing was read of it yet that could be compared; while that is under way, an archive that begins like it waits.
    if (end.at === 0) return tail.state === 'rotated' && candidate.compression !== 'none' ? 'same' : 'other';
    if (candidate.compression !== 'none') return this.#compareArchive(candidate, end);
    if (candidate.stat.size >= end.at) return (await this.hasTail(candidate.descriptor, end)) ? 'same' : 'other';
    if (tail.descriptor === undefined || tail.isArchive) return 'other';
    return (await this.#isPiece(candidate, tail.descriptor)) ? 'piece' : 'other';
  }

  /** Decompresses up to where the content was read. Beyond a bound the head has to do. */
  async #compareArchive(candidate: Candidate, end: Mark): Promise<'same' | 'piece' | 'other'> {
    if (end.at > ARCHIVE_COMPARED_BYTES_MAX) return 'same';
    const archive = new ArchiveReader(this.#context.fs, candidate.descriptor, candidate.compression);
    const size = end.tail.length;
    try {
      const read = await archive.read(this.#tail, 0, size, end.at - size);
      if (read === size) return this.#tail.toString('latin1', 0, size) === end.tail ? 'same' : 'other';
      return archive.problem ? 'piece' : 'other';
    } finally {
      archive.close();
    }
  }

  /**
   * The end of an archive that was made of an open file before the last of that was written. Undefined when it holds
   * anything else.
   */
  async endWithin(candidate: Candidate, tail: Tail): Promise<Mark | undefined> {
    const { descriptor } = tail;
    const end = tail.ranges.reach.at;
    if (candidate.compression === 'none' || tail.isArchive || descriptor === undefined || end > ARCHIVE_COMPARED_BYTES_MAX)
      return undefined;
    const archive = new ArchiveReader(this.#context.fs, candidate.descriptor, candidate.compression);
    try {
      const last = Buffer.alloc(TAIL_BYTES);
      await archive.read(last, 0, 1, end);
      const { size } = archive;
      const length = Math.min(size, TAIL_BYTES);
      if (length <= 0 || size >= end || (await archive.read(last, 0, length, size - length)) < length) return undefined;
      const own = Buffer.alloc(length);
      const read = await this.#io.read(descriptor, own, 0, length, size - length);
      const isAlike = read === length && own.equals(last.subarray(0, length));
      return isAlike ? { ...START, at: size, tail: own.toString('latin1') } : undefined;
    } finally {
      archive.close();
    }
  }

  async #isPiece(candidate: Candidate, whole: number): Promise<boolean> {
    const { size } = candidate.stat;
    const length = Math.min(size, TAIL_BYTES);
    const one = Buffer.alloc(length);
    const other = Buffer.alloc(length);
    await this.#io.read(candidate.descriptor, one, 0, length, size - length);
    await this.#io.read(whole, other, 0, length, size - length);
    return one.equals(other);
  }

  /**
   * Where the content of a file went that is no longer under its name: to a sibling with the same inode (renamed) or the
   * same content (copied, compressed). The descriptor of the answer is open.
   */
  async findSibling(tail: Tail, isInPlace: boolean): Promise<Candidate | undefined> {
    const paths = await this.#siblings(tail);
    if (!isInPlace) {
      for (const path of paths) {
        const found = await this.#check(path, tail, (stat) => stat.ino === tail.ino && stat.dev === tail.dev && !isReused(stat, tail));
        if (found) return found;
      }
    }
    if (tail.fingerprint.length === 0) return undefined;
    for (const path of paths) {
      const found = await this.#check(path, tail, (stat) => !this.#isOwn(stat, tail));
      if (found) return found;
    }
    return undefined;
  }

  /** The name that leads to an open file now. */
  async nameOf(tail: Tail): Promise<string | undefined> {
    for (const path of [tail.path, ...(await this.#siblings(tail))]) {
      const stat = await this.#io.stat(path);
      if (stat?.ino === tail.ino && stat.dev === tail.dev) return path;
    }
    return undefined;
  }

  /** A file that is followed for its own sake cannot be somebody's copy. */
  #isOwn(stat: Stats, tail: Tail): boolean {
    const known = this.#context.tails.atInode(stat.dev, stat.ino);
    return known !== undefined && known !== tail && known.state !== 'gone' && known.isVerified;
  }

  /** Nor can one that was followed once, when nothing but its beginning could show that it is. */
  #wasOwn(candidate: Candidate, tail: Tail): boolean {
    if (tail.ranges.reach.at > 0) return false;
    const known = this.#context.tails.atInode(candidate.stat.dev, candidate.stat.ino);
    return known !== undefined && known !== tail && beginsLike(known.fingerprint, this.head, 0, candidate.headSize);
  }

  /**
   * Paths beside a file, where it is now and where it was found, whose names begin like the name it was found under. Of a
   * link, also those beside what it led to, by that name: what rotates is there.
   */
  async #siblings(tail: Tail): Promise<string[]> {
    const { path, origin, resolved } = tail;
    const places = new Map([dirname(path), dirname(origin)].map((folder) => [folder, [stemOf(origin)]]));
    if (resolved !== undefined) places.set(dirname(resolved), [stemOf(resolved), ...(places.get(dirname(resolved)) ?? [])]);
    const paths = resolved === undefined ? [] : [resolved];
    for (const [folder, stems] of places) {
      try {
        for (const entry of await this.#io.readdir(folder)) {
          const sibling = join(folder, entry.name);
          if (stems.some((stem) => entry.name.startsWith(stem)) && !entry.isDirectory() && sibling !== path) paths.push(sibling);
        }
      } catch (problem) {
        if (!isMissing(problem)) this.#context.problems.report(folder, problem);
      }
    }
    return paths.slice(0, SIBLINGS_MAX);
  }

  /** Siblings named as rotation names them, last written after the file itself and not known yet, the oldest first. */
  async laterGenerations(tail: Tail): Promise<string[]> {
    if (tail.mtimeMs === 0) return [];
    const found: { readonly path: string; readonly mtimeMs: number }[] = [];
    for (const path of await this.#siblings(tail)) {
      if (![tail.origin, tail.resolved ?? tail.origin].some((name) => isGeneration(basename(path), basename(name)))) continue;
      const stat = await this.#io.stat(path);
      if (!stat?.isFile() || stat.mtimeMs < tail.mtimeMs || this.#context.tails.atInode(stat.dev, stat.ino)) continue;
      found.push({ path, mtimeMs: stat.mtimeMs });
    }
    return found.toSorted((a, b) => a.mtimeMs - b.mtimeMs).map(({ path }) => path);
  }

  async #check(path: string, tail: Tail, isWanted: (stat: Stats) => boolean): Promise<Candidate | undefined> {
    try {
      const stat = await this.#io.stat(path);
      if (!stat?.isFile() || !isWanted(stat)) return undefined;
      const candidate = await this.inspect(path, stat, true);
      if (!candidate) return undefined;
      // Of an empty file the inode is all that is known, and an archive is never what an empty file became.
      const isEmpty = tail.fingerprint.length === 0 && candidate.compression !== tail.compression;
      const isAlike = !isEmpty && !this.#wasOwn(candidate, tail) && beginsLike(tail.fingerprint, this.head, 0, candidate.headSize);
      if (isAlike && (tail.ranges.reach.at === 0 || (await this.compare(candidate, tail)) === 'same')) return candidate;
      this.#io.close(candidate.descriptor);
    } catch (problem) {
      if (!isMissing(problem)) this.#context.problems.report(path, problem);
    }
    return undefined;
  }

  /** A new stream for a file. */
  createTail(candidate: Candidate, watermark: Mark): Tail {
    const { tails } = this.#context;
    const tail = new Tail({
      id: tails.nextId(),
      path: candidate.path,
      dev: candidate.stat.dev,
      ino: candidate.stat.ino,
      compression: candidate.compression,
      fingerprint: this.fingerprint(candidate.headSize),
      watermark,
    });
    return tail;
  }
}

/** The name of a file without its extension. */
function stemOf(path: string): string {
  const name = basename(path);
  return name.slice(0, name.length - extname(name).length) || name;
}

/**
 * True for what logrotate and its like make of a name: `app.log.1`, `app.log-20260130.gz`, `app-2026-01-30.log`. Digits
 * only: `app-errors.log` is another log.
 */
export function isGeneration(name: string, original: string): boolean {
  const extension = extname(original);
  const stem = original.slice(0, original.length - extension.length);
  const plain = name.replace(/\.(gz|zst)$/, '');
  if (plain === name && plain === original) return false;
  if (plain.startsWith(original)) return /^([._-][\dTZ:._-]*\d[\dTZ:._-]*|\.old)?$/.test(plain.slice(original.length));
  if (!plain.startsWith(stem) || !plain.endsWith(extension)) return false;
  return /^[._-][\dTZ:._-]*\d$/.test(plain.slice(stem.length, plain.length - extension.length));
}

const WEAK_FINGERPRINT_BYTES = 64;

/**
 * True when the file was born after the one with the same inode was last changed: the inode is used again. Looked at only
 * where the content says little. A birth that equals the last change is what systems say that do not know it.
 */
function isReused(stat: Stats, tail: Tail): boolean {
  if (tail.fingerprint.length >= WEAK_FINGERPRINT_BYTES || tail.ctimeMs === 0) return false;
  return stat.birthtimeMs > tail.ctimeMs && stat.birthtimeMs !== stat.ctimeMs;
}

/** A file that was given its size in advance ends in NULs that will become something else: they are no part of it. */
function contentSize(bytes: Buffer, size: number): number {
  let end = size;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
