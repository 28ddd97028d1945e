/** A record, or a part of one, in a stream: `bytes[from, to)`. The same object is used for each. */
export interface Piece {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** True when the record was too long and goes on with the next piece. */
  readonly isCut: boolean;
}

interface Slot {
  bytes: Buffer;
  from: number;
  to: number;
  isCut: boolean;
}

const HELD_FIRST_BYTES = 1024;
const HELD_KEPT_BYTES = 64 * 1024;
// Of a character of four bytes three may have come.
const CHARACTER_REST_MAX = 3;

/** Puts records together that come in chunks, and cuts those that are too long. Holds at most one record. */
export class Pieces {
  readonly #sizeMax: number;
  readonly #slot: Slot = { bytes: Buffer.alloc(0), from: 0, to: 0, isCut: false };
  #held: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** The next bytes of the record. A piece is valid until the next one is asked for. */
  *take(bytes: Buffer, from: number, to: number, isWhole: boolean): Generator<Piece> {
    if (this.#size === 0 && isWhole && to - from <= this.#sizeMax) {
      yield this.#piece(bytes, from, to, false);
      return;
    }
    let at = from;
    while (this.#size + to - at > this.#sizeMax) {
      const end = at + this.#sizeMax - this.#size;
      this.#hold(bytes, at, end);
      at = end;
      yield* this.#cut();
    }
    this.#hold(bytes, at, to);
    if (isWhole) yield* this.rest();
  }

  /** What is held, when no more of it comes. */
  *rest(): Generator<Piece> {
    const held = this.#held;
    const size = this.#size;
    this.#size = 0;
    if (held.length > HELD_KEPT_BYTES) this.#held = Buffer.alloc(0);
    if (size > 0) yield this.#piece(held, 0, size, false);
  }

  /** Cuts before a character of which only a part has come, if that can be helped. */
  *#cut(): Generator<Piece> {
    const held = this.#held;
    const size = this.#size;
    let end = size;
    while (end > 1 && end > size - CHARACTER_REST_MAX && ((held[end - 1] as number) & 0xc0) === 0x80) end--;
    end = (held[end - 1] as number) >= 0xc0 && end > 1 && isPartial(held, end - 1, size) ? end - 1 : size;
    yield this.#piece(held, 0, end, true);
    held.copyWithin(0, end, size);
    this.#size = size - end;
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    const needed = this.#size + to - from;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#held.length * 2, HELD_FIRST_BYTES));
      this.#held.copy(grown, 0, 0, this.#size);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#size, from, to);
    this.#size = needed;
  }

  #piece(bytes: Buffer, from: number, to: number, isCut: boolean): Piece {
    return Object.assign(this.#slot, { bytes, from, to, isCut });
  }
}

/** True when the character that begins at `at` does not end before `end`. */
function isPartial(bytes: Buffer, at: number, end: number): boolean {
  const lead = bytes[at] as number;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return at + length > end;
}

const LINE_FEED = 0x0a;

/** Cuts a stream into lines. The ends of lines are left out; a carriage return before one is not. */
export class LineCutter {
  readonly #pieces: Pieces;
  readonly #end: number;

  constructor(sizeMax: number, end: number = LINE_FEED) {
    this.#pieces = new Pieces(sizeMax);
    this.#end = end;
  }

  *push(chunk: Buffer): Generator<Piece> {
    for (let at = 0; at < chunk.length;) {
      const end = chunk.indexOf(this.#end, at);
      const to = end < 0 ? chunk.length : end;
      yield* this.#pieces.take(chunk, at, to, end >= 0);
      at = to + 1;
    }
  }

  /** The last line, when it has no end. */
  rest(): Generator<Piece> {
    return this.#pieces.rest();
  }
}
