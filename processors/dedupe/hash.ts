/**
 * A 64-bit hash in two halves, eight bytes a step. It is seeded, so that nobody can write two log lines that look equal
 * to an agent whose seed he does not know. Of a hundred thousand keys two collide once in four billion tables.
 */
export class Hash {
  lo = 0;
  hi = 0;

  set(lo: number, hi: number): void {
    this.lo = lo;
    this.hi = hi;
  }

  /** Mixes in two words. */
  words(low: number, high: number): void {
    let a = Math.imul(this.lo ^ low, 0x9e3779b1);
    a = (((a << 15) | (a >>> 17)) + this.hi) | 0;
    let b = Math.imul(this.hi ^ high, 0x85ebca77);
    b = (((b << 13) | (b >>> 19)) + a) | 0;
    this.lo = a;
    this.hi = b;
  }

  number(value: number): void {
    float[0] = value;
    this.words(halves[0] as number, halves[1] as number);
  }

  /** Mixes in the bytes and how many they are, so that neighbours cannot trade bytes. */
  bytes(view: DataView, start: number, size: number): void {
    let a = this.lo ^ size;
    let b = this.hi;
    const end = start + size;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      a = Math.imul(a ^ view.getInt32(at, true), 0x9e3779b1);
      a = (((a << 15) | (a >>> 17)) + b) | 0;
      b = Math.imul(b ^ view.getInt32(at + 4, true), 0x85ebca77);
      b = (((b << 13) | (b >>> 19)) + a) | 0;
    }
    this.lo = a;
    this.hi = b;
    if (at < end) this.#rest(view, start, end, size);
    else this.words(0x27d4eb2f, size);
  }

  /** The last bytes: as two words that may overlap what came before. */
  #rest(view: DataView, start: number, end: number, size: number): void {
    if (size >= 8) this.words(view.getInt32(end - 8, true), view.getInt32(end - 4, true));
    else if (size >= 4) this.words(view.getInt32(start, true), view.getInt32(end - 4, true));
    else {
      let word = 0;
      for (let at = start; at < end; at++) word = (word << 8) | view.getUint8(at);
      this.words(word, size);
    }
  }

  /** Spreads every bit over both halves. */
  finish(): void {
    let a = this.lo;
    let b = this.hi;
    a ^= b >>> 15;
    a = Math.imul(a, 0x2c1b3c6d);
    a ^= a >>> 13;
    b ^= a;
    b = Math.imul(b ^ (b >>> 16), 0x297a2d39);
    b ^= b >>> 14;
    a = Math.imul(a ^ b, 0x85ebca6b);
    this.lo = a ^ (a >>> 16);
    this.hi = b;
  }
}

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
