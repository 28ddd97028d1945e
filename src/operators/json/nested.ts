import { DEPTH_MAX, encodeAnyValue, keyOf, keyOfBytes, type AttributeValue, type ByteSpace, type Key } from '#model';
import { Byte, JsonProblem, PLAIN, isTextAt, skipSpace } from './bytes.ts';
import { NumberKind, NumberReader } from './numbers.ts';
import { StringDecoder } from './strings.ts';

// Tags of AnyValue, ArrayValue, KeyValueList and KeyValue.
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const KVLIST = 0x32;
const ELEMENT = 0x0a;
const VALUE = 0x12;

// The encoding of a value takes at most this many times the bytes of its JSON: the worst is `-1,`, three bytes that
// become a tag, a length, a tag and a varint of ten. Every level adds tags and lengths of its own.
const GROWTH_MAX = 6;
const LEVEL_BYTES_MAX = 24;
// Up to here a linear search for a repeated key is quicker than a set.
const KEYS_SEARCHED_MAX = 8;

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Encodes JSON values as AnyValue messages on the side area, from bytes to bytes without an object in between. */
export class NestedEncoder {
  readonly #numbers = new NumberReader();
  readonly #strings = new StringDecoder();
  readonly #isIntParsed: boolean;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(isIntParsed: boolean) {
    this.#isIntParsed = isIntParsed;
  }

  /** Appends the value at `from` to the side area; returns where it ends. Throws JsonProblem. */
  encode(space: ByteSpace, bytes: Uint8Array, from: number, to: number): number {
    space.reserve((to - from) * GROWTH_MAX + (DEPTH_MAX + 2) * LEVEL_BYTES_MAX);
    this.#out = space.side;
    this.#at = space.sideLength;
    const end = this.#value(bytes, from, to, 0);
    space.sideLength = this.#at;
    return end;
  }

  #value(bytes: Uint8Array, at: number, to: number, depth: number): number {
    if (depth > DEPTH_MAX) throw new JsonProblem(`values are nested deeper than ${DEPTH_MAX}`, at);
    const byte = at < to ? (bytes[at] as number) : 0;
    switch (byte) {
      case Byte.quote: {
        this.#out[this.#at++] = STRING;
        return this.#string(bytes, at + 1, to);
      }
      case Byte.openBrace:
        return this.#object(bytes, at, to, depth);
      case Byte.openBracket:
        return this.#array(bytes, at, to, depth);
      case Byte.t:
      case Byte.f: {
        const text = byte === Byte.t ? 'true' : 'false';
        if (!isTextAt(bytes, at, to, text)) break;
        this.#out[this.#at++] = BOOL;
        this.#out[this.#at++] = byte === Byte.t ? 1 : 0;
        return at + text.length;
      }
      case Byte.n:
        if (isTextAt(bytes, at, to, 'null')) return at + 4;
        break;
      default:
        if (byte === Byte.minus || (byte >= Byte.zero && byte <= Byte.nine)) return this.#number(bytes, at, to);
    }
    throw new JsonProblem('expected a value', at);
  }

  #number(bytes: Uint8Array, at: number, to: number): number {
    const numbers = this.#numbers;
    const end = numbers.read(bytes, at, to);
    if (numbers.kind === NumberKind.invalid) throw new JsonProblem('malformed number', numbers.end);
    const isWhole = numbers.kind === NumberKind.int || numbers.kind === NumberKind.big;
    if (isWhole && this.#isIntParsed) {
      const isSmall = numbers.kind === NumberKind.int && numbers.value >= 0 && numbers.value < 0x80;
      if (isSmall) {
        this.#out[this.#at++] = INT;
        this.#out[this.#at++] = numbers.value;
      } else this.#append(numbers.kind === NumberKind.big ? numbers.encoded() : encodeAnyValue(numbers.value));
      return end;
    }
    this.#out[this.#at++] = DOUBLE;
    float[0] = numbers.value;
    for (let i = 0; i < 8; i++) this.#out[this.#at++] = floatBytes[i] as number;
    return end;
  }

  /** Writes length and text of the string that follows a quote at `from - 1`. */
  #string(bytes: Uint8Array, from: number, to: number): number {
    const start = this.#open();
    this.#at = start;
    const closing = this.#strings.decode(bytes, from, to, this.#out, start);
    this.#at = this.#strings.outEnd;
    this.#close(start);
    return closing + 1;
  }

  #array(bytes: Uint8Array, from: number, to: number, depth: number): number {
    this.#out[this.#at++] = ARRAY;
    const start = this.#open();
    let at = skipSpace(bytes, from + 1, to);
    if (at < to && bytes[at] === Byte.closeBracket) {
      this.#close(start);
      return at + 1;
    }
    for (;;) {
      this.#out[this.#at++] = ELEMENT;
      const element = this.#open();
      at = skipSpace(bytes, this.#value(bytes, at, to, depth + 1), to);
      this.#close(element);
      const byte = at < to ? bytes[at] : 0;
      if (byte === Byte.closeBracket) break;
      if (byte !== Byte.comma) throw new JsonProblem('expected "," or "]"', at);
      at = skipSpace(bytes, at + 1, to);
    }
    this.#close(start);
    return at + 1;
  }

  #object(bytes: Uint8Array, from: number, to: number, depth: number): number {
    const before = this.#at;
    this.#out[this.#at++] = KVLIST;
    const start = this.#open();
    let at = skipSpace(bytes, from + 1, to);
    if (at < to && bytes[at] === Byte.closeBrace) {
      this.#close(start);
      return at + 1;
    }
    const keys = new SeenKeys();
    for (;;) {
      if (at >= to || bytes[at] !== Byte.quote) throw new JsonProblem('expected a key in quotes', at);
      this.#out[this.#at++] = ELEMENT;
      const entry = this.#open();
      at = this.#key(bytes, at + 1, to, keys);
      at = skipSpace(bytes, at, to);
      if (at >= to || bytes[at] !== Byte.colon) throw new JsonProblem('expected ":"', at);
      this.#out[this.#at++] = VALUE;
      const value = this.#open();
      at = skipSpace(bytes, this.#value(bytes, skipSpace(bytes, at + 1, to), to, depth + 1), to);
      this.#close(value);
      this.#close(entry);
      const byte = at < to ? bytes[at] : 0;
      if (byte === Byte.closeBrace) break;
      if (byte !== Byte.comma) throw new JsonProblem('expected "," or "}"', at);
      at = skipSpace(bytes, at + 1, to);
    }
    this.#close(start);
    if (keys.hasRepeated) this.#replace(before, bytes, from, at + 1);
    return at + 1;
  }

  #key(bytes: Uint8Array, from: number, to: number, keys: SeenKeys): number {
    let end = from;
    while (end < to && PLAIN[bytes[end] as number] === 1) end++;
    if (end < to && bytes[end] === Byte.quote) {
      const key = keyOfBytes(bytes, from, end);
      this.#append(key.encoded);
      keys.add(key);
      return end + 1;
    }
    const start = this.#at;
    const closing = this.#strings.decode(bytes, from, to, this.#out, start);
    const key = keyOf(this.#out.toString('utf8', start, this.#strings.outEnd));
    this.#append(key.encoded);
    keys.add(key);
    return closing + 1;
  }

  /** Of equal keys the last counts, in the place of the first; a list on the wire must not have both. */
  #replace(before: number, bytes: Uint8Array, from: number, to: number): void {
    // The text has been checked already, so this cannot fail.
    const value: AttributeValue = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'));
    this.#at = before;
    this.#append(encodeAnyValue(value));
  }

  #append(encoded: Uint8Array): void {
    this.#out.set(encoded, this.#at);
    this.#at += encoded.length;
  }

  /** Leaves room for a length of one byte; most are that short. */
  #open(): number {
    return ++this.#at;
  }

  #close(start: number): void {
    let length = this.#at - start;
    if (length < 0x80) {
      this.#out[start - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) more++;
    this.#out.copyWithin(start + more, start, this.#at);
    this.#at += more;
    let at = start - 1;
    for (; length > 0x7f; length >>>= 7) this.#out[at++] = (length & 0x7f) | 0x80;
    this.#out[at] = length;
  }
}

class SeenKeys {
  hasRepeated = false;
  readonly #first: Key[] = [];
  #all: Set<string> | undefined;

  add(key: Key): void {
    if (this.#all) {
      if (this.#all.has(key.text)) this.hasRepeated = true;
      this.#all.add(key.text);
      return;
    }
    for (const own of this.#first) if (own === key || own.text === key.text) this.hasRepeated = true;
    this.#first.push(key);
    if (this.#first.length > KEYS_SEARCHED_MAX) this.#all = new Set(this.#first.map(({ text }) => text));
  }
}
