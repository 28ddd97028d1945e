import {
  NO_ATTRIBUTES,
  ValueType,
  keyOf,
  keyOfBytes,
  withoutKey,
  type AttributeTable,
  type ByteSpace,
  type Key,
  type LogBatch,
  type SharedAttributes,
} from '#model';
import { Byte, JsonProblem, PLAIN, isTextAt, skipSpace } from './bytes.ts';
import { KnownKey, KnownKeys } from './known-key.ts';
import { NestedEncoder } from './nested.ts';
import { NumberKind, NumberReader } from './numbers.ts';
import { StringDecoder } from './strings.ts';

/** Keys remembered between rows; more are forgotten all at once, which costs time only. */
const KEYS_KEPT_MAX = 4096;
const KEY_BYTES_KEPT_MAX = 1024 * 1024;
/** Rows after which stamps begin anew: they must stay small integers to be quick. */
const STAMP_MAX = 1_000_000_000;

/**
 * Turns JSON objects into attributes of rows: strings without escapes become ranges of the line, numbers are read from
 * their digits, and only what is escaped or nested is written anew, to the side area.
 *
 * Lines of one program nearly always have the same keys in the same order. So after each key the one that followed it
 * last time is tried first, by comparing four bytes at a time; only where that fails is a key looked up. A stamp on each
 * key tells whether the row has it already, so that repeated keys are found without a search. A row gets its new
 * attributes when the whole object has been read; one that turns out to be broken leaves nothing behind.
 */
export class ObjectParser {
  readonly #numbers = new NumberReader();
  readonly #strings = new StringDecoder();
  readonly #nested: NestedEncoder;
  readonly #isIntParsed: boolean;
  #keys = new KnownKeys();
  /** Its follower is the key that objects begin with. */
  #start = new KnownKey(keyOf(''));
  #stamp = 0;
  /** Slots of attributes the row had before, to be removed when the object has turned out well. */
  #superseded: number[] = [];
  /** The shared attributes of the last row that had some, and their keys. */
  #shared: SharedAttributes = NO_ATTRIBUTES;
  #sharedKeys: { readonly key: Key; readonly known: KnownKey }[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** What the last lookup found. */
  #found: KnownKey = this.#start;

  constructor(isIntParsed: boolean) {
    this.#isIntParsed = isIntParsed;
    this.#nested = new NestedEncoder(isIntParsed);
  }

  /**
   * Adds the members of the object in `bytes[from, to)` to the row. Returns undefined, or what is wrong; the row is as
   * it was then.
   */
  parse(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number, isSide: boolean): JsonProblem | undefined {
    const table = batch.attributes;
    const sideLength = batch.space.sideLength;
    this.#begin(table, row, bytes);
    let end: number;
    try {
      end = this.#members(table, batch.space, bytes, from, to, isSide);
    } catch (problem) {
      if (!(problem instanceof JsonProblem)) throw problem;
      batch.space.sideLength = sideLength;
      return problem;
    }
    table.link(row, end);
    for (const slot of this.#superseded) table.remove(slot);
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    if (shared.entries.size > 0) this.#unshare(batch, row, shared);
    return undefined;
  }

  #begin(table: AttributeTable, row: number, bytes: Buffer): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (this.#keys.size > KEYS_KEPT_MAX || this.#keys.bytes > KEY_BYTES_KEPT_MAX || this.#stamp > STAMP_MAX) this.#forget();
    this.#stamp++;
    if (this.#superseded.length > 0) this.#superseded = [];
    for (let slot = table.head[row] as number; slot >= 0; slot = table.next[slot] as number) {
      const key = table.key[slot];
      if (!key || table.type[slot] === ValueType.none) continue;
      const known = this.#keys.of(key);
      known.stamp = this.#stamp;
      known.slot = slot;
    }
  }

  #forget(): void {
    this.#keys = new KnownKeys();
    this.#start.follower = undefined;
    this.#shared = NO_ATTRIBUTES;
    this.#sharedKeys = [];
    this.#stamp = 0;
  }

