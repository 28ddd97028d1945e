import type { Stats } from 'node:fs';
import type { Context } from './context.ts';
import { MovedError, NoDescriptorError } from './descriptors.ts';
import { isMissing, type FileIo } from './file-io.ts';
import { Bell } from './flow.ts';
import type { Follower } from './follower.ts';
import { Rounds } from './rounds.ts';
import type { Search } from './search.ts';
import type { Streams } from './streams.ts';
import type { Tail } from './tail.ts';
import type { Turns } from './turns.ts';

export interface LaneSettings {
  readonly context: Context;
  readonly io: FileIo;
  readonly follower: Follower;
  readonly streams: Streams;
  readonly turns: Turns;
  /** Finds new files; a lane for archives has none, it is given its files. */
  readonly search: Search | undefined;
  readonly onBroken: (problem: unknown) => void;
}

// A program may go on writing to a renamed file for long: until it is told to open a new one.
const RENAMED_KEPT_MS = 60_000;
// The space of a deleted file is not free while it is open here.
const DELETED_KEPT_MS = 10_000;
const RETRY_MS_MAX = 30_000;

/**
 * Looks after some files: asks which have grown, been renamed or replaced, and has them read in turns. There is one lane
 * for local disks, one for network mounts, where any call may wait for ever, and one for archives.
 *
 * Looking goes on while a batch waits to be taken: a file that is rotated away meanwhile is opened before it is gone.
 */
