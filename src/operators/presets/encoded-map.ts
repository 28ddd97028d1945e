import { ValueType, keyOfBytes, type Key } from '#model';

// Tags of AnyValue, KeyValueList and KeyValue.
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const KVLIST = 0x32;
const BYTES = 0x3a;
const ELEMENT = 0x0a;
const VALUE = 0x12;

/** Called for each member: a value as the attribute table has it, with an offset into the bytes. */
export type Visit = (key: Key, type: number, start: number, size: number, number: number) => void;

/** Goes through the members of a map that is encoded as an AnyValue, without decoding what nobody asks for. */
export class EncodedMap {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** False when the value is no map, or is not as we write it; members may have been visited then. */
  visit(bytes: Buffer, from: number, to: number, each: Visit): boolean {
    this.#bytes = bytes;
    this.#at = from;
    if (from >= to || bytes[this.#at++] !== KVLIST) return false;
    const length = this.#length();
    const end = this.#at + length;
    while (this.#at < end) {
      if (bytes[this.#at++] !== ELEMENT) return false;
      const size = this.#length();
      if (!this.#member(this.#at + size, each)) return false;
    }
    return end === to;
  }

  #member(to: number, each: Visit): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at++] !== ELEMENT) return false;
    const keySize = this.#length();
    const key = keyOfBytes(bytes, this.#at, this.#at + keySize);
    this.#at += keySize;
    if (bytes[this.#at++] !== VALUE) return false;
    const size = this.#length();
    const from = this.#at;
    if (from + size !== to) return false;
    this.#value(key, from, to, each);
    this.#at = to;
    return true;
  }

  #value(key: Key, from: number, to: number, each: Visit): void {
    const bytes = this.#bytes;
    this.#at = from + 1;
    if (from === to) each(key, ValueType.empty, 0, 0, 0);
    else if (bytes[from] === STRING || bytes[from] === BYTES) {
      const size = this.#length();
      each(key, bytes[from] === STRING ? ValueType.string : ValueType.bytes, this.#at, size, 0);
    } else if (bytes[from] === BOOL) each(key, ValueType.bool, 0, 0, bytes[this.#at] === 0 ? 0 : 1);
    // A negative or a large number takes more than seven bytes of seven bits, which a double may not hold.
    else if (bytes[from] === INT && to - from <= 8) each(key, ValueType.int, 0, 0, this.#length());
    else if (bytes[from] === DOUBLE) each(key, ValueType.double, 0, 0, bytes.readDoubleLE(from + 1));
    else each(key, ValueType.encoded, from, to - from, 0);
  }

  #length(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128 || factor > 2 ** 49) return value;
    }
  }
}
