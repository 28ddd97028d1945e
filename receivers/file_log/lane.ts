import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Stats } from 'node:fs';
import type { Batcher } from './batcher.ts';
import type { Context } from './context.ts';
import { MovedError, NoDescriptorError } from './descriptors.ts';
import { isMissing, type FileIo } from './file-io.ts';
import { Bell } from './flow.ts';
import type { Follower } from './follower.ts';
import type { Poison } from './poison.ts';
import type { Reader } from './reader.ts';
import type { Search } from './search.ts';
import type { Tail } from './tail.ts';

export interface LaneSettings {
  readonly context: Context;
  readonly io: FileIo;
  readonly follower: Follower;
  readonly reader: Reader;
  readonly batcher: Batcher;
  /** Finds new files; a lane for archives has none, it is given its files. */
  readonly search: Search | undefined;
  readonly poison: Poison;
  readonly onBroken: (problem: unknown) => void;
}

// How long after its last growth a file is looked at more often than the poll interval.
const ACTIVE_MS = 2_000;
// Files that did not change lately are looked at in turns, so many each poll: 5,000 of them cost what 1,000 do.
const IDLE_CHECKS_MAX = 1_000;
// A program may go on writing to a renamed file for long: until it is told to open a new one.
const RENAMED_KEPT_MS = 60_000;
// The space of a deleted file is not free while it is open here.
const DELETED_KEPT_MS = 10_000;
const RETRY_MS_MAX = 30_000;

/**
 * Looks after some files: asks which have grown, and reads them in turns, a buffer at a time. There is one lane for local
 * disks, one for network mounts, where any call may wait for ever, and one for archives.
 */
export class Lane {
  readonly #settings: LaneSettings;
  readonly #context: Context;
  readonly #bell: Bell;
  readonly #files = new Set<Tail>();
  readonly #active = new Set<Tail>();
  /** Files with something to read, in the order of their turns. */
  readonly #queue = new Set<Tail>();
  readonly #hinted = new Set<Tail>();
  #idle: Iterator<Tail> | undefined;
  #pollAt = 0;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();
  isReading = 0;