export class Lane {
  readonly #settings: LaneSettings;
  readonly #context: Context;
  readonly #bell: Bell;
  readonly #rounds: Rounds;
  readonly #hinted = new Set<Tail>();
  #pollAt = 0;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(settings: LaneSettings) {
    this.#settings = settings;
    this.#context = settings.context;
    this.#bell = new Bell(settings.context.clock);
    this.#rounds = new Rounds(settings.context.limits.pollMs);
    settings.turns.onFailed = (tail, problem) => this.#failed(tail, problem);
    settings.turns.onReplaced = (tail) => this.activate(tail);
  }

  start(): void {
    const { turns, onBroken } = this.#settings;
    const looking = this.#run().catch(onBroken);
    this.#running = Promise.all([looking, turns.run().catch(onBroken)]);
  }

  /** Resolves when the lane has given away what it read, and reads no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#bell.ring();
    this.#settings.turns.stop();
    await this.#running;
  }

  add(tail: Tail): void {
    this.#rounds.add(tail);
    if (tail.isVerified) this.#enqueue(tail);
    this.#bell.ring();
  }

  /** Looks at the file soon. */
  activate(tail: Tail): void {
    this.#rounds.activate(tail);
    this.#bell.ring();
  }

  delete(tail: Tail): void {
    this.#rounds.delete(tail);
    this.#hinted.delete(tail);
    this.#settings.turns.delete(tail);
  }

  get reading(): number {
    return this.#settings.turns.reading;
  }

  activePaths(): string[] {
    return Array.from(this.#rounds.active, ({ path }) => path);
  }

  folders(): ReturnType<Search['folders']> {
    return this.#settings.search?.folders() ?? [];
  }

  /** Something happened to a file or, without one, in a folder. */
  hint(tail: Tail | undefined): void {
    // A file that is growing is looked at often enough without.
    if (tail && this.#rounds.active.has(tail)) return;
    if (tail) this.#hinted.add(tail);
    else this.#settings.search?.hurry();
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { clock, limits } = this.#context;
    const { follower, search, turns } = this.#settings;
    while (!this.#isStopped) {
      const now = clock.monotonic();
      if (now >= this.#pollAt) {
        this.#pollAt = now + limits.pollMs;
        await this.#checkAll(this.#rounds.due(now), now);
      }
      await this.#checkAll([...this.#hinted, ...this.#rounds.active], now);
      this.#hinted.clear();
      // New names after known files: one of them may be what a known file is called now.
      await search?.run();
      await this.#makeRoom();
      await follower.adoptMissed();
      // All that has grown is queued by now, so that small files share a batch.
      turns.go();
      if (!this.#isStopped) await this.#rest();
    }
  }

  /** Renamed files stay open for long after they have been read; when others need the place, they are closed. */
  async #makeRoom(): Promise<void> {
    let { tails, missing } = this.#context.descriptors.takeRenamed();
    for (const tail of tails) {
      if (missing > 0 && this.#rounds.has(tail) && (await this.#settings.follower.letGo(tail))) missing--;
    }
  }

  #rest(): Promise<void> {
    const { clock, limits } = this.#context;
    const { active } = this.#rounds;
    // While something grows there is one rhythm: a poll or a search that is due a little earlier waits for it, since each
    // look at a growing file makes a request.
    if (active.size > 0) return this.#bell.wait(limits.activePollMs);
    const nextMs = Math.min(this.#pollAt, this.#settings.search?.nextAt ?? Number.POSITIVE_INFINITY) - clock.monotonic();
    return this.#bell.wait(Math.max(1, nextMs));
  }

  async #checkAll(tails: Iterable<Tail>, now: number): Promise<void> {
    for (const tail of tails) {
      const checking = this.#check(tail, now);
      if (checking) await checking;
    }
  }

  /** Looks whether a file has changed. Answers at once, without a promise, when it has not. */
  #check(tail: Tail, now: number): Promise<void> | undefined {
    if (now < tail.retryAt || tail.isBusy || tail.isExamined || !this.#rounds.has(tail)) return undefined;
    try {
      const { io } = this.#settings;
      const isOpenOnly = tail.state === 'rotated' && tail.descriptor !== undefined;
      const stat = isOpenOnly ? io.fstat(tail.descriptor as number) : io.stat(tail.path);
      if (stat instanceof Promise)
        return stat.then((found) => this.#examineAlone(tail, found, now)).catch((problem) => this.#failed(tail, problem));
      if (
        !tail.isReplaced &&
        stat &&
        stat.size === tail.size &&
        stat.mtimeMs === tail.mtimeMs &&
        stat.ino === tail.ino &&
        stat.dev === tail.dev &&
        tail.isVerified
      ) {
        if (this.#isToBeDeleted(tail, now))
          return this.#settings.streams.remove(tail).catch((problem: unknown) => this.#failed(tail, problem));
        if (!this.#rounds.active.has(tail) && tail.isIdle) return undefined;
        this.#settle(tail, now);
        if (tail.state === 'named' || !this.#isOver(tail, now)) return undefined;
      }
      return this.#examineAlone(tail, stat, now).catch((problem: unknown) => this.#failed(tail, problem));
    } catch (problem) {
      this.#failed(tail, problem);
      return undefined;
    }
  }

  /** Meanwhile nobody reads the file. */
  async #examineAlone(tail: Tail, stat: Stats | undefined, now: number): Promise<void> {
    tail.isExamined = true;
    try {
      await this.#examine(tail, stat, now);
    } finally {
      tail.isExamined = false;
    }
    if (tail.state !== 'gone') this.#settle(tail, now);
  }

  async #examine(tail: Tail, stat: Stats | undefined, now: number): Promise<void> {
    const { follower, streams } = this.#settings;
    if (!stat || stat.ino !== tail.ino || stat.dev !== tail.dev) {
      const { path, state } = tail;
      await follower.lose(tail, false);
      // What was written before the rename comes before what is in the new file.
      if (tail.state === 'rotated' && tail.descriptor !== undefined) {
        const own = await this.#settings.io.fstat(tail.descriptor);
        // If it was truncated before, the next look at it finds out where its content went.
        if (own.size >= tail.seenTo) tail.look(own, now);
        tail.isExamined = false;
        this.#settle(tail, now);
      }
      if (stat && state === 'named') await follower.adopt(path, { startsAtEnd: false, detects: false });
      this.#settings.search?.hurry();
      return;
    }
    if (tail.isReplaced) {
      await this.#replaced(tail, stat);
      return;
    }
    const { flow } = this.#context;
    const isChanged = stat.mtimeMs !== tail.mtimeMs;
    // A file that grows is compared when it is read. One that cannot be read now is compared here.
    const isWaiting = isChanged && (flow.isFull || (tail.isRepeating && !flow.mayReadAgain));
    const isRewritten = tail.isVerified && isChanged && (stat.size === tail.size || isWaiting) && !tail.isArchive;
    const isShrunk = !tail.isArchive && stat.size < Math.max(tail.seenTo, tail.ranges.reach.at, tail.sizeBefore);
    if (!tail.isVerified || isShrunk || isRewritten) {
      if (!(await streams.verify(tail))) {
        await this.#replaced(tail, stat);
        return;
      }
      tail.isVerified = true;
      tail.sizeBefore = -1;
      streams.describe(tail, stat);
      if (isShrunk && (await follower.wentElsewhere(tail))) return;
    }
    if (tail.look(stat, now)) {
      this.#rounds.activate(tail);
      if (tail.isArchive) tail.archive?.close();
      // Bytes may have been put in the place of NULs that were the end so far.
      if (isRewritten || isShrunk) tail.seenTo = tail.ranges.end.at;
    } else if (this.#isToBeDeleted(tail, now)) {
      await streams.remove(tail);
    } else if (this.#isOver(tail, now)) {
      await streams.finish(tail);
    }
  }

  /** Queues a file that has something to read, and lets it rest when it has not changed for a while. */
  #settle(tail: Tail, now: number): void {
    const { limits, flow } = this.#context;
    const flushes = tail.mayFlush(limits.flushMs);
    const mayRead = tail.hasUnread && (!tail.isRepeating || flow.mayReadAgain);
    if (mayRead || (flushes && now - tail.grownAt >= limits.flushMs)) this.#enqueue(tail);
    else if (!flushes && tail.state === 'named') this.#rounds.rest(tail, now);
  }

  /** True when all of a file is safe and it is to go then. */
  #isToBeDeleted(tail: Tail, now: number): boolean {
    const { config, limits } = this.#context;
    if (!config.delete_after_read || tail.state !== 'named' || !tail.isIdle || tail.size === 0 || tail.isDamaged) return false;
    const isSafe = tail.isArchive || tail.ranges.watermark.at === tail.size;
    return isSafe && now - tail.grownAt >= limits.flushMs;
  }

  /** True for a rotated file that nobody writes to any more. */
  #isOver(tail: Tail, now: number): boolean {
    if (tail.state !== 'rotated' || tail.hasUnread) return false;
    const keptMs = tail.isDeleted ? DELETED_KEPT_MS : RENAMED_KEPT_MS;
    return now - Math.max(tail.grownAt, tail.rotatedAt) >= keptMs && tail.ranges.length === 0 && !tail.ranges.hasGap;
  }

  /** Other bytes are where this file's were. */
  async #replaced(tail: Tail, stat: Stats): Promise<void> {
    const { config, counters, positions } = this.#context;
    const { follower, streams } = this.#settings;
    tail.isReplaced = false;
    const isTruncation = stat.size < tail.ranges.reach.at && config.on_truncate !== 'read_whole_file';
    if (isTruncation && (await streams.beginsAlike(tail))) {
      tail.look(stat, this.#context.clock.monotonic());
      if (config.on_truncate === 'read_new') streams.skipTo(tail, stat.size);
      tail.isVerified = true;
      streams.describe(tail, stat);
      return;
    }
    counters.truncations.add(1);
    const { path, state } = tail;
    await follower.lose(tail, true);
    if (state === 'named') await follower.begin(path);
    positions.touch(tail);
  }

  #enqueue(tail: Tail): void {
    if (this.#rounds.has(tail)) this.#settings.turns.add(tail);
  }

  #failed(tail: Tail, problem: unknown): void {
    const { clock, limits, problems } = this.#context;
    // Lost between the look and the open: the next look will show where it went. No descriptor: the next turn.
    if (problem instanceof MovedError || problem instanceof NoDescriptorError || isMissing(problem)) return;
    if (!(problem instanceof Error && 'code' in problem)) throw problem;
    tail.problem = problem.message;
    tail.retryMs = Math.min(RETRY_MS_MAX, Math.max(limits.pollMs, tail.retryMs * 2));
    tail.retryAt = clock.monotonic() + tail.retryMs;
    problems.report(tail.path, problem);
  }
}
