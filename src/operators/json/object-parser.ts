import {
  NO_ATTRIBUTES,
  ValueType,
  isKeyAt,
  keyOf,
  keyOfBytes,
  withoutKey,
  type AttributeTable,
  type Key,
  type LogBatch,
  type SharedAttributes,
} from '#model';
import { Byte, JsonProblem, PLAIN, isTextAt, skipSpace } from './bytes.ts';
import { NestedEncoder } from './nested.ts';
import { NumberKind, NumberReader } from './numbers.ts';
import { StringDecoder } from './strings.ts';

/** The id that stands before the first key of an object. */
const START = 0;
/** Keys remembered between rows; more are forgotten all at once, which costs time only. */
const KEYS_KEPT_MAX = 4096;
const NO_KEY: Key = keyOf('');

/**
 * Turns JSON objects into attributes of rows: strings without escapes become ranges of the line, numbers are read from
 * their digits, and only what is escaped or nested is written anew, to the side area.
 *
 * Lines of one program nearly always have the same keys in the same order. So after each key the one that followed it
 * last time is tried first, by comparing bytes; only where that fails is a key looked up. A stamp for each key tells
 * whether the row has it already, so that repeated keys are found without a search.
 */
export class ObjectParser {
  readonly #numbers = new NumberReader();
  readonly #strings = new StringDecoder();
  readonly #nested: NestedEncoder;
  readonly #isIntParsed: boolean;
  /** Keys by id, ids by text; for each id the row it was last seen in and the id that followed it. */
  #keys: Key[] = [NO_KEY];
  #ids = new Map<string, number>();
  #stamps: number[] = [0];
  #followers: number[] = [START];
  #stamp = 0;
  /** Slots of attributes the row had before, to be removed when the object has turned out well. */
  #superseded: number[] = [];
  #firstSlot = 0;
  /** The shared attributes of the last row that had some, and the ids of their keys. */
  #shared: SharedAttributes = NO_ATTRIBUTES;
  #sharedIds: number[] = [];
  /** What the last key lookup found. */
  #id = START;

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
    const head = table.head[row] as number;
    const tail = table.tail[row] as number;
    const count = table.count;
    const sideLength = batch.space.sideLength;
    this.#begin(table, row);
    try {
      this.#members(batch, row, bytes, from, to, isSide);
    } catch (problem) {
      if (!(problem instanceof JsonProblem)) throw problem;
      table.count = count;
      table.head[row] = head;
      table.tail[row] = tail;
      if (head >= 0) table.next[tail] = -1;
      batch.space.sideLength = sideLength;
      return problem;
    }
    for (const slot of this.#superseded) table.remove(slot);
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    if (shared.entries.size > 0) this.#unshare(batch, row, shared);
    return undefined;
  }

  #begin(table: AttributeTable, row: number): void {
    if (this.#keys.length > KEYS_KEPT_MAX) {
      this.#keys = [NO_KEY];
      this.#ids = new Map();
      this.#stamps = [0];
      this.#followers = [START];
      this.#shared = NO_ATTRIBUTES;
    }
    this.#stamp++;
    this.#firstSlot = table.count;
    if (this.#superseded.length > 0) this.#superseded = [];
    for (let slot = table.head[row] as number; slot >= 0; slot = table.next[slot] as number) {
      if (table.type[slot] !== ValueType.none) this.#stamps[this.#idOf(table.key[slot] as Key)] = this.#stamp;
    }
  }

  #members(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number, isSide: boolean): void {
    const table = batch.attributes;
    const keys = this.#keys;
    const stamps = this.#stamps;
    const stamp = this.#stamp;
    let previous = START;
    let at = skipSpace(bytes, from, to);
    if (at >= to || bytes[at] !== Byte.openBrace) throw new JsonProblem('expected an object', at);
    at = skipSpace(bytes, at + 1, to);
    let hasMore = !(at < to && bytes[at] === Byte.closeBrace);
    while (hasMore) {
      if (at >= to || bytes[at] !== Byte.quote) throw new JsonProblem('expected a key in quotes', at);
      at++;
      let id = this.#followers[previous] as number;
      let key = keys[id] as Key;
      const keyEnd = at + key.bytes.length;
      if (id !== START && keyEnd < to && bytes[keyEnd] === Byte.quote && isKeyAt(key, bytes, at, keyEnd)) at = keyEnd + 1;
      else {
        at = this.#findKey(batch, bytes, at, to, previous);
        id = this.#id;
        key = keys[id] as Key;
      }
      previous = id;
      if (stamps[id] === stamp) this.#supersede(table, row, key);
      stamps[id] = stamp;
      if (at >= to || bytes[at] !== Byte.colon) {
        at = skipSpace(bytes, at, to);
        if (at >= to || bytes[at] !== Byte.colon) throw new JsonProblem('expected ":"', at);
      }
      at++;
      if (at < to && (bytes[at] as number) <= 0x20) at = skipSpace(bytes, at, to);

      if (at < to && bytes[at] === Byte.quote) {
        const start = at + 1;
        let end = start;
        while (end < to && PLAIN[bytes[end] as number] === 1) end++;
        if (end < to && bytes[end] === Byte.quote) {
          table.add(row, key, ValueType.string, isSide ? ~start : start, end - start, 0);
          at = end + 1;
        } else at = this.#escaped(batch, row, key, bytes, start, to);
      } else at = this.#value(batch, row, key, bytes, at, to);

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
  }

