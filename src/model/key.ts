import { endianness } from 'node:os';

/**
 * Attribute keys, made once and shared by every batch: the text, and the bytes that open its KeyValue in protobuf
 * (tag 1, length, UTF-8). A batch refers to keys by object, so writing a key is a copy of a few bytes.
 */
export interface Key {
  readonly text: string;
  /** `0a <length> <utf-8>`: field 1 of opentelemetry.proto.common.v1.KeyValue. */
  readonly encoded: Uint8Array;
  /** Bytes of `encoded`: asked for so often that the way through it would show. */
  readonly encodedSize: number;
  /** The same, for writers that copy eight bytes at a time; see `toWords`. */
  readonly words: BigInt64Array;
  /** The UTF-8 bytes alone. */
  readonly bytes: Uint8Array;
  /** True when there is no other object for this text. */
  readonly isKept: boolean;
}

// A configuration uses tens of keys and real JSON logs hundreds. Past the bound keys are still made, but not kept:
// garbage with random keys costs time and not memory.
const KEYS_MAX = 16_384;
const SLOTS = 32_768;
// Of a longer key each copy of a body may hold another one: a sender could fill the memory with them.
const KEPT_BYTES_MAX = 256;

const byText = new Map<string, Key>();
const byHash: (Key | undefined)[] = Array.from({ length: SLOTS });

/** The key of this text; the same object each time while the cache has room. */
export function keyOf(text: string): Key {
  const known = byText.get(text);
  if (known) return known;
  const bytes = Buffer.from(text, 'utf8');
  const isKept = byText.size < KEYS_MAX && bytes.length <= KEPT_BYTES_MAX;
  const key = createKey(bytes, text, isKept);
  if (isKept) byText.set(text, key);
  return key;
}

/** The key whose UTF-8 is `bytes[start, end)`, without making a string when it is known. */
export function keyOfBytes(bytes: Uint8Array, start: number, end: number): Key {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = byHash[slot];
  if (known && isKeyAt(known, bytes, start, end)) return known;
  const key = keyOf(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'));
  if (key.bytes.length <= KEPT_BYTES_MAX) byHash[slot] = key;
  return key;
}

/** True when `bytes[start, end)` are the key's own. */
export function isKeyAt(key: Key, bytes: Uint8Array, start: number, end: number): boolean {
  const own = key.bytes;
  if (own.length !== end - start) return false;
  for (let i = 0; i < own.length; i++) if (own[i] !== bytes[start + i]) return false;
  return true;
}

function createKey(bytes: Uint8Array, text: string, isKept: boolean): Key {
  const head: number[] = [0x0a];
  let length = bytes.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  head.push(length);
  const encoded = new Uint8Array(head.length + bytes.length);
  encoded.set(head);
  encoded.set(bytes, head.length);
  return { text, encoded, encodedSize: encoded.length, words: toWords(encoded), bytes, isKept };
}

/** The bytes as little-endian words, the last one padded with zeros: eight at a time are copied in a quarter of the time. */
export function toWords(bytes: Uint8Array): BigInt64Array {
  const words = new BigInt64Array(Math.ceil(bytes.length / 8));
  const padded = Buffer.from(words.buffer);
  padded.set(bytes);
  if (endianness() === 'BE') padded.swap64();
  return words;
}
