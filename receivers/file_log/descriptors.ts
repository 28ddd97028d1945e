import type { FileIo } from './file-io.ts';
import type { Tail } from './tail.ts';

/** Every descriptor is in use: the file has to wait for its turn. */
export class NoDescriptorError extends Error {
  constructor() {
    super('as many files are open as max_concurrent_files allows, and none of them can be closed now');
  }
}

/** The path leads to another file than the one looked at a moment ago. */
export class MovedError extends Error {}

const NONE = { tails: [], missing: 0 };

/**
 * The open files, at most so many. A file that is read again and again stays open, so that a rename cannot take it away;
 * when all are taken, the one used least recently is closed. What was renamed is not closed for that before it is known
 * what it is called now: nobody could open it again.
 */
export class Descriptors {
  readonly #max: number;
  readonly #onClose: (descriptor: number, tail: Tail) => void;
  /** In order of last use. */
  readonly #open = new Set<Tail>();
  /** How often there was no room since renamed files were last asked to make some. */
  #missing = 0;

  constructor(max: number, onClose: (descriptor: number, tail: Tail) => void) {
    this.#max = max;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The descriptor of a file, opened if need be; its inode is the one the tail knows. */
  async open(tail: Tail, io: FileIo): Promise<number> {
    if (tail.descriptor !== undefined) {
      this.#touch(tail);
      return tail.descriptor;
    }
    this.makeRoom();
    const descriptor = await io.open(tail.path);
    const stat = await io.fstat(descriptor);
    if (stat.ino !== tail.ino || stat.dev !== tail.dev) {
      io.close(descriptor);
      throw new MovedError(tail.path);
    }
    // Somebody may have taken the place meanwhile.
    if (!this.hasRoom()) {
      io.close(descriptor);
      throw new NoDescriptorError();
    }
    this.take(tail, descriptor);
    return descriptor;
  }

  /** Gives an open descriptor to a tail. */
  take(tail: Tail, descriptor: number): void {
    this.close(tail);
    tail.descriptor = descriptor;
    this.#open.add(tail);
  }

  /** Room for one more. */
  makeRoom(): void {
    if (!this.hasRoom()) throw new NoDescriptorError();
  }

  /** Whether one more can be opened, when another is closed for it if need be. */
  hasRoom(): boolean {
    if (this.#open.size < this.#max) return true;
    for (const tail of this.#open) {
      if (tail.isBusy || tail.isExamined || tail.state === 'rotated') continue;
      this.close(tail);
      return true;
    }
    this.#missing++;
    return false;
  }

  /** Renamed files that hold the places others have asked for: those that have been read first, each used least recently. */
  takeRenamed(): { readonly tails: readonly Tail[]; readonly missing: number } {
    const missing = this.#missing;
    this.#missing = 0;
    if (missing === 0) return NONE;
    const tails = Array.from(this.#open).filter(({ state }) => state === 'rotated');
    return { tails: tails.toSorted((a, b) => Number(a.hasUnread) - Number(b.hasUnread)), missing };
  }

  close(tail: Tail): void {
    const { descriptor } = tail;
    tail.archive?.close();
    tail.archive = undefined;
    if (descriptor === undefined) return;
    tail.descriptor = undefined;
    this.#open.delete(tail);
    this.#onClose(descriptor, tail);
  }

  closeAll(): void {
    for (const tail of this.#open) this.close(tail);
  }

  #touch(tail: Tail): void {
    this.#open.delete(tail);
    this.#open.add(tail);
  }
}
