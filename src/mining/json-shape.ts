import { unescapeLetters } from './json-escapes.ts';
import { MESSAGE_KEYS } from './message-keys.ts';
import type { Shape } from './shape.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const LETTER_U = 0x75;
const KEY = 0x01000193;

/** Hashes of the keys whose value may be the message, in order of likelihood, as `measureJson` makes them. */
const MESSAGE_HASHES: Int32Array = Int32Array.from(MESSAGE_KEYS, (key) => {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), KEY);
  return hash;
});

export function looksLikeJson(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from > 2 && bytes[from] === OPEN && bytes[to - 1] === CLOSE && (bytes[from + 1] === QUOTE || bytes[from + 1] === SPACE);
}

/** What of a source counts for the shape of its records. */
export interface JsonMeasure {
  readonly seed: number;
  /** No more bytes of a message are looked at. */
  readonly bytesMax: number;
}

/** The shape of a JSON record: its keys in their order and the shape of its message. */
export function measureJson(shape: Shape, bytes: Uint8Array, from: number, to: number, { seed, bytesMax }: JsonMeasure): void {
  let keys = seed;
  let rank = MESSAGE_HASHES.length;
  let messageFrom = 0;
  let messageTo = 0;
  let isEscaped = false;
  let depth = 0;
  let key = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      const start = ++at;
      let hasLetterEscape = false;
      for (; at < to && bytes[at] !== QUOTE; at++) {
        if (bytes[at] !== BACKSLASH) continue;
        at++;
        if (bytes[at] === LETTER_U) hasLetterEscape = true;
      }
      if (depth !== 1) continue;
      let next = at + 1;
      while (next < to && bytes[next] === SPACE) next++;
      if (next < to && bytes[next] === COLON) {
        key = 0;
        for (let i = start; i < at; i++) key = Math.imul(key ^ (bytes[i] as number), KEY);
        keys = Math.imul(keys ^ key, KEY) + 1;
      } else {
        const own = MESSAGE_HASHES.indexOf(key);
        if (own >= 0 && own < rank) {
          rank = own;
          messageFrom = start;
          messageTo = Math.min(at, to);
          isEscaped = hasLetterEscape;
        }
      }
    } else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
  }
  const end = Math.min(messageTo, messageFrom + bytesMax);
  if (!isEscaped) {
    shape.measure(bytes, messageFrom, end, keys);
    return;
  }
  if (unescaped.length < end - messageFrom) unescaped = new Uint8Array(2 * (end - messageFrom));
  shape.measure(unescaped, 0, unescapeLetters(bytes, messageFrom, end, unescaped), keys);
}

/** Where a message is put that has escapes; nothing in it outlives a call. */
let unescaped = new Uint8Array(1024);
