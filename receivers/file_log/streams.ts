import type { Stats } from 'node:fs';
import { NO_ATTRIBUTES } from '#model';
import type { Context } from './context.ts';
import { MovedError } from './descriptors.ts';
import type { FileIo } from './file-io.ts';
import type { Candidate, Finder } from './finder.ts';
import { NO_FINGERPRINT, beginsLike } from './identity.ts';
import { Ranges, START, type Mark } from './ranges.ts';
import type { Tail } from './tail.ts';

/** What can happen to one stream of lines: it begins, gets another name, moves to another file, ends. */
export class Streams {
  readonly #context: Context;
  readonly #io: FileIo;
  readonly #finder: Finder;

  constructor(context: Context, io: FileIo, finder: Finder) {
    this.#context = context;
    this.#io = io;
    this.#finder = finder;
  }

  /** A followed file was found under another name, or again under its own. */
  rename(tail: Tail, candidate: Candidate): void {
    const { tails, attributes, positions, counters } = this.#context;
    if (tail.path !== candidate.path) counters.rotations.add(1);
    tails.change(tail, () => {
      tail.path = candidate.path;
      tail.state = 'named';
    });
    tail.isVerified = true;
    tail.shared = attributes.of(candidate.path, candidate.stat);
    // Another lane may be reading through the descriptor it has.
    if (tail.descriptor === undefined) this.#keepOpen(tail, candidate);
    else this.#io.close(candidate.descriptor);
    positions.touch(tail);
    this.#context.assign(tail);
  }

  /** The stream goes on in `candidate`. */
  async move(tail: Tail, candidate: Candidate, isNamed: boolean): Promise<void> {
    await tail.untilIdle();
    const { tails, descriptors, attributes, positions, clock } = this.#context;
    descriptors.close(tail);
    this.describe(tail, candidate.stat);
    tails.change(tail, () => {
      tail.moveTo(candidate.path, candidate.stat, candidate.compression);
      if (!isNamed) tail.state = 'rotated';
    });
    if (isNamed) tail.shared = attributes.of(candidate.path, candidate.stat);
    tail.isVerified = true;
    tail.rotatedAt = clock.monotonic();
    tail.look(candidate.stat, clock.monotonic());
    tail.grownAt = clock.monotonic();
    this.#keepOpen(tail, candidate);
    positions.touch(tail);
    this.#context.assign(tail);
  }

  /** Gives a file that an earlier run knew its attributes: those of its name, or of the one it had before it was rotated. */
  describe(tail: Tail, stat: Stats): void {
    if (tail.shared.entries.size > 0) return;
    tail.shared = this.#context.attributes.of(tail.state === 'named' ? tail.path : tail.log, stat);
  }

  /** A new stream. What is before `read` is in another one. */
  async create(candidate: Candidate, startsAtEnd: boolean, read: Mark = START): Promise<void> {
    const { tails, attributes, positions, clock, problems } = this.#context;
    const skipsContent = startsAtEnd && candidate.compression === 'none';
    const tail = this.#finder.createTail(candidate, skipsContent ? { ...START, at: candidate.stat.size } : read);
    tail.shared = attributes.of(candidate.path, candidate.stat);
    tail.look(candidate.stat, clock.monotonic());
    tail.grownAt = clock.monotonic();
    if (candidate.compression !== 'none' && (startsAtEnd || read.at > 0)) tail.doneSize = candidate.stat.size;
    await this.#rememberLink(tail);
    tails.add(tail);
    this.#keepOpen(tail, candidate);
    // Known by what it begins with, it is found again even if it is rotated before anything of it is safe.
    positions.touch(tail);
    problems.mended(tail.path);
    this.#context.assign(tail);
  }

  /** If there is no room, it is opened again by its name when its turn comes. */
  #keepOpen(tail: Tail, { descriptor }: Candidate): void {
    const { descriptors } = this.#context;
    if (descriptors.hasRoom()) descriptors.take(tail, descriptor);
    else this.#io.close(descriptor);
  }

  async #rememberLink(tail: Tail): Promise<void> {
    try {
      const resolved = await this.#io.realpath(tail.path);
      if (resolved !== tail.path && tail.path.startsWith('/')) tail.resolved = resolved;
    } catch {
      // It has gone meanwhile; the next look will show.
    }
  }

  /** Nothing leads to the file any more. */
  async giveUp(tail: Tail): Promise<void> {
    await tail.untilIdle();
    const { counters, log, positions, descriptors, clock } = this.#context;
    const unread = Math.max(0, tail.size - tail.ranges.end.at);
    if (!tail.isArchive && (unread > 0 || tail.ranges.hasGap)) {
      counters.lostBytes.add(unread);
      log.error('A file went before it was read to its end, and no sibling holds its content.', {
        'log.file.path': tail.path,
        'winnow.unread_bytes': unread,
      });
    }
    descriptors.close(tail);
    this.#context.tails.change(tail, () => {
      tail.state = 'gone';
      // Under an inode that may be used again, and beginning like others, an empty file says nothing.
      if (tail.ranges.end.at === 0) tail.fingerprint = NO_FINGERPRINT;
    });
    tail.shared = NO_ATTRIBUTES;
    tail.seenAt = clock.now();
    positions.touch(tail);
    this.#context.assign(tail);
  }

  /** Deletes a file that has been read. What it is known by stays for a while. */
  async remove(tail: Tail): Promise<void> {
    await this.#io.unlink(tail.path);
    tail.isRemoved = true;
    await this.finish(tail);
  }

  /** A rotated file has been read to its end and nothing more is to come. */
  async finish(tail: Tail): Promise<void> {
    tail.size = Math.min(tail.size, tail.ranges.end.at);
    await this.giveUp(tail);
  }

  /** True when the file begins as it did, whatever follows. */
  async beginsAlike(tail: Tail): Promise<boolean> {
    const descriptor = await this.#context.descriptors.open(tail, this.#io);
    return beginsLike(tail.fingerprint, this.#finder.head, 0, await this.#finder.readHead(tail, descriptor));
  }

  /** What is in the file up to `at` is not read. */
  skipTo(tail: Tail, at: number): void {
    tail.ranges = new Ranges({ ...START, at });
    tail.seenTo = at;
    this.#context.positions.touch(tail);
  }

  /** Compares a file with what storage says of it. False when it is another one. */
  async verify(tail: Tail): Promise<boolean> {
    try {
      const descriptor = await this.#context.descriptors.open(tail, this.#io);
      const stat = await this.#io.fstat(descriptor);
      return await this.#finder.isStill(tail, descriptor, stat);
    } catch (problem) {
      if (problem instanceof MovedError) return false;
      throw problem;
    }
  }
}
