import { dirname } from 'node:path';
import type { Context } from './context.ts';
import { MovedError } from './descriptors.ts';
import type { FileIo } from './file-io.ts';
import type { Candidate, Finder } from './finder.ts';
import { NO_FINGERPRINT, beginsLike } from './identity.ts';
import { isTooOld } from './ordering.ts';
import { Ranges, START } from './ranges.ts';
import type { Tail } from './tail.ts';

interface Inode {
  readonly dev: number;
  readonly ino: number;
}

interface Undecided {
  size: number;
  /** Monotonic milliseconds of the last sign that it is a copy in the making. */
  since: number;
  readonly answers: Map<string, 'same' | 'piece' | 'other'>;
}

// logrotate truncates as soon as the copy is complete. A file that has looked like a copy for so long without that is one
// that happens to be equal.
const COPY_WAIT_MS = 2000;

/** Decides which file is which: new, renamed, copied, truncated, replaced. */
export class Follower {
  readonly #context: Context;
  readonly #io: FileIo;
  readonly #finder: Finder;
  readonly #undecided = new Map<string, Undecided>();

  constructor(context: Context, io: FileIo, finder: Finder) {
    this.#context = context;
    this.#io = io;
    this.#finder = finder;
  }

  get hasUndecided(): boolean {
    return this.#undecided.size > 0;
  }

  /** Begins to follow the file at a path that leads to no followed file yet. True when it is looked after now. */
  async adopt(path: string, startsAtEnd: boolean): Promise<boolean> {
    const { tails, limits, clock } = this.#context;
    const stat = await this.#io.stat(path);
    if (!stat?.isFile()) return false;
    const known = tails.atInode(stat.dev, stat.ino);
    if (known && known.state !== 'gone' && (known.path !== path || known.state === 'rotated')) {
      if (known.state === 'named' && (await this.#leadsTo(known.path, stat))) return true;
    } else if (!known && isTooOld(stat.mtimeMs, clock.now(), limits.excludeOlderMs)) {
      return false;
    }
    this.#context.descriptors.makeRoom();
    const candidate = await this.#finder.inspect(path, stat, false);
    if (!candidate) return false;
    try {
      return await this.#decide(candidate, known, startsAtEnd);
    } catch (problem) {
      this.#io.close(candidate.descriptor);
      throw problem;
    }
  }

  async #decide(candidate: Candidate, known: Tail | undefined, startsAtEnd: boolean): Promise<boolean> {
    if (known) {
      if (await this.#isStill(known, candidate)) {
        this.#rename(known, candidate);
        return true;
      }
      // The inode is used again for another file, or the file was truncated before its name was found again.
      if (known.state !== 'gone') {
        await this.lose(known, true);
        // Looking for its content elsewhere has read other heads into the same buffer.
        await this.#finder.reload(candidate);
      }
    }
    const { tails } = this.#context;
    if (candidate.compression !== 'none' && this.#mayBeRotated(candidate)) {
      this.#io.close(candidate.descriptor);
      return false;
    }
    for (const tail of tails.beginningLike(this.#finder.head, 0, candidate.headSize)) {
      if (tail === known) continue;
      const answer = await this.#isCopy(candidate, tail);
      if (answer === 'undecided') {
        this.#io.close(candidate.descriptor);
        return false;
      }
      if (answer) return true;
    }
    this.#undecided.delete(candidate.path);
    await this.create(candidate, startsAtEnd);
    return true;
  }

  /** A file that was empty when it was last looked at, and is being read under no name, may be what was compressed. */
  #mayBeRotated(candidate: Candidate): boolean {
    const folder = dirname(candidate.path);
    for (const tail of this.#context.tails) {
      if (tail.state === 'rotated' && tail.fingerprint.length === 0 && tail.hasUnread && dirname(tail.path) === folder) return true;
    }
    return false;
  }

  async #isStill(known: Tail, candidate: Candidate): Promise<boolean> {
    // While it is open the inode cannot be used again.
    if (known.compression !== candidate.compression) return false;
    if (known.descriptor !== undefined && known.state === 'rotated') {
      return known.isArchive || candidate.stat.size >= known.ranges.reach.at;
    }
    return this.#finder.isStill(known, candidate.descriptor, candidate.stat);
  }