  /** Fills slots from `table.count` on with the members of the object; returns the end of them. */
  #members(table: AttributeTable, space: ByteSpace, bytes: Buffer, from: number, to: number, isSide: boolean): number {
    const view = this.#view;
    const stamp = this.#stamp;
    let { key: keys, type: types, start: starts, size: sizes } = table;
    let slot = table.count;
    let previous = this.#start;
    let at = skipSpace(bytes, from, to);
    if (at >= to || bytes[at] !== Byte.openBrace) throw new JsonProblem('expected an object', at);
    at = skipSpace(bytes, at + 1, to);
    let hasMore = !(at < to && bytes[at] === Byte.closeBrace);
    while (hasMore) {
      if (slot === types.length) {
        table.reserve(slot - table.count + 1);
        ({ key: keys, type: types, start: starts, size: sizes } = table);
      }
      let known = previous.follower;
      if (known !== undefined && known.isAt(view, at, to)) at += known.length;
      else {
        at = this.#findKey(space, bytes, at, to, previous);
        known = this.#found;
      }
      previous = known;
      if (known.stamp === stamp) this.#supersede(table, known);
      known.stamp = stamp;
      known.slot = slot;
      // Mostly it is there from the batch before, and a store of an object tells the collector of it.
      if (keys[slot] !== known.key) keys[slot] = known.key;
      if (at < to && (bytes[at] as number) <= 0x20) at = skipSpace(bytes, at, to);

      if (at < to && bytes[at] === Byte.quote) {
        const start = at + 1;
        const end = plainEnd(view, bytes, start, to);
        if (end < to && bytes[end] === Byte.quote) {
          types[slot] = ValueType.string;
          starts[slot] = isSide ? ~start : start;
          sizes[slot] = end - start;
          at = end + 1;
        } else at = this.#escaped(table, space, slot, bytes, start, to);
      } else at = this.#value(table, space, slot, bytes, at, to);
      slot++;

      if (at < to && (bytes[at] as number) <= 0x20) at = skipSpace(bytes, at, to);
      const byte = at < to ? (bytes[at] as number) : 0;
      if (byte === Byte.closeBrace) hasMore = false;
      else if (byte === Byte.comma) {
        at++;
        if (at < to && (bytes[at] as number) <= 0x20) at = skipSpace(bytes, at, to);
      } else throw new JsonProblem('expected "," or "}"', at);
    }
    at = skipSpace(bytes, at + 1, to);
    if (at < to) throw new JsonProblem('expected nothing after the object', at);
    return slot;
  }

  /** Any value but a string. */
  #value(table: AttributeTable, space: ByteSpace, slot: number, bytes: Buffer, at: number, to: number): number {
    const byte = at < to ? (bytes[at] as number) : 0;
    if (byte === Byte.minus || (byte >= Byte.zero && byte <= Byte.nine)) return this.#number(table, space, slot, bytes, at, to);
    if (byte === Byte.openBrace || byte === Byte.openBracket) {
      const start = space.sideLength;
      const end = this.#nested.encode(space, bytes, at, to);
      put(table, slot, ValueType.encoded, ~start, space.sideLength - start, 0);
      return end;
    }
    if (byte === Byte.t && isTextAt(bytes, at, to, 'true')) {
      put(table, slot, ValueType.bool, 0, 0, 1);
      return at + 4;
    }
    if (byte === Byte.f && isTextAt(bytes, at, to, 'false')) {
      put(table, slot, ValueType.bool, 0, 0, 0);
      return at + 5;
    }
    if (byte === Byte.n && isTextAt(bytes, at, to, 'null')) {
      put(table, slot, ValueType.empty, 0, 0, 0);
      return at + 4;
    }
    throw new JsonProblem('expected a value', at);
  }

  #number(table: AttributeTable, space: ByteSpace, slot: number, bytes: Buffer, at: number, to: number): number {
    const numbers = this.#numbers;
    const end = numbers.read(bytes, at, to);
    if (numbers.kind === NumberKind.invalid) throw new JsonProblem('malformed number', numbers.end);
    if (numbers.kind === NumberKind.int && this.#isIntParsed) put(table, slot, ValueType.int, 0, 0, numbers.value);
    else if (numbers.kind === NumberKind.big && this.#isIntParsed) {
      const encoded = numbers.encoded();
      put(table, slot, ValueType.encoded, space.appendBytes(encoded), encoded.length, 0);
    } else put(table, slot, ValueType.double, 0, 0, numbers.value);
    return end;
  }

  #escaped(table: AttributeTable, space: ByteSpace, slot: number, bytes: Buffer, start: number, to: number): number {
    space.reserve(to - start);
    const closing = this.#strings.decode(bytes, start, to, space.side, space.sideLength);
    put(table, slot, ValueType.string, ~space.sideLength, this.#strings.outEnd - space.sideLength, 0);
    space.sideLength = this.#strings.outEnd;
    return closing + 1;
  }

  /** Finds the key whose quote is at `from`, and returns where the colon behind it ends. */
  #findKey(space: ByteSpace, bytes: Buffer, from: number, to: number, previous: KnownKey): number {
    if (from >= to || bytes[from] !== Byte.quote) throw new JsonProblem('expected a key in quotes', from);
    let end = from + 1;
    while (end < to && PLAIN[bytes[end] as number] === 1) end++;
    if (end < to && bytes[end] === Byte.quote) {
      this.#found = this.#keys.of(keyOfBytes(bytes, from + 1, end));
      previous.follower = this.#found;
    } else {
      // An escaped key is never expected at a place: its bytes are not those of the line.
      space.reserve(to - from);
      end = this.#strings.decode(bytes, from + 1, to, space.side, space.sideLength);
      this.#found = this.#keys.of(keyOf(space.side.toString('utf8', space.sideLength, this.#strings.outEnd)));
    }
    const at = skipSpace(bytes, end + 1, to);
    if (at >= to || bytes[at] !== Byte.colon) throw new JsonProblem('expected ":"', at);
    return at + 1;
  }

  /** The row has this key already, and of equal keys the last counts. */
  #supersede(table: AttributeTable, { slot }: KnownKey): void {
    // A slot of before must survive an object that turns out to be broken.
    if (slot < table.count) this.#superseded.push(slot);
    else table.remove(slot);
  }

  /** Takes attributes the row now has itself out of those it shares with other rows. */
  #unshare(batch: LogBatch, row: number, shared: SharedAttributes): void {
    if (shared !== this.#shared) {
      this.#shared = shared;
      this.#sharedKeys = Array.from(shared.entries.keys(), (key) => ({ key, known: this.#keys.of(key) }));
    }
    let left = shared;
    // The key of the entry, not the known one: past the bound of the cache of keys two objects may stand for one text.
    for (const { key, known } of this.#sharedKeys) if (known.stamp === this.#stamp) left = withoutKey(left, key);
    if (left !== shared) batch.sharedOf[row] = batch.addShared(left);
  }
}

function put(table: AttributeTable, slot: number, type: number, start: number, size: number, number: number): void {
  table.type[slot] = type;
  table.start[slot] = start;
  table.size[slot] = size;
  table.number[slot] = number;
}

/** Where the first byte at or after `from` lies that does not stand for itself in a string. */
function plainEnd(view: DataView, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = view.getInt32(at, true);
    // Four bytes at once: the top bit of each is set where a byte is zero after the exclusive or (a backslash) or, with
    // its second bit turned, at most a space (a quote, a control character). A borrow can set bits above a true hit only,
    // so the lowest one is right.
    const turned = word ^ 0x02020202;
    const slashes = word ^ 0x5c5c5c5c;
    const hits = (((turned - 0x21212121) & ~turned) | ((slashes - 0x01010101) & ~slashes)) & 0x80808080;
    if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3);
  }
  while (at < to && PLAIN[bytes[at] as number] === 1) at++;
  return at;
}
