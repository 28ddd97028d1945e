/**
 * A file is the same file when device, inode and its first bytes are. A name says nothing, an inode is used again, and
 * two files may begin alike: each of the three is needed.
 */
export interface Fingerprint {
  /** How many bytes it was made of: fewer than asked for when the file was short. */
  readonly length: number;
  readonly hash: string;
}

export const NO_FINGERPRINT: Fingerprint = { length: 0, hash: '' };

/** Bytes before a position that are kept to recognise it again. */
export const TAIL_BYTES = 64;

/** Fingerprint of `bytes[from, to)`. */
export function fingerprintOf(bytes: Uint8Array, from: number, to: number): Fingerprint {
  const running = new RunningHash();
  running.add(bytes, from, to);
  return { length: to - from, hash: running.text };
}

/**
 * Which of `lengths` (rising) give a prefix of `bytes[from, to)`, with the prefix's hash: how a file that has grown is
 * compared with what was known of it when it was short.
 */
export function* prefixes(bytes: Uint8Array, from: number, to: number, lengths: Iterable<number>): Iterable<Fingerprint> {
  const running = new RunningHash();
  let done = from;
  for (const length of lengths) {
    if (length > to - from) return;
    running.add(bytes, done, from + length);
    done = from + length;
    yield { length, hash: running.text };
  }
}

export function isEqualFingerprint(one: Fingerprint, other: Fingerprint): boolean {
  return one.length === other.length && one.hash === other.hash;
}

/** True when a file whose first bytes are `bytes[from, to)` may be the one with this fingerprint, grown or not. */
export function beginsLike(known: Fingerprint, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length === 0) return true;
  if (known.length > to - from) return false;
  return fingerprintOf(bytes, from, from + known.length).hash === known.hash;
}

/** The bytes before `end` as a mark keeps them. */
export function tailOf(bytes: Buffer, from: number, end: number): string {
  return bytes.toString('latin1', Math.max(from, end - TAIL_BYTES), end);
}

/**
 * Two rounds of 32-bit FNV-1a with different offsets and a final mix: 64 bits. It need not resist an enemy: who can write
 * the log can write anything into it; it has to be cheap and to tell a thousand bytes apart.
 */
class RunningHash {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;

  add(bytes: Uint8Array, from: number, to: number): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte ^ (a >>> 13), 0x5bd1e995);
    }
    this.#a = a;
    this.#b = b;
  }

  get text(): string {
    const mix = Math.imul(this.#a ^ (this.#b >>> 15), 0x2c1b3c6d);
    return hex(mix ^ (mix >>> 12)) + hex(this.#b ^ (this.#b >>> 16));
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** Source of a Delivery: rows of equal source keep their order. */
export function sourceOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