  /** Any value but a string without escapes. */
  #value(batch: LogBatch, row: number, key: Key, bytes: Buffer, at: number, to: number): number {
    const table = batch.attributes;
    const byte = at < to ? (bytes[at] as number) : 0;
    if (byte === Byte.minus || (byte >= Byte.zero && byte <= Byte.nine)) return this.#number(batch, row, key, bytes, at, to);
    if (byte === Byte.openBrace || byte === Byte.openBracket) {
      const start = batch.space.sideLength;
      const end = this.#nested.encode(batch.space, bytes, at, to);
      table.add(row, key, ValueType.encoded, ~start, batch.space.sideLength - start, 0);
      return end;
    }
    if (byte === Byte.t && isTextAt(bytes, at, to, 'true')) {
      table.add(row, key, ValueType.bool, 0, 0, 1);
      return at + 4;
    }
    if (byte === Byte.f && isTextAt(bytes, at, to, 'false')) {
      table.add(row, key, ValueType.bool, 0, 0, 0);
      return at + 5;
    }
    if (byte === Byte.n && isTextAt(bytes, at, to, 'null')) {
      table.add(row, key, ValueType.empty, 0, 0, 0);
      return at + 4;
    }
    throw new JsonProblem('expected a value', at);
  }

  #number(batch: LogBatch, row: number, key: Key, bytes: Buffer, at: number, to: number): number {
    const table = batch.attributes;
    const numbers = this.#numbers;
    const end = numbers.read(bytes, at, to);
    if (numbers.kind === NumberKind.invalid) throw new JsonProblem('malformed number', numbers.end);
    if (numbers.kind === NumberKind.int && this.#isIntParsed) table.add(row, key, ValueType.int, 0, 0, numbers.value);
    else if (numbers.kind === NumberKind.big && this.#isIntParsed) {
      const encoded = numbers.encoded();
      table.add(row, key, ValueType.encoded, batch.space.appendBytes(encoded), encoded.length, 0);
    } else table.add(row, key, ValueType.double, 0, 0, numbers.value);
    return end;
  }

  #escaped(batch: LogBatch, row: number, key: Key, bytes: Buffer, start: number, to: number): number {
    const space = batch.space;
    space.reserve(to - start);
    const closing = this.#strings.decode(bytes, start, to, space.side, space.sideLength);
    batch.attributes.add(row, key, ValueType.string, ~space.sideLength, this.#strings.outEnd - space.sideLength, 0);
    space.sideLength = this.#strings.outEnd;
    return closing + 1;
  }

  /** Finds the id of the key that begins at `at`, and returns where its closing quote ends. */
  #findKey(batch: LogBatch, bytes: Buffer, at: number, to: number, previous: number): number {
    let end = at;
    while (end < to && PLAIN[bytes[end] as number] === 1) end++;
    if (end < to && bytes[end] === Byte.quote) {
      this.#id = this.#idOf(keyOfBytes(bytes, at, end));
      this.#followers[previous] = this.#id;
      return end + 1;
    }
    // An escaped key is never expected at a place: its bytes are not those of the line.
    const space = batch.space;
    space.reserve(to - at);
    const closing = this.#strings.decode(bytes, at, to, space.side, space.sideLength);
    this.#id = this.#idOf(keyOf(space.side.toString('utf8', space.sideLength, this.#strings.outEnd)));
    return closing + 1;
  }

  #idOf(key: Key): number {
    const known = this.#ids.get(key.text);
    if (known !== undefined) return known;
    const id = this.#keys.push(key) - 1;
    this.#ids.set(key.text, id);
    this.#stamps.push(0);
    this.#followers.push(START);
    return id;
  }

  /** The row has this key already, and of equal keys the last counts. */
  #supersede(table: AttributeTable, row: number, key: Key): void {
    for (let slot = table.count - 1; slot >= this.#firstSlot; slot--) {
      if (table.type[slot] === ValueType.none || table.key[slot]?.text !== key.text) continue;
      table.remove(slot);
      return;
    }
    // A slot of before must survive an object that turns out to be broken.
    const slot = table.find(row, key);
    if (slot >= 0) this.#superseded.push(slot);
  }

  /** Takes attributes the row now has itself out of those it shares with other rows. */
  #unshare(batch: LogBatch, row: number, shared: SharedAttributes): void {
    if (shared !== this.#shared) {
      this.#shared = shared;
      this.#sharedIds = Array.from(shared.entries.keys(), (key) => this.#idOf(key));
    }
    let left = shared;
    for (const id of this.#sharedIds) if (this.#stamps[id] === this.#stamp) left = withoutKey(left, this.#keys[id] as Key);
    if (left !== shared) batch.sharedOf[row] = batch.addShared(left);
  }
}
