import { dirname } from 'node:path';
import type { Context } from './context.ts';
import { NoDescriptorError } from './descriptors.ts';
import { codeOf, isMissing, type FileIo } from './file-io.ts';
import type { Candidate, Finder } from './finder.ts';
import { isTooOld } from './ordering.ts';
import type { Streams } from './streams.ts';
import type { Tail } from './tail.ts';

interface Inode {
  readonly dev: number;
  readonly ino: number;
}

interface AdoptOptions {
  readonly startsAtEnd: boolean;
  /** Look whether it is an archive, also when archives were not asked for. */
  readonly detects: boolean;
}

/** A rotated file that was never seen before, by its path. */
interface Missed {
  readonly origin: string;
  readonly log: string;
  at: number;
  readonly until: number;
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
const MISSED_RETRY_MS = 1000;
// Longer than a rotated file is kept open: until then it is not known whether an archive was made of it.
const MISSED_MS = 120_000;

/** Decides which file is which: new, renamed, copied, truncated, replaced. */
export class Follower {
  readonly #context: Context;
  readonly #io: FileIo;
  readonly #finder: Finder;
  readonly #streams: Streams;
  readonly #undecided = new Map<string, Undecided>();
  readonly #missed = new Map<string, Missed>();

  constructor(context: Context, io: FileIo, finder: Finder, streams: Streams) {
    this.#context = context;
    this.#io = io;
    this.#finder = finder;
    this.#streams = streams;
  }

  /** Begins to follow the file at a path that leads to no followed file yet. True when it is looked after now. */
  async adopt(path: string, { startsAtEnd, detects }: AdoptOptions): Promise<boolean> {
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
    const candidate = await this.#finder.inspect(path, stat, detects);
    if (!candidate) return false;
    try {
      return await this.#decide(candidate, known, startsAtEnd);
    } catch (problem) {
      this.#io.close(candidate.descriptor);
      throw problem;
    }
  }

