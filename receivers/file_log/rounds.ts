import type { Tail } from './tail.ts';

// How long after its last growth a file is looked at more often than the poll interval.
const ACTIVE_MS = 2_000;
// A file that has not grown for so long is looked at once a second only, or a little more often while there are few.
const RECENT_MS = 10_000;
const DORMANT_CHECKS_MIN = 250;
const DORMANT_MS = 1_000;

/**
 * Which files are looked at when. Most files of a host are not written for hours; the few that are make up nearly all
 * lines.
 */
export class Rounds {
  readonly #pollMs: number;
  readonly #files = new Set<Tail>();
  readonly #active = new Set<Tail>();
  readonly #recent = new Set<Tail>();
  #dormant: Iterator<Tail> | undefined;

  constructor(pollMs: number) {
    this.#pollMs = pollMs;
  }

  /** Files that grow, and those that have to be looked at for another reason. */
  get active(): ReadonlySet<Tail> {
    return this.#active;
  }

  has(tail: Tail): boolean {
    return this.#files.has(tail);
  }

  add(tail: Tail): void {
    this.#files.add(tail);
    this.#active.add(tail);
  }

  delete(tail: Tail): void {
    this.#files.delete(tail);
    this.#active.delete(tail);
    this.#recent.delete(tail);
  }

  activate(tail: Tail): void {
    if (this.#files.has(tail)) this.#active.add(tail);
  }

  /** There is nothing to wait for in this file; if it has not grown for a while either, it is looked at less often. */
  rest(tail: Tail, now: number): void {
    if (now - tail.grownAt > ACTIVE_MS && this.#active.delete(tail)) this.#recent.add(tail);
  }

  /** The files, besides the active ones, whose turn it is in this poll. */
  *due(now: number): Iterable<Tail> {
    for (const tail of this.#recent) {
      if (now - tail.grownAt > RECENT_MS) this.#recent.delete(tail);
      yield tail;
    }
    const share = Math.ceil(this.#files.size * Math.min(1, this.#pollMs / DORMANT_MS));
    const checks = Math.min(this.#files.size, Math.max(share, DORMANT_CHECKS_MIN));
    for (let i = 0; i < checks; i++) {
      const tail = this.#nextDormant();
      if (tail && !this.#active.has(tail) && !this.#recent.has(tail)) yield tail;
    }
  }

  #nextDormant(): Tail | undefined {
    let next = this.#dormant?.next();
    if (!next || next.done) {
      this.#dormant = this.#files.values();
      next = this.#dormant.next();
    }
    return next.done ? undefined : next.value;
  }
}
