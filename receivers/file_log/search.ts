import type { Context } from './context.ts';
import type { Discovery } from './discovery.ts';
import { NoDescriptorError } from './descriptors.ts';
import { isMissing, type FileIo, codeOf } from './file-io.ts';
import type { Follower } from './follower.ts';
import type { Ordering } from './ordering.ts';

export interface SearchSettings {
  readonly context: Context;
  readonly io: FileIo;
  readonly discovery: Discovery;
  readonly follower: Follower;
  readonly ordering: Ordering | undefined;
  /** Paths of this lane; the others are somebody else's. */
  readonly isOwn: (path: string) => boolean;
  /** Files found by the first scan are read from their end. */
  readonly startsAtEnd: boolean;
  readonly onScanned: (paths: readonly string[]) => void;
}

// A scan may take a fiftieth of the time, so that large trees cost no more than small ones…
const SHARE = 50;
// …but new files are found within a second all the same.
const SCAN_MS_MAX = 1_000;
// What is not followed (too old, not readable, perhaps a copy) is looked at again after this time.
const RECHECK_MS = 1_000;

/** Finds new files and has them followed. */
export class Search {
  readonly #settings: SearchSettings;
  /** Paths that are not followed, and when to look at them again. */
  readonly #passed = new Map<string, number>();
  #last: readonly string[] | undefined;
  #chosen: readonly string[] = [];
  #isFirst = true;
  nextAt: number = Number.NEGATIVE_INFINITY;

  constructor(settings: SearchSettings) {
    this.#settings = settings;
  }

  folders(): ReturnType<Discovery['folders']> {
    return this.#settings.discovery.folders();
  }

  /** The next scan comes at once. */
  hurry(): void {
    this.nextAt = Number.NEGATIVE_INFINITY;
  }

  /** Scans if it is time. */
  async run(): Promise<void> {
    const { context, discovery, onScanned } = this.#settings;
    const { clock, limits } = context;
    const began = clock.monotonic();
    if (began < this.nextAt) return;
    const paths = await discovery.scan();
    if (paths !== this.#last || this.#settings.ordering) {
      this.#last = paths;
      this.#chosen = await this.#choose(paths);
      if (this.#isFirst || paths.length === 0) onScanned(this.#chosen);
      const chosen = new Set(this.#chosen);
      for (const path of this.#passed.keys()) if (!chosen.has(path)) this.#passed.delete(path);
    }
    await this.#adoptNew(began);
    this.#isFirst = false;
    const tookMs = clock.monotonic() - began;
    this.nextAt = began + Math.min(SCAN_MS_MAX + tookMs, Math.max(limits.pollMs, tookMs * SHARE));
  }

  async #choose(paths: readonly string[]): Promise<readonly string[]> {
    const { ordering, isOwn, io } = this.#settings;
    const own = paths.filter((path) => isOwn(path));
    if (!ordering) return own;
    const files: { path: string; mtimeMs: number }[] = [];
    for (const path of own) {
      const stat = ordering.needsTimes ? await io.stat(path) : undefined;
      files.push({ path, mtimeMs: stat?.mtimeMs ?? 0 });
    }
    return ordering.choose(files);
  }

  async #adoptNew(now: number): Promise<void> {
    const { tails } = this.#settings.context;
    for (const path of this.#chosen) {
      if (tails.atPath(path)) continue;
      const recheckAt = this.#passed.get(path);
      if (recheckAt !== undefined && now < recheckAt) continue;
      const isFollowed = await this.#adopt(path);
      // A second name of a followed file has no entry of its own, so it is asked after again, too.
      if (isFollowed === undefined || (isFollowed && tails.atPath(path))) this.#passed.delete(path);
      else this.#passed.set(path, now + RECHECK_MS);
    }
  }

  /** Undefined when there is no room for one more open file just now. */
  async #adopt(path: string): Promise<boolean | undefined> {
    const { follower, startsAtEnd, context } = this.#settings;
    try {
      return await follower.adopt(path, { startsAtEnd: startsAtEnd && this.#isFirst, detects: false });
    } catch (problem) {
      if (problem instanceof NoDescriptorError) return undefined;
      if (isMissing(problem)) return false;
      if (codeOf(problem) === '') throw problem;
      context.problems.report(path, problem);
      return false;
    }
  }
}
