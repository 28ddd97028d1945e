import { Pieces, type Piece } from '#net';
import type { Framing } from './config.ts';

/** The stream cannot be told apart into messages any more. */
export class FramingError extends Error {}

const NUL = 0x00;
const LINE_FEED = 0x0a;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const SPACE = 0x20;
const LESS = 0x3c;
const DIGITS_MAX = 9;

/**
 * Cuts a stream of TCP into messages (RFC 6587): `12 <34>1 …` says how long the message is, `<34>1 …` goes on to a line
 * feed, or to a NUL as Python's `SysLogHandler` writes it. A sender uses one of them; which one is seen at each message
 * unless the configuration says so.
 */
export class Framer {
  readonly #framing: Framing;
  readonly #pieces: Pieces;
  /** The first bytes of a message, until it is clear what they are: digits and a space. */
  readonly #head: Buffer = Buffer.alloc(DIGITS_MAX + 2);
  #headSize = 0;
  /** Bytes of a counted message that have not come yet. */
  #left = 0;
  #isInLine = false;
  /** The next NUL in the chunk that is being read, or its length. */
  #nulAt = -1;

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#pieces = new Pieces(framing.sizeMax);
  }

  /** The messages that `chunk` completes. Throws FramingError when a count was expected and something else came. */
  *push(chunk: Buffer): Generator<Piece> {
    const { isPacket } = this.#framing;
    if (isPacket) {
      yield* this.#pieces.take(chunk, 0, chunk.length, true);
      return;
    }
    this.#nulAt = -1;
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const to = Math.min(chunk.length, at + this.#left);
        this.#left -= to - at;
        yield* this.#pieces.take(chunk, at, to, this.#left === 0);
        at = to;
      } else if (this.#isInLine || this.#isLine(chunk[at] as number)) {
        const end = this.#endOf(chunk, at);
        this.#isInLine = end < 0;
        const to = end < 0 ? chunk.length : end;
        yield* this.#pieces.take(chunk, at, to, end >= 0);
        at = to + 1;
      } else {
        at += yield* this.#readHead(chunk[at] as number);
      }
    }
  }

  /** Where the line at `at` ends, or -1. */
  #endOf(chunk: Buffer, at: number): number {
    const { trailer } = this.#framing;
    if (trailer !== undefined) return chunk.indexOf(trailer, at);
    const feedAt = chunk.indexOf(LINE_FEED, at);
    // Looked for once in a chunk without any, not once a line.
    if (this.#nulAt < at) {
      const nulAt = chunk.indexOf(NUL, at);
      this.#nulAt = nulAt < 0 ? chunk.length : nulAt;
    }
    return this.#nulAt < (feedAt < 0 ? chunk.length : feedAt) ? this.#nulAt : feedAt;
  }

  /** What is left when the sender has closed. */
  *rest(): Generator<Piece> {
    const head = this.#headSize;
    this.#headSize = 0;
    if (head > 0) yield* this.#pieces.take(this.#head, 0, head, false);
    yield* this.#pieces.rest();
  }

  /** True when a message begins with this byte and is not counted. */
  #isLine(byte: number): boolean {
    const { isCounted } = this.#framing;
    if (isCounted === false) return true;
    return isCounted === undefined && this.#headSize === 0 && (byte < ONE || byte > NINE);
  }

  /** One more byte of what may be a count. Returns 1 when the byte was taken, 0 when it belongs to what follows. */
  *#readHead(byte: number): Generator<Piece, 0 | 1> {
    const { isCounted, mayLackPriority } = this.#framing;
    const size = this.#headSize;
    const hasSpace = size > 0 && this.#head[size - 1] === SPACE;
    const isDigit = byte >= (size === 0 ? ONE : ZERO) && byte <= NINE;
    const isCount = hasSpace && (isCounted === true || byte === LESS || (mayLackPriority && !isDigit));
    if (isCount) {
      this.#left = Number(this.#head.toString('latin1', 0, size - 1));
      this.#headSize = 0;
      return 0;
    }
    if (!hasSpace && ((isDigit && size < DIGITS_MAX) || (byte === SPACE && size > 0))) {
      this.#head[this.#headSize++] = byte;
      return 1;
    }
    if (isCounted === true) {
      // What ends lines may follow a counted message all the same.
      if (size === 0 && byte <= SPACE) return 1;
      throw new FramingError('expected the count of octets that begins a message');
    }
    // It looked like a count and was the beginning of a line.
    this.#isInLine = true;
    this.#headSize = 0;
    yield* this.#pieces.take(this.#head, 0, size, false);
    return 0;
  }
}
