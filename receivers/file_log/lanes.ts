import { dirname, resolve } from 'node:path';
import { Batcher } from './batcher.ts';
import type { BatcherSettings } from './batcher-settings.ts';
import type { Context } from './context.ts';
import { Discovery } from './discovery.ts';
import { createLocalIo, createPooledIo, type FileIo } from './file-io.ts';
import { Finder } from './finder.ts';
import { Follower } from './follower.ts';
import type { Glob } from './glob.ts';
import { Lane } from './lane.ts';
import type { Mounts } from './mounts.ts';
import type { Ordering } from './ordering.ts';
import type { Poison } from './poison.ts';
import { Reader } from './reader.ts';
import { Search } from './search.ts';
import { Streams } from './streams.ts';
import type { Tail } from './tail.ts';
import { Turns } from './turns.ts';

export interface LanesSettings {
  readonly context: Context;
  readonly mounts: Mounts;
  readonly include: readonly Glob[];
  readonly exclude: readonly Glob[];
  readonly ordering: Ordering | undefined;
  readonly startsAtEnd: boolean;
  readonly poison: Poison;
  readonly createBatcher: BatcherSettings;
  readonly onBroken: (problem: unknown) => void;
}

// A mount that hangs must not hold up the end of the process.
const POOLED_STOP_MS = 2000;

/** The lanes of a receiver, made when the first file needs them. */
export class Lanes {
  readonly #settings: LanesSettings;
  readonly #localIo: FileIo;
  readonly #pooledIo: FileIo;
  readonly #laneOf = new Map<Tail, Lane>();
  readonly #local: Lane;
  #network: Lane | undefined;
  #archives: Lane | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(settings: LanesSettings) {
    this.#settings = settings;
    this.#localIo = createLocalIo(settings.context.fs);
    this.#pooledIo = createPooledIo(settings.context.fs);
    this.#local = this.#create('local', this.#localIo);
  }

  start(): void {
    if (this.#settings.mounts.hasNetwork) this.#networkLane();
    for (const lane of this.#all()) lane.start();
    this.#isStarted = true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const { clock } = this.#settings.context;
    const pooled = [this.#network, this.#archives].map((lane) => lane && Promise.race([lane.stop(), clock.sleep(POOLED_STOP_MS)]));
    await Promise.all([this.#local.stop(), ...pooled]);
  }

  get files(): number {
    return this.#laneOf.size;
  }

  get reading(): number {
    let reading = 0;
    for (const lane of this.#all()) reading += lane.reading;
    return reading;
  }

  /** Hands a file to the lane its path and kind ask for, or takes it from all when it is gone. */
  assign(tail: Tail): void {
    const before = this.#laneOf.get(tail);
    const lane = tail.state === 'gone' ? undefined : this.#laneFor(tail);
    if (before && before !== lane) before.delete(tail);
    if (lane) {
      this.#laneOf.set(tail, lane);
      lane.add(tail);
    } else {
      this.#laneOf.delete(tail);
    }
  }

  readAgain(tail: Tail): void {
    this.#laneOf.get(tail)?.activate(tail);
  }

  /** A path may have changed: that of a followed file, or one that is new. */
  hint(path: string): void {
    const tail = this.#settings.context.tails.atPath(path);
    const lane = tail ? this.#laneOf.get(tail) : this.#local;
    lane?.hint(tail);
  }

  /** Local folders of the patterns: those of a mount cannot be watched. */
  folders(): ReturnType<Lane['folders']> {
    return this.#local.folders();
  }

  /** Folders of files that grow. */
  activeFolders(): Set<string> {
    return new Set(this.#local.activePaths().map((path) => dirname(path)));
  }

  close(descriptor: number, tail: Tail): void {
    // What lies on a mount that hangs is closed on the pool, too.
    const isPooled = this.#laneOf.get(tail) !== this.#local;
    (isPooled ? this.#pooledIo : this.#localIo).close(descriptor);
  }

  #laneFor(tail: Tail): Lane {
    if (tail.isArchive) return this.#archiveLane();
    return this.#settings.mounts.isNetwork(resolve(tail.path)) ? this.#networkLane() : this.#local;
  }

  #networkLane(): Lane {
    return (this.#network ??= this.#begin(this.#create('network', this.#pooledIo)));
  }

  #archiveLane(): Lane {
    return (this.#archives ??= this.#begin(this.#create('archives', this.#pooledIo)));
  }

  #begin(lane: Lane): Lane {
    if (this.#isStarted && !this.#isStopped) lane.start();
    return lane;
  }

  #all(): Lane[] {
    return [this.#local, this.#network, this.#archives].filter((lane) => lane !== undefined);
  }

  #create(kind: 'local' | 'network' | 'archives', io: FileIo): Lane {
    const { context, createBatcher, onBroken, poison } = this.#settings;
    const finder = new Finder(context, io);
    const streams = new Streams(context, io, finder);
    const follower = new Follower(context, io, finder, streams);
    const batcher = new Batcher(createBatcher);
    // Looking and reading go on at the same time, so each has a place of its own for the head of a file.
    const reader = new Reader(context, io, new Finder(context, io), batcher);
    const turns = new Turns({ context, reader, batcher, poison });
    const search = kind === 'archives' ? undefined : this.#createSearch(kind === 'network', io, follower);
    return new Lane({ context, io, follower, streams, turns, search, onBroken });
  }

  #createSearch(isNetwork: boolean, io: FileIo, follower: Follower): Search {
    const { context, mounts, include, exclude, ordering, startsAtEnd } = this.#settings;
    const discovery = new Discovery({
      io,
      clock: context.clock,
      include,
      exclude,
      // Both lanes go down the local folders; only one goes into a mount.
      skips: (folder) => !isNetwork && mounts.isNetwork(resolve(folder)),
      onProblem: (path, problem) => context.problems.report(path, problem),
    });
    const globs = context.config.include.join(', ');
    let hasWarned = false;
    return new Search({
      context,
      io,
      discovery,
      follower,
      ordering,
      startsAtEnd,
      isOwn: (path) => mounts.isNetwork(resolve(dirname(path))) === isNetwork,
      onScanned: (paths) => {
        if (paths.length > 0 || isNetwork || hasWarned) return;
        hasWarned = true;
        context.log.warn('No file fits the patterns; looking for new ones all the time.', { include: globs });
      },
    });
  }
}