  /** A followed file was found under another name, or again under its own. */
  #rename(tail: Tail, candidate: Candidate): void {
    const { tails, attributes, descriptors, positions, counters } = this.#context;
    if (tail.path !== candidate.path) counters.rotations.add(1);
    tails.change(tail, () => {
      tail.path = candidate.path;
      tail.state = 'named';
    });
    tail.isVerified = true;
    tail.shared = attributes.of(candidate.path, candidate.stat);
    // Another lane may be reading through the descriptor it has.
    if (tail.descriptor === undefined) descriptors.take(tail, candidate.descriptor);
    else this.#io.close(candidate.descriptor);
    positions.touch(tail);
    this.#context.assign(tail);
  }

  /** Whether a file that begins like `tail` is its content in another place. */
  async #isCopy(candidate: Candidate, tail: Tail): Promise<boolean | 'undecided'> {
    // What comes after a rename under the old name is no copy, however much it begins like the renamed file.
    if (tail.state === 'rotated' && candidate.path === tail.path) return false;
    const answer = await this.#compare(candidate, tail);
    if (answer === 'other' || (answer === 'piece' && tail.state === 'rotated')) return false;
    if (tail.state === 'named' && !(await this.#leadsTo(tail.path, tail))) await this.lose(tail, false);
    // Rotated files are still read under their old name; what is made of them waits until that is done.
    if (tail.state === 'rotated') return 'undecided';
    if (answer === 'piece' || (tail.state === 'named' && (await this.#isWhole(tail)))) return this.#waits(candidate) ? 'undecided' : false;
    if (tail.state === 'named') await this.#replaceWith(tail, candidate);
    else await this.move(tail, candidate, true);
    this.#undecided.delete(candidate.path);
    return true;
  }

  /** The comparison, remembered while neither has changed: for an archive it means decompressing. */
  async #compare(candidate: Candidate, tail: Tail): Promise<'same' | 'piece' | 'other'> {
    const key = `${tail.id}:${tail.ranges.reach.at}`;
    const undecided = this.#undecided.get(candidate.path);
    const known = undecided?.size === candidate.stat.size ? undecided.answers.get(key) : undefined;
    const answer = known ?? (await this.#finder.compare(candidate, tail));
    if (undecided?.size === candidate.stat.size) undecided.answers.set(key, answer);
    return answer;
  }

  /** True while it may yet turn out to be a copy: it grows, or what it was made of may be truncated any moment. */
  #waits(candidate: Candidate): boolean {
    const now = this.#context.clock.monotonic();
    const undecided = this.#undecided.get(candidate.path);
    if (!undecided || undecided.size !== candidate.stat.size) {
      this.#undecided.set(candidate.path, { size: candidate.stat.size, since: now, answers: new Map() });
      return true;
    }
    return now - undecided.since < COPY_WAIT_MS;
  }

  /** True when the file is still under its name with all that was read of it. */
  async #isWhole(tail: Tail): Promise<boolean> {
    const stat = await this.#io.stat(tail.path);
    return stat !== undefined && stat.ino === tail.ino && stat.dev === tail.dev && stat.size >= tail.ranges.reach.at;
  }

  async #leadsTo(path: string, stat: Inode): Promise<boolean> {
    const there = await this.#io.stat(path);
    return there !== undefined && there.ino === stat.ino && there.dev === stat.dev;
  }

  /** The content of a file that is still named went to `candidate`; under its name a new stream begins. */
  async #replaceWith(tail: Tail, candidate: Candidate): Promise<void> {
    const { path } = tail;
    const isTruncated = await this.#leadsTo(path, tail);
    if (isTruncated) this.#context.counters.truncations.add(1);
    await this.move(tail, candidate, true);
    await this.begin(path);
  }

  /** Under a name whose bytes were replaced begins a new stream. */
  async begin(path: string): Promise<void> {
    const stat = await this.#io.stat(path);
    if (!stat?.isFile()) return;
    const known = this.#context.tails.atInode(stat.dev, stat.ino);
    if (known && known.state !== 'gone') return;
    const candidate = await this.#finder.inspect(path, stat, false);
    if (candidate) await this.#decide(candidate, undefined, false);
  }

  /** The stream goes on in `candidate`. */
  async move(tail: Tail, candidate: Candidate, isNamed: boolean): Promise<void> {
    await tail.untilIdle();
    const { tails, descriptors, attributes, positions, clock } = this.#context;
    descriptors.close(tail);
    tails.change(tail, () => {
      tail.moveTo(candidate.path, candidate.stat, candidate.compression);
      if (!isNamed) tail.state = 'rotated';
    });
    if (isNamed || tail.shared.entries.size === 0) tail.shared = attributes.of(candidate.path, candidate.stat);
    tail.isVerified = true;
    tail.rotatedAt = clock.monotonic();
    tail.look(candidate.stat, clock.monotonic());
    tail.grownAt = clock.monotonic();
    descriptors.take(tail, candidate.descriptor);
    positions.touch(tail);
    this.#context.assign(tail);
  }

  async create(candidate: Candidate, startsAtEnd: boolean): Promise<void> {
    const { tails, attributes, descriptors, positions, clock, problems } = this.#context;
    const tail = this.#finder.createTail(candidate, startsAtEnd && candidate.compression === 'none' ? candidate.stat.size : 0);
    tail.shared = attributes.of(candidate.path, candidate.stat);
    tail.look(candidate.stat, clock.monotonic());
    tail.grownAt = clock.monotonic();
    if (startsAtEnd && candidate.compression !== 'none') tail.doneSize = candidate.stat.size;
    await this.#rememberLink(tail);
    tails.add(tail);
    descriptors.take(tail, candidate.descriptor);
    // Known by what it begins with, it is found again even if it is rotated before anything of it is safe.
    positions.touch(tail);
    problems.mended(tail.path);
    this.#context.assign(tail);
  }

  async #rememberLink(tail: Tail): Promise<void> {
    try {
      const resolved = await this.#io.realpath(tail.path);
      if (resolved !== tail.path && tail.path.startsWith('/')) tail.resolved = resolved;
    } catch {
      // It has gone meanwhile; the next look will show.
    }
  }

  /**
   * The name of a file leads elsewhere, or (`isInPlace`) its bytes were replaced under it. What is left of the old content
   * is read to its end where it can still be reached: through the open descriptor, or under another name.
   */
  async lose(tail: Tail, isInPlace: boolean): Promise<void> {
    const { tails, descriptors, clock, counters, positions } = this.#context;
    if (isInPlace) {
      await tail.untilIdle();
      descriptors.close(tail);
    } else counters.rotations.add(1);
    tails.losePath(tail);
    if (!isInPlace && tail.descriptor !== undefined) {
      tail.state = 'rotated';
      tail.rotatedAt = clock.monotonic();
      positions.touch(tail);
    } else {
      const sibling = await this.#finder.findSibling(tail, isInPlace);
      if (sibling) await this.move(tail, sibling, false);
      else await this.#giveUp(tail);
    }
    if (!isInPlace) await this.#adoptMissed(tail);
  }

  /**
   * Between two looks a log may be rotated more than once, above all while the agent is down. What came and went
   * meanwhile lies beside the file under names that `include` need not match; it is read from its beginning.
   */
  async #adoptMissed(tail: Tail): Promise<void> {
    for (const path of await this.#finder.laterGenerations(tail)) await this.adopt(path, false);
  }

  /**
   * The file is shorter, yet what was read of it is still there: it may have been truncated and begun as before. If a
   * sibling has what was read and more, that is where the rest is. True when the stream has moved there.
   */
  async wentElsewhere(tail: Tail): Promise<boolean> {
    const sibling = await this.#finder.findSibling(tail, true);
    if (!sibling) return false;
    const { path } = tail;
    this.#context.counters.truncations.add(1);
    this.#context.tails.losePath(tail);
    await this.move(tail, sibling, false);
    await this.begin(path);
    return true;
  }

  /** Nothing leads to the file any more. */
  async #giveUp(tail: Tail): Promise<void> {
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
    tail.seenAt = clock.now();
    positions.touch(tail);
    this.#context.assign(tail);
  }

  /** Deletes a file that has been read. What it is known by stays for a while. */
  async remove(tail: Tail): Promise<void> {
    await this.#io.unlink(tail.path);
    await this.finish(tail);
  }

  /** A rotated file has been read to its end and nothing more is to come. */
  async finish(tail: Tail): Promise<void> {
    tail.size = Math.min(tail.size, tail.ranges.end.at);
    await this.#giveUp(tail);
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