  async #decide(candidate: Candidate, known: Tail | undefined, startsAtEnd: boolean): Promise<boolean> {
    if (known && !this.#isAnother(candidate, known)) {
      if (await this.#isStill(known, candidate)) {
        this.#streams.rename(known, candidate);
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
      if (tail === known && tail.compression === candidate.compression) continue;
      const answer = await this.#isCopy(candidate, tail);
      if (answer === 'undecided') {
        this.#io.close(candidate.descriptor);
        return false;
      }
      if (answer) return true;
    }
    this.#undecided.delete(candidate.path);
    await this.#streams.create(candidate, startsAtEnd);
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

  /** Whether a file that begins like `tail` is its content in another place. */
  async #isCopy(candidate: Candidate, tail: Tail): Promise<boolean | 'undecided'> {
    if (this.#isAnother(candidate, tail)) return false;
    // What comes after a rename under the old name is no copy, however much it begins like the renamed file.
    const mayBeAnew = this.#mayBeAnew(candidate, tail);
    if (tail.state === 'rotated' && candidate.path === tail.path && !mayBeAnew) return false;
    const answer = await this.#compare(candidate, tail);
    if (answer === 'other' && candidate.compression !== 'none') return this.#isMadeEarly(candidate, tail);
    if (answer === 'other' || (answer === 'piece' && tail.state === 'rotated')) return false;
    if (mayBeAnew) {
      await this.#streams.move(tail, candidate, true);
      return true;
    }
    if (tail.state === 'named' && !(await this.#leadsTo(tail.path, tail))) await this.lose(tail, false);
    // Rotated files are still read under their old name; what is made of them waits until that is done.
    if (tail.state === 'rotated') return 'undecided';
    if (answer === 'piece' || (tail.state === 'named' && (await this.#isWhole(tail)))) return this.#waits(candidate) ? 'undecided' : false;
    if (tail.state === 'named') await this.#replaceWith(tail, candidate);
    else await this.#streams.move(tail, candidate, true);
    this.#undecided.delete(candidate.path);
    return true;
  }

  /**
   * A file that was deleted here when all of it was safe may be made again, and be equal. So may one of a few lines under
   * another name, whoever deleted the first.
   */
  #isAnother({ compression, path, stat }: Candidate, tail: Tail): boolean {
    if (tail.state !== 'gone' || compression !== tail.compression) return false;
    if (tail.isRemoved) return true;
    const isShort = !tail.isArchive && tail.ranges.reach.at < this.#context.limits.fingerprintBytes;
    return isShort && path !== tail.path && (stat.ino !== tail.ino || stat.birthtimeMs > tail.ctimeMs);
  }

  /** An archive that was made before the last of a file was written: nothing in it is new. */
  async #isMadeEarly(candidate: Candidate, tail: Tail): Promise<boolean | 'undecided'> {
    const end = await this.#finder.endWithin(candidate, tail);
    if (!end) return false;
    // Until all of it is safe, it is where that is looked for after a crash.
    if (tail.ranges.watermark.at < end.at) return 'undecided';
    await this.#streams.create(candidate, false, end);
    return true;
  }

  /**
   * Rsync, editors and `sed -i` write a file anew beside the old one and put it in its place: the old one then has no name
   * at all, and the new one holds all of it. Of a few lines that says little: a program that begins anew writes those, too.
   */
  #mayBeAnew(candidate: Candidate, tail: Tail): boolean {
    const isGone = tail.state === 'rotated' && tail.isDeleted && !tail.hasUnread && candidate.path === tail.path;
    return isGone && candidate.compression === tail.compression && tail.ranges.reach.at >= this.#context.limits.fingerprintBytes;
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
    await this.#streams.move(tail, candidate, true);
    await this.begin(path);
  }

  /** Closes a renamed file that can be opened again by the name it has now. */
  async letGo(tail: Tail): Promise<boolean> {
    const { tails, descriptors, positions } = this.#context;
    const path = await this.#finder.nameOf(tail);
    if (path === undefined || tail.isBusy || tail.isExamined || tail.state !== 'rotated') return false;
    tails.change(tail, () => (tail.path = path));
    descriptors.close(tail);
    positions.touch(tail);
    return true;
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
    let sibling: Candidate | undefined;
    if (!isInPlace && tail.descriptor !== undefined) {
      tail.state = 'rotated';
      tail.rotatedAt = clock.monotonic();
      positions.touch(tail);
    } else {
      sibling = await this.#finder.findSibling(tail, isInPlace);
      if (sibling) await this.#streams.move(tail, sibling, false);
      else await this.#streams.giveUp(tail);
    }
    // What was truncated says when it was copied only by the copy.
    if (!isInPlace || sibling) await this.#noteMissed(tail);
  }

  /**
   * Between two looks a log may be rotated more than once, above all while the agent is down. What came and went
   * meanwhile lies beside the file under names that `include` need not match; it is read from its beginning, unless it
   * turns out to be what a known file was compressed to.
   */
  async adoptMissed(): Promise<void> {
    const { tails, isWanted, clock, positions } = this.#context;
    const now = clock.monotonic();
    for (const [path, missed] of this.#missed) {
      if (now < missed.at) continue;
      missed.at = now + MISSED_RETRY_MS;
      const isFollowed = await this.#tryAdopt(path);
      if (!isFollowed && now < missed.until) continue;
      this.#missed.delete(path);
      const tail = tails.atPath(path);
      if (!tail) continue;
      tails.change(tail, () => {
        tail.log = missed.log;
        if (isWanted(path)) return;
        // Nobody asked for that name: it is read to its end, and let go.
        tail.state = 'rotated';
        tail.origin = missed.origin;
      });
      tail.rotatedAt = now;
      positions.touch(tail);
    }
  }

  async #tryAdopt(path: string): Promise<boolean> {
    try {
      return await this.adopt(path, { startsAtEnd: false, detects: true });
    } catch (problem) {
      if (problem instanceof NoDescriptorError) return false;
      if (codeOf(problem) === '') throw problem;
      if (!isMissing(problem)) this.#context.problems.report(path, problem);
      return false;
    }
  }

  async #noteMissed(tail: Tail): Promise<void> {
    const now = this.#context.clock.monotonic();
    for (const path of await this.#finder.laterGenerations(tail)) {
      if (!this.#missed.has(path)) this.#missed.set(path, { origin: tail.origin, log: tail.log, at: now, until: now + MISSED_MS });
    }
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
    await this.#streams.move(tail, sibling, false);
    await this.begin(path);
    return true;
  }
}
