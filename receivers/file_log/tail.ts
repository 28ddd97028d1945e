import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { NO_ATTRIBUTES, type SharedAttributes } from '#model';
import { NO_FINGERPRINT, sourceOf, type Fingerprint } from './identity.ts';
import { Ranges, type Mark, type Range } from './ranges.ts';
import type { ArchiveReader } from './archive.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Where in its life a file is. */
export type TailState =
  /** Its name leads to it. */
  | 'named'
  /** Another file has its name, or none: it is read to its end through the open descriptor or a sibling's name. */
  | 'rotated'
  /** It cannot be reached any more. What is known of it stays for a while, in case it comes back compressed. */
  | 'gone';

export interface TailOptions {
  readonly id: number;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly compression: Compression;
  readonly fingerprint?: Fingerprint;
  readonly watermark?: Mark;
  readonly reach?: Mark;
}

/**
 * One stream of log lines in one file: where it is, what it is recognised by, how far it has been read and settled. When
 * a file is copied away and truncated, the stream moves to the copy and the old name begins a new one.
 */
export class Tail {
  readonly id: number;
  path: string;
  /** The name it was found under at first; what it is renamed to begins like that. */
  origin: string;
  /** The name its lines were first found under, also when that was a link. Lines of one log stay in order. */
  log: string;
  /** Where a link led to when the file was found; tried when the name leads elsewhere. */
  resolved: string | undefined;
  dev: number;
  ino: number;
  compression: Compression;
  fingerprint: Fingerprint;
  ranges: Ranges;
  state: TailState = 'named';
  shared: SharedAttributes = NO_ATTRIBUTES;

  /** As of the last look. -1 before the first. */
  size = -1;
  mtimeMs = 0;
  ctimeMs = 0;
  /** As an earlier run saw it. */
  sizeBefore = -1;
  isDeleted = false;
  /** Deleted by us, all of it safe: only an archive may hold its content again. */
  isRemoved = false;
  /** How far bytes have been looked at; those past `ranges.end` are the beginning of a record. */
  seenTo = 0;
  /** The first bytes behind `ranges.end`, when they were no whole record: they must still be there at the next look. */
  partial = '';
  /** Monotonic milliseconds of the last growth, and of the loss of the name. */
  grownAt = 0;
  rotatedAt = 0;
  /** Wall clock when the file was last there. */
  seenAt = 0;

  descriptor: number | undefined;
  archive: ArchiveReader | undefined;
  /** An operation on the file is under way; it must not be closed. */
  isBusy = false;
  /** Somebody is finding out what became of the file; it must not be read. */
  isExamined = false;
  /** A read has found other bytes than were there before. */
  isReplaced = false;
  /** Some of it was given up and is to be read again; until the pause is over nothing is read. */
  isRepeating = false;
  /** Monotonic milliseconds when the first bytes were last compared. */
  headCheckedAt: number = Number.NEGATIVE_INFINITY;
  /** False until the file has been compared with what storage says of it. */
  isVerified = true;
  /** Compressed size at which an archive was read to its end. */
  doneSize = -1;
  /** An archive ended too soon: more of it may come. */
  isDamaged = false;
  /** `grownAt` when the end of the file was last looked at in vain; until it grows there is nothing to look for. */
  triedAt = -1;
  /** In the middle of a run of NULs that is being passed over. */
  isInHole = false;
  /** What cannot be read is looked at again after this (monotonic), less and less often. */
  retryAt = 0;
  retryMs = 0;
  problem = '';

  /** The position in storage, and keys of ranges stored beside it. */
  storedAt = -1;
  rangeKeys: Set<string> | undefined;

  constructor(options: TailOptions) {
    this.id = options.id;
    this.path = options.path;
    this.origin = options.path;
    this.log = options.path;
    this.dev = options.dev;
    this.ino = options.ino;
    this.compression = options.compression;
    this.fingerprint = options.fingerprint ?? NO_FINGERPRINT;
    this.ranges = new Ranges(options.watermark, options.reach);
    this.seenTo = this.ranges.end.at;
  }

  /** Rows of equal source stay in order: all rows of one stream, and of the file that was under its name before a rotation. */
  sourceFor(receiver: string): number {
    return sourceOf(`${receiver}\0${this.log}`);
  }

  get isArchive(): boolean {
    return this.compression !== 'none';
  }

  /** Bytes seen that are no whole record yet. */
  get hasPartial(): boolean {
    return !this.isArchive && this.seenTo > this.ranges.end.at;
  }

  /** True when a record may come of the bytes that are no whole one. */
  mayFlush(flushMs: number): boolean {
    return this.hasPartial && flushMs > 0 && this.triedAt !== this.grownAt;
  }

  get isIdle(): boolean {
    return !this.hasUnread && this.ranges.length === 0 && !this.ranges.hasGap;
  }

  get hasUnread(): boolean {
    if (this.isArchive) return this.doneSize !== this.size;
    return this.size > this.seenTo || this.ranges.hasGap;
  }

  /** True for the file that is under the name now; others of the same log were there before. */
  get isCurrent(): boolean {
    return this.state === 'named' && this.path === this.log;
  }

  /** Whether this, of the same log, was written before `other`. */
  isBefore(other: Tail): boolean {
    if (this.isCurrent || other.isCurrent) return !this.isCurrent;
    return this.mtimeMs === other.mtimeMs ? this.id < other.id : this.mtimeMs < other.mtimeMs;
  }

  /** Part of what was read has to be read again. */
  repeat(range: Range): void {
    this.ranges.reopen(range);
    this.isRepeating = true;
    this.seenTo = this.ranges.end.at;
    this.doneSize = -1;
    this.partial = '';
    this.archive?.close();
  }

  /** Resolves when no read of it is under way. */
  async untilIdle(): Promise<void> {
    while (this.isBusy) await yieldToOthers();
  }

  /** Takes over what a look at the file has shown; true when it has grown or been written. */
  look(stat: Stats, nowMs: number): boolean {
    const isChanged = stat.size !== this.size || stat.mtimeMs !== this.mtimeMs;
    if (isChanged && this.size >= 0) this.grownAt = nowMs;
    this.size = stat.size;
    this.mtimeMs = stat.mtimeMs;
    this.ctimeMs = stat.ctimeMs;
    this.isDeleted = stat.nlink === 0;
    return isChanged;
  }

  /** The stream goes on in another file. */
  moveTo(path: string, stat: { readonly dev: number; readonly ino: number }, compression: Compression): void {
    // What a link led to was renamed beside it: from here on its name is the one that names begin like.
    if (this.resolved !== undefined && dirname(this.resolved) === dirname(path)) this.origin = this.resolved;
    this.path = path;
    this.resolved = undefined;
    this.dev = stat.dev;
    this.ino = stat.ino;
    this.compression = compression;
    this.size = -1;
    this.mtimeMs = 0;
    this.ctimeMs = 0;
    this.doneSize = -1;
    this.partial = '';
    this.seenTo = this.ranges.end.at;
    this.state = 'named';
    this.isDeleted = false;
    this.isRemoved = false;
    this.problem = '';
    this.retryAt = 0;
  }
}
