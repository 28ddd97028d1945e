import { ArchiveReader } from './archive.ts';
import type { Batcher } from './batcher.ts';
import type { Context } from './context.ts';
import type { FileIo } from './file-io.ts';
import type { Finder } from './finder.ts';
import { TAIL_BYTES, beginsLike } from './identity.ts';
import type { Gap } from './ranges.ts';
import type { Tail } from './tail.ts';

/** What a turn at a file came to. */
export type Turn =
  /** There is more to read at once. */
  | 'more'
  /** All there is has been read. */
  | 'done'
  /** The batch has to be given away before this file can go on. */
  | 'full'
  /** The file's bytes are not those that were there before. */
  | 'replaced'
  /** Nothing can be read now. */
  | 'wait';

// A run of NULs of at least this many bytes is taken for a hole: what is left when a program goes on writing at its old
// place in a file that was truncated. Lines hold fewer.
const HOLE_BYTES_MIN = 4096;
const ARCHIVE_QUIET_MS = 1000;
const HOLE_SCAN_BYTES = 64 * 1024 * 1024;

/** Reads a piece of a file into the batch. */
export class Reader {
  readonly #context: Context;
  readonly #io: FileIo;
  readonly #finder: Finder;
  readonly #batcher: Batcher;

  constructor(context: Context, io: FileIo, finder: Finder, batcher: Batcher) {
    this.#context = context;
    this.#io = io;
    this.#finder = finder;
    this.#batcher = batcher;
  }

  /** One turn: at most what is left of the read buffer. */
  async read(tail: Tail): Promise<Turn> {
    const { ranges } = tail;
    if (tail.isRepeating && !this.#context.flow.mayReadAgain) return 'wait';
    tail.isRepeating = false;
    const descriptor = await this.#context.descriptors.open(tail, this.#io);
    if (tail.isArchive) return this.#readArchive(tail, descriptor);
    if (!(await this.#hasSameHead(tail, descriptor))) return 'replaced';
    return this.#readPlain(tail, descriptor, ranges.next());
  }

  /**
   * Compares the first bytes with what they were, once a poll interval; the bytes before the position may happen to be the
   * same in a file that was truncated and has grown again. A fingerprint that is short grows with the file.
   */
  async #hasSameHead(tail: Tail, descriptor: number): Promise<boolean> {
    const { clock, limits } = this.#context;
    const now = clock.monotonic();
    const isShort = tail.fingerprint.length < Math.min(limits.fingerprintBytes, tail.size);
    if (!isShort && now - tail.headCheckedAt < limits.pollMs) return true;
    tail.headCheckedAt = now;
    const finder = this.#finder;
    const headSize = await finder.readHead(tail, descriptor);
    if (!beginsLike(tail.fingerprint, finder.head, 0, headSize)) return false;
    if (!(await finder.hasTail(descriptor, tail.ranges.reach))) return false;
    const grown = finder.fingerprint(headSize);
    if (grown.length > tail.fingerprint.length) {
      this.#context.tails.setFingerprint(tail, grown);
      this.#context.positions.touch(tail);
    }
    return true;
  }

  async #readPlain(tail: Tail, descriptor: number, gap: Gap): Promise<Turn> {
    const batcher = this.#batcher;
    const { ranges } = tail;
    const kept = gap.from.tail;
    const limit = Math.min(gap.limit, tail.size);
    const start = gap.from.at - kept.length;
    const wanted = Math.min(batcher.room, limit - start);
    if (wanted <= kept.length) return limit > gap.from.at ? 'full' : this.#atEnd(tail, false);
    const at = batcher.used;
    const soon = this.#io.read(descriptor, batcher.buffer, at, wanted, start);
    const read = typeof soon === 'number' ? soon : await soon;
    // The bytes before the position are read along: 64 bytes tell a file that was truncated and has grown again.
    if (kept !== '' && batcher.buffer.toString('latin1', at, at + Math.min(read, kept.length)) !== kept) return 'replaced';
    const from = at + kept.length;
    if (tail.partial !== '' && gap.from.at === ranges.end.at && !startsWith(batcher.buffer, from, at + read, tail.partial))
      return 'replaced';
    const to = at + read;
    const isWhole = read < wanted || start + wanted >= limit;
    const turn = await this.#split(tail, gap, from, to, isWhole);
    // The file is shorter than it was a moment ago. The next look at it will show what happened.
    return turn === 'more' && read < wanted ? 'wait' : turn;
  }

  /** `isWhole`: the bytes reach the end of the file, or of the gap. */
  async #split(tail: Tail, gap: Gap, from: number, to: number, isWhole: boolean): Promise<Turn> {
    const batcher = this.#batcher;
    const { limits, clock, counters } = this.#context;
    const { buffer } = batcher;
    const isEnd = isWhole && gap.limit === Number.POSITIVE_INFINITY;
    let end = to;
    if (isEnd && end > from && buffer[end - 1] === 0) end = withoutNuls(buffer, from, end, batcher.unit);
    if (end > from && buffer[from] === 0 && (tail.isInHole || isHole(buffer, from, end))) return this.#passHole(tail, gap);
    const isQuiet = limits.flushMs > 0 && clock.monotonic() - tail.grownAt >= limits.flushMs;
    if (end === from) return isEnd ? this.#atEnd(tail, isQuiet) : 'wait';
    tail.isInHole = false;
    const isFinal = isWhole && (gap.limit !== Number.POSITIVE_INFINITY || isQuiet);
    const taken = batcher.take(tail, gap.from, from, end, isFinal);
    counters.readBytes.add(taken);
    const rest = from + taken;
    if (isEnd || taken > 0)
      this.#keepPartial(tail, isEnd && rest < end ? buffer.toString('latin1', rest, Math.min(end, rest + TAIL_BYTES)) : '');
    if (!isEnd) return taken > 0 || isWhole ? 'more' : this.#needsRoom(to - from);
    // Rows may have run out before the bytes did.
    return batcher.isFull && taken < end - from ? 'more' : this.#atEnd(tail, isFinal);
  }

