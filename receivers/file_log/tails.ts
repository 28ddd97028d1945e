import { prefixes, type Fingerprint } from './identity.ts';
import type { Tail } from './tail.ts';

/** The files that are known, found by name, by inode and by how they begin. */
export class Tails {
  readonly #all = new Map<number, Tail>();
  readonly #byPath = new Map<string, Tail>();
  readonly #byInode = new Map<string, Tail>();
  /** Those that can be read, by the name their lines were first found under. */
  readonly #byLog = new Map<string, Set<Tail>>();
  readonly #byFingerprint = new Map<string, Set<Tail>>();
  /** How many fingerprints there are of each length, and the lengths in rising order. */
  readonly #lengths = new Map<number, number>();
  #sortedLengths: number[] | undefined;
  #nextId = 1;

  get size(): number {
    return this.#all.size;
  }

  nextId(): number {
    return this.#nextId++;
  }

  [Symbol.iterator](): Iterator<Tail> {
    return this.#all.values();
  }

  add(tail: Tail): void {
    this.#nextId = Math.max(this.#nextId, tail.id + 1);
    this.#all.set(tail.id, tail);
    if (tail.state === 'named') this.#byPath.set(tail.path, tail);
    if (tail.state !== 'gone' || !this.#byInode.has(inodeKey(tail))) this.#byInode.set(inodeKey(tail), tail);
    if (tail.state !== 'gone') this.#joinLog(tail);
    this.#index(tail);
  }

  has(tail: Tail): boolean {
    return this.#all.get(tail.id) === tail;
  }

  delete(tail: Tail): void {
    this.#all.delete(tail.id);
    this.losePath(tail);
    this.#loseInode(tail);
    this.#leaveLog(tail);
    this.#unindex(tail);
  }

  atPath(path: string): Tail | undefined {
    return this.#byPath.get(path);
  }

  atInode(dev: number, ino: number): Tail | undefined {
    return this.#byInode.get(`${dev}:${ino}`);
  }

  /** The name no longer leads to this file. */
  losePath(tail: Tail): void {
    if (this.#byPath.get(tail.path) === tail) this.#byPath.delete(tail.path);
  }

  /** Applies a change of the tail's name, inode or fingerprint, keeping the indexes right. */
  change(tail: Tail, apply: () => void): void {
    this.losePath(tail);
    this.#loseInode(tail);
    this.#leaveLog(tail);
    this.#unindex(tail);
    apply();
    this.add(tail);
  }

  setFingerprint(tail: Tail, fingerprint: Fingerprint): void {
    this.#unindex(tail);
    tail.fingerprint = fingerprint;
    this.#index(tail);
  }

  /** Files that began like `bytes[from, to)` when they were last looked at, the best known first. */
  beginningLike(bytes: Uint8Array, from: number, to: number): Tail[] {
    this.#sortedLengths ??= [...this.#lengths.keys()].toSorted((a, b) => a - b);
    const found: Tail[] = [];
    for (const fingerprint of prefixes(bytes, from, to, this.#sortedLengths)) {
      for (const tail of this.#byFingerprint.get(keyOf(fingerprint)) ?? []) found.push(tail);
    }
    return found.toReversed();
  }

  /** The earliest file of the same log that was written before this one and has something left, as `isLeft` says. */
  earlierThan(tail: Tail, isLeft: (earlier: Tail) => boolean): Tail | undefined {
    const log = this.#byLog.get(tail.log);
    if (!log || log.size < 2) return undefined;
    let first: Tail | undefined;
    for (const other of log) {
      if (other !== tail && other.isBefore(first ?? tail) && isLeft(other)) first = other;
    }
    return first;
  }

  #joinLog(tail: Tail): void {
    const log = this.#byLog.get(tail.log);
    if (log) log.add(tail);
    else this.#byLog.set(tail.log, new Set([tail]));
  }

  #leaveLog(tail: Tail): void {
    const log = this.#byLog.get(tail.log);
    if (log?.delete(tail) && log.size === 0) this.#byLog.delete(tail.log);
  }

  #loseInode(tail: Tail): void {
    if (this.#byInode.get(inodeKey(tail)) === tail) this.#byInode.delete(inodeKey(tail));
  }

  #index(tail: Tail): void {
    const { length } = tail.fingerprint;
    // A file that was empty begins like any other.
    if (length === 0) return;
    const key = keyOf(tail.fingerprint);
    const same = this.#byFingerprint.get(key);
    if (same) same.add(tail);
    else this.#byFingerprint.set(key, new Set([tail]));
    const known = this.#lengths.get(length) ?? 0;
    if (known === 0) this.#sortedLengths = undefined;
    this.#lengths.set(length, known + 1);
  }

  #unindex(tail: Tail): void {
    const { length } = tail.fingerprint;
    if (length === 0) return;
    const key = keyOf(tail.fingerprint);
    const same = this.#byFingerprint.get(key);
    if (!same?.delete(tail)) return;
    if (same.size === 0) this.#byFingerprint.delete(key);
    const left = (this.#lengths.get(length) ?? 1) - 1;
    if (left > 0) this.#lengths.set(length, left);
    else {
      this.#lengths.delete(length);
      this.#sortedLengths = undefined;
    }
  }
}

function inodeKey(tail: Tail): string {
  return `${tail.dev}:${tail.ino}`;
}

function keyOf(fingerprint: Fingerprint): string {
  return `${fingerprint.length}:${fingerprint.hash}`;
}
