import type { LogBatch } from '#model';
import type { Threshold } from './threshold.ts';

const HASH_BITS_MASK = 0x3fff;
const TRACE_ID_BYTES = 16;
const TEXT = /^[0-9a-f]{14}$/;
const HALF = 2 ** 28;

/** 56 random bits of the record at hand, in halves of 28. One object for all records. */
export class Randomness {
  high = 0;
  low = 0;

  passes(threshold: Threshold): boolean {
    return this.high > threshold.high || (this.high === threshold.high && this.low >= threshold.low);
  }

  /** 14 hex digits, as in the attribute `sampling.randomness`. */
  toString(): string {
    return this.high.toString(16).padStart(7, '0') + this.low.toString(16).padStart(7, '0');
  }

  /** False when the text is no randomness. */
  parse(text: string): boolean {
    if (!TEXT.test(text)) return false;
    this.high = Number.parseInt(text.slice(0, 7), 16);
    this.low = Number.parseInt(text.slice(7), 16);
    return true;
  }

  /** The last 56 bits of the trace id are random, says W3C Trace Context level 2. */
  ofTraceId(ids: Uint8Array, row: number): void {
    const at = row * TRACE_ID_BYTES + 9;
    const middle = ids[at + 3] as number;
    this.high = (((ids[at] as number) << 20) | ((ids[at + 1] as number) << 12) | ((ids[at + 2] as number) << 4) | (middle >>> 4)) >>> 0;
    this.low = (((middle & 15) << 24) | ((ids[at + 4] as number) << 16) | ((ids[at + 5] as number) << 8) | (ids[at + 6] as number)) >>> 0;
  }

  /**
   * Out of a 32-bit hash as the Collector does it, so that both take the same records: 14 bits decide, and are turned
   * around so that the comparison is the one of the specification.
   */
  ofHash(hash: number): void {
    const bucket = hash & HASH_BITS_MASK;
    const rest = (hash >>> 18) ^ ((hash >>> 18) << 10);
    this.high = ((HASH_BITS_MASK - bucket) << 14) | (rest >>> 14);
    this.low = ((rest & HASH_BITS_MASK) << 14) | bucket;
  }

  ofChance(random: () => number): void {
    this.high = Math.floor(random() * HALF);
    this.low = Math.floor(random() * HALF);
  }
}

/** FNV-1a over the seed (4 bytes, little-endian) and the bytes. */
export function hashWithSeed(seed: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 255), 0x01000193);
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}

export function hasTraceId({ traceIds }: LogBatch, row: number): boolean {
  if (!traceIds) return false;
  for (let i = row * TRACE_ID_BYTES; i < (row + 1) * TRACE_ID_BYTES; i++) if (traceIds[i] !== 0) return true;
  return false;
}