  /** Remembers how the next record begins: a file that was truncated may have grown to the same size again. */
  #keepPartial(tail: Tail, partial: string): void {
    if (partial === tail.partial) return;
    tail.partial = partial;
    if (partial !== '') this.#context.positions.touch(tail);
  }

  /** The piece that was read holds no whole record. */
  #needsRoom(size: number): Turn {
    const batcher = this.#batcher;
    if (!batcher.isEmpty) return 'full';
    return batcher.grow(Math.max(batcher.buffer.length, size) * 2) ? 'more' : 'wait';
  }

  /** `isOver`: the rest was offered as a record, and nothing was made of it. */
  #atEnd(tail: Tail, isOver: boolean): Turn {
    tail.seenTo = Math.max(tail.size, tail.ranges.end.at);
    if (isOver && tail.hasPartial) tail.triedAt = tail.grownAt;
    return tail.ranges.hasGap ? 'more' : 'done';
  }

  /**
   * Looks for what comes behind a run of NULs. If something does, the run is a hole and is passed over. If nothing does,
   * the file may have been given its size in advance, and what is to come may be written in their place: it waits.
   */
  async #passHole(tail: Tail, gap: Gap): Promise<Turn> {
    const batcher = this.#batcher;
    if (!batcher.isEmpty) return 'full';
    const descriptor = await this.#context.descriptors.open(tail, this.#io);
    const limit = Math.min(gap.limit, tail.size);
    let at = gap.from.at;
    for (let scanned = 0; at < limit && scanned < HOLE_SCAN_BYTES;) {
      const read = await this.#io.read(descriptor, batcher.buffer, 0, Math.min(batcher.buffer.length, limit - at), at);
      if (read === 0) break;
      const first = firstByte(batcher.buffer, read);
      at += first;
      scanned += first;
      if (first === read) continue;
      tail.isInHole = false;
      // The first byte of a character may be a NUL, too.
      const end = at - (at % batcher.unit);
      if (end > gap.from.at) batcher.pass(tail, gap.from, end);
      return 'more';
    }
    if (at < limit) {
      tail.isInHole = true;
      batcher.pass(tail, gap.from, at - (at % batcher.unit));
      return 'more';
    }
    return this.#atEnd(tail, true);
  }

  async #readArchive(tail: Tail, descriptor: number): Promise<Turn> {
    const batcher = this.#batcher;
    const { fs, limits, clock } = this.#context;
    const archive = (tail.archive ??= new ArchiveReader(fs, descriptor, tail.compression));
    const gap = tail.ranges.next();
    const kept = gap.from.tail;
    const at = batcher.used;
    const wanted = Math.min(batcher.room, gap.limit - gap.from.at + kept.length);
    const read = await archive.read(batcher.buffer, at, wanted, gap.from.at - kept.length);
    const isEnd = read < wanted;
    const isCut = isEnd && archive.problem !== undefined;
    const isQuiet = clock.monotonic() - tail.grownAt >= Math.max(limits.flushMs, ARCHIVE_QUIET_MS);
    if (read < kept.length || batcher.buffer.toString('latin1', at, at + kept.length) !== kept) {
      if (!isCut) return 'replaced';
    } else if (read > kept.length) {
      // An archive that ends too soon may be one that is still being written.
      const isFinal = isEnd ? !isCut || isQuiet : gap.from.at - kept.length + wanted >= gap.limit;
      const taken = batcher.take(tail, gap.from, at + kept.length, at + read, isFinal);
      this.#context.counters.readBytes.add(taken);
      if (!isEnd) return taken > 0 ? 'more' : this.#needsRoom(read);
      if (taken > 0 && taken < read - kept.length) return 'more';
    }
    if (isCut && !isQuiet) {
      tail.retryAt = clock.monotonic() + ARCHIVE_QUIET_MS;
      this.#closeArchive(tail);
      return 'wait';
    }
    return this.#finishArchive(tail, archive.problem);
  }

  #finishArchive(tail: Tail, problem: Error | undefined): Turn {
    if (problem) {
      this.#context.log.warn('An archive is damaged or cut off; what could be read of it is kept.', {
        'log.file.path': tail.path,
        'winnow.read_bytes': tail.ranges.end.at,
        'error.message': problem.message,
      });
    }
    this.#closeArchive(tail);
    tail.isDamaged = problem !== undefined;
    if (tail.ranges.hasGap) return 'more';
    tail.doneSize = tail.size;
    tail.seenTo = tail.ranges.end.at;
    this.#context.positions.touch(tail);
    return 'done';
  }

  #closeArchive(tail: Tail): void {
    tail.archive?.close();
    tail.archive = undefined;
  }
}

/** True when `buffer[from, to)` and the text agree as far as both go. */
function startsWith(buffer: Buffer, from: number, to: number, text: string): boolean {
  const size = Math.min(text.length, to - from);
  return buffer.toString('latin1', from, from + size) === (size === text.length ? text : text.slice(0, size));
}

/** NULs are whole code units: half of most characters of UTF-16 is a zero byte. */
function withoutNuls(buffer: Buffer, from: number, to: number, unit: 1 | 2): number {
  let end = to - ((to - from) % unit);
  while (end > from && buffer[end - 1] === 0 && buffer[end - unit] === 0) end -= unit;
  return end;
}

function isHole(buffer: Buffer, from: number, to: number): boolean {
  if (to - from < HOLE_BYTES_MIN) return false;
  for (let i = from; i < from + HOLE_BYTES_MIN; i++) if (buffer[i] !== 0) return false;
  return true;
}

/** Index of the first byte that is not NUL, or `length`. */
function firstByte(buffer: Buffer, length: number): number {
  let at = 0;
  while (at < length && buffer[at] === 0) at++;
  return at;
}