  constructor(settings: LaneSettings) {
    this.#settings = settings;
    this.#context = settings.context;
    this.#bell = new Bell(settings.context.clock);
    settings.context.flow.attach(this.#bell);
  }

  start(): void {
    this.#running = this.#run().catch((problem: unknown) => this.#settings.onBroken(problem));
  }

  /** Resolves when the lane has given away what it read, and reads no more. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#bell.ring();
    return this.#running;
  }

  add(tail: Tail): void {
    this.#files.add(tail);
    this.#active.add(tail);
    if (tail.isVerified) this.#enqueue(tail);
    this.#bell.ring();
  }

  /** Looks at the file soon: some of it has to be read again. */
  activate(tail: Tail): void {
    if (this.#files.has(tail)) this.#active.add(tail);
  }

  delete(tail: Tail): void {
    this.#files.delete(tail);
    this.#active.delete(tail);
    this.#queue.delete(tail);
  }

  get size(): number {
    return this.#files.size;
  }

  /** Something happened to a file or, without one, in a folder. */
  hint(tail: Tail | undefined): void {
    // A file that is growing is looked at often enough without.
    if (tail && this.#active.has(tail)) return;
    if (tail) this.#hinted.add(tail);
    else this.#settings.search?.hurry();
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { clock, limits } = this.#context;
    while (!this.#isStopped) {
      const now = clock.monotonic();
      if (now >= this.#pollAt) {
        this.#pollAt = now + limits.pollMs;
        await this.#checkIdle(now);
      }
      for (const tail of [...this.#hinted, ...this.#active]) await this.#check(tail, now);
      this.#hinted.clear();
      await this.#readQueued();
      // New names after known files: one of them may be what a known file is called now.
      if (!this.#isStopped) await this.#settings.search?.run();
      if (!this.#isStopped && this.#queue.size === 0) await this.#rest();
    }
    await this.#settings.batcher.flush();
  }

  #rest(): Promise<void> {
    const { clock, limits } = this.#context;
    const now = clock.monotonic();
    const nextMs = Math.min(this.#pollAt, this.#settings.search?.nextAt ?? Number.POSITIVE_INFINITY) - now;
    return this.#bell.wait(Math.max(1, this.#active.size > 0 ? Math.min(nextMs, limits.activePollMs) : nextMs));
  }

  async #checkIdle(now: number): Promise<void> {
    const checks = Math.min(this.#files.size, IDLE_CHECKS_MAX);
    for (let i = 0; i < checks; i++) {
      let next = this.#idle?.next();
      if (!next || next.done) {
        this.#idle = this.#files[Symbol.iterator]();
        next = this.#idle.next();
        if (next.done) return;
      }
      const tail = next.value;
      if (this.#active.has(tail)) continue;
      const checking = this.#check(tail, now);
      if (checking) await checking;
    }
  }

  /** Looks whether a file has changed. Answers at once, without a promise, when it has not. */
  #check(tail: Tail, now: number): Promise<void> | undefined {
    if (now < tail.retryAt || tail.isBusy || !this.#files.has(tail)) return undefined;
    try {
      const { io } = this.#settings;
      const isOpenOnly = tail.state === 'rotated' && tail.descriptor !== undefined;
      const stat = isOpenOnly ? io.fstat(tail.descriptor as number) : io.stat(tail.path);
      if (stat instanceof Promise)
        return stat.then((found) => this.#examine(tail, found, now)).catch((problem) => this.#failed(tail, problem));
      if (
        stat &&
        stat.size === tail.size &&
        stat.mtimeMs === tail.mtimeMs &&
        stat.ino === tail.ino &&
        stat.dev === tail.dev &&
        tail.isVerified
      ) {
        if (!this.#active.has(tail) && tail.isIdle) return undefined;
        this.#settle(tail, now);
        if (tail.state === 'named') return undefined;
      }
      return this.#examine(tail, stat, now).catch((problem: unknown) => this.#failed(tail, problem));
    } catch (problem) {
      this.#failed(tail, problem);
      return undefined;
    }
  }

  async #examine(tail: Tail, stat: Stats | undefined, now: number): Promise<void> {
    const { follower } = this.#settings;
    if (!stat || stat.ino !== tail.ino || stat.dev !== tail.dev) {
      const { path, state } = tail;
      await follower.lose(tail, false);
      // What was written before the rename comes before what is in the new file.
      await this.#check(tail, now);
      if (stat && state === 'named') await follower.adopt(path, false);
      this.#settings.search?.hurry();
      return;
    }
    const wasUnread = tail.hasUnread;
    const isRewritten = tail.isVerified && stat.mtimeMs !== tail.mtimeMs && stat.size === tail.size && !tail.isArchive;
    const isShrunk = !tail.isArchive && stat.size < Math.max(tail.seenTo, tail.sizeBefore);
    if (!tail.isVerified || isShrunk || isRewritten) {
      if (!(await follower.verify(tail))) {
        await this.#replaced(tail, stat);
        return;
      }
      tail.isVerified = true;
      tail.sizeBefore = -1;
      if (isShrunk && (await follower.wentElsewhere(tail))) return;
    }
    if (tail.look(stat, now)) {
      this.#active.add(tail);
      if (tail.isArchive) tail.archive?.close();
      // Bytes may have been put in the place of NULs that were the end so far.
      if (isRewritten || isShrunk) tail.seenTo = tail.ranges.end.at;
    } else if (!wasUnread && tail.state === 'rotated' && (await this.#isOver(tail, now))) {
      return;
    }
    this.#settle(tail, now);
  }

  /** Queues a file that has something to read, and lets it rest when it has not changed for a while. */
  #settle(tail: Tail, now: number): void {
    const { limits, flow } = this.#context;
    const flushes = tail.hasPartial && limits.flushMs > 0 && tail.triedAt !== tail.grownAt;
    const mayRead = tail.hasUnread && (!tail.isRepeating || flow.mayReadAgain);
    if (mayRead || (flushes && now - tail.grownAt >= limits.flushMs)) this.#enqueue(tail);
    else if (!flushes && tail.state === 'named' && now - tail.grownAt > ACTIVE_MS) this.#active.delete(tail);
  }

  /** A rotated file that nobody writes to any more is let go. */
  async #isOver(tail: Tail, now: number): Promise<boolean> {
    const keptMs = tail.isDeleted ? DELETED_KEPT_MS : RENAMED_KEPT_MS;
    if (now - Math.max(tail.grownAt, tail.rotatedAt) < keptMs || tail.ranges.length > 0 || tail.ranges.hasGap) return false;
    this.#settings.follower.finish(tail);
    return true;
  }

  /** Other bytes are where this file's were. */
  async #replaced(tail: Tail, stat: Stats): Promise<void> {
    const { config, counters, positions, descriptors } = this.#context;
    const { follower } = this.#settings;
    const isTruncation = stat.size < tail.ranges.end.at && config.on_truncate !== 'read_whole_file';
    if (isTruncation && (await follower.beginsAlike(tail))) {
      tail.look(stat, this.#context.clock.monotonic());
      if (config.on_truncate === 'read_new') follower.skipTo(tail, stat.size);
      tail.isVerified = true;
      return;
    }
    counters.truncations.add(1);
    const { path, state } = tail;
    descriptors.close(tail);
    await follower.lose(tail, true);
    if (state === 'named') await follower.begin(path);
    positions.touch(tail);
  }

  async #readQueued(): Promise<void> {
    const { flow, clock } = this.#context;
    const { batcher } = this.#settings;
    for (;;) {
      if (this.#isStopped || this.#queue.size === 0) break;
      if (flow.isFull) {
        await batcher.flush();
        while (flow.isFull && !this.#isStopped) await this.#bell.wait(Number.POSITIVE_INFINITY);
        continue;
      }
      const tail = this.#queue.values().next().value as Tail;
      this.#queue.delete(tail);
      await this.#turn(tail);
      if (batcher.isFull) {
        await batcher.flush();
        // Sockets and timers get their turn between two batches, however much there is to read.
        await yieldToOthers();
      }
      if (clock.monotonic() >= this.#pollAt) break;
    }
    await batcher.flush();
  }

  async #turn(tail: Tail): Promise<void> {
    const { reader, batcher, poison } = this.#settings;
    tail.isBusy = true;
    this.isReading = 1;
    try {
      if (!poison.isEmpty && (await this.#treadCarefully(tail))) return;
      let turn = await reader.read(tail);
      if (turn === 'full') {
        await batcher.flush();
        turn = await reader.read(tail);
      }
      if (turn === 'more' || turn === 'full') this.#enqueue(tail);
      if (turn === 'replaced') await this.#examineReplaced(tail);
      if (tail.problem !== '') this.#mended(tail);
    } catch (problem) {
      this.#failed(tail, problem);
    } finally {
      tail.isBusy = false;
      this.isReading = 0;
    }
  }

  /**
   * Reads in small pieces, or puts aside, what has ended the process before. False when this place has not.
   */
  async #treadCarefully(tail: Tail): Promise<boolean> {
    const { reader, batcher, poison } = this.#settings;
    const marked = poison.at(tail, tail.ranges.next().from.at);
    if (!marked) return false;
    await batcher.flush();
    batcher.limitRows(poison.isDeadly(marked) ? 1 : poison.rowsFor(marked));
    try {
      const turn = await reader.read(tail);
      if (poison.isDeadly(marked)) {
        for (const { at, bytes } of batcher.withdraw()) poison.keep(tail, at, bytes);
        this.#context.counters.deadLetters.add(1);
      }
      await batcher.flush();
      if (turn === 'replaced') await this.#examineReplaced(tail);
      else if (turn !== 'wait') this.#enqueue(tail);
    } finally {
      batcher.limitRows(undefined);
    }
    return true;
  }

  async #examineReplaced(tail: Tail): Promise<void> {
    await this.#replaced(tail, await this.#settings.io.fstat(tail.descriptor as number));
  }

  #enqueue(tail: Tail): void {
    if (this.#files.has(tail)) this.#queue.add(tail);
  }

  #mended(tail: Tail): void {
    tail.problem = '';
    tail.retryMs = 0;
    this.#context.problems.mended(tail.path);
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
