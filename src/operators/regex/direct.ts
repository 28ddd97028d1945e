import { PieceKind, type Piece } from './pieces.ts';

const NO_MATCH = -1;

/**
 * Matches pieces against bytes, without a string. It follows the path that a backtracking engine would try first and
 * never goes back: when it gets through, its groups are the engine's; when not, nothing is said about the text.
 */
export class DirectMatcher {
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly #pieces: readonly Piece[];
  /** True when a match may pass a group by, which is then empty. */
  readonly #mayMiss: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #to = 0;
  /** True when only whole characters would tell. */
  #isLost = false;

  constructor(pieces: readonly Piece[], starts: Int32Array, sizes: Int32Array) {
    this.#pieces = pieces;
    this.#mayMiss = pieces.some(({ kind }) => kind === PieceKind.optional || kind === PieceKind.choice);
    this.starts = starts;
    this.sizes = sizes;
  }

  match(bytes: Uint8Array, from: number, to: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#to = to;
    this.#isLost = false;
    if (this.#mayMiss) {
      this.starts.fill(from);
      this.sizes.fill(0);
    }
    return this.#run(this.#pieces, from) >= 0;
  }

  /** Where the pieces end, or NO_MATCH. */
  #run(pieces: readonly Piece[], from: number): number {
    let at = from;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as Piece;
      const start = at;
      switch (piece.kind) {
        case PieceKind.byte:
          if (at >= this.#to || this.#bytes[at] !== piece.stop) return NO_MATCH;
          at++;
          break;
        case PieceKind.literal:
          at = this.#literal(piece.literal, at);
          break;
        case PieceKind.field:
          at = this.#scan(piece, at, this.#to);
          if (at >= this.#to || at - start < piece.min) return NO_MATCH;
          if (piece.group >= 0) {
            this.starts[piece.group] = start;
            this.sizes[piece.group] = at - start;
          }
          at++;
          continue;
        case PieceKind.span:
          at = this.#span(piece, at);
          break;
        case PieceKind.spanBack:
          at = this.#spanBack(piece, at);
          break;
        case PieceKind.spanUntil:
          at = this.#spanUntil(piece, at);
          break;
        case PieceKind.open:
          this.starts[piece.group] = at;
          continue;
        case PieceKind.close:
          this.sizes[piece.group] = at - (this.starts[piece.group] as number);
          continue;
        case PieceKind.optional:
          at = this.#optional(piece, at);
          break;
        case PieceKind.choice:
          at = this.#choice(piece, at);
          break;
        default:
          if (at !== this.#to) return NO_MATCH;
      }
      if (at < 0) return NO_MATCH;
      if (piece.group >= 0) {
        this.starts[piece.group] = start;
        this.sizes[piece.group] = at - start;
      }
    }
    return at;
  }

  #literal(text: Uint8Array, at: number): number {
    if (at + text.length > this.#to) return NO_MATCH;
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return NO_MATCH;
    return at + text.length;
  }

  #span(piece: Piece, from: number): number {
    const end = Math.min(this.#to, from + piece.max);
    const at = this.#scan(piece, from, end);
    if (at < end && piece.table[this.#bytes[at] as number] === 2) this.#isLost = true;
    return this.#isLost || at - from < piece.min ? NO_MATCH : at;
  }

  #spanBack(piece: Piece, from: number): number {
    const end = this.#span(piece, from);
    for (let at = end; at >= from + piece.min; at--) if (this.#isFollowed(piece, at)) return at;
    return NO_MATCH;
  }

  #spanUntil(piece: Piece, from: number): number {
    const { table, min } = piece;
    const bytes = this.#bytes;
    const end = Math.min(this.#to, from + piece.max);
    for (let at = from; at <= end; at++) {
      if (at >= from + min && this.#isFollowed(piece, at)) return at;
      if (at === end || table[bytes[at] as number] !== 1) return NO_MATCH;
    }
    return NO_MATCH;
  }

  #isFollowed({ after, literal, mayEnd }: Piece, at: number): boolean {
    if (at >= this.#to) return mayEnd;
    const byte = this.#bytes[at] as number;
    // Inside a character nothing begins.
    return (byte & 0xc0) !== 0x80 && after[byte] !== 0 && this.#literal(literal, at) >= 0;
  }

  #optional(piece: Piece, at: number): number {
    const first = at < this.#to ? piece.table[this.#bytes[at] as number] : 0;
    if (first === 0) return at;
    return first === 2 ? NO_MATCH : this.#run(piece.branches[0] ?? [], at);
  }

  #choice(piece: Piece, at: number): number {
    for (const branch of piece.branches) {
      const end = this.#run(branch, at);
      if (end >= 0 || this.#isLost) return end;
    }
    return NO_MATCH;
  }

  /** The first byte at or after `from` that is not surely of the class. */
  #scan({ table, stop }: Piece, from: number, to: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    let at = from;
    if (stop >= 0) {
      const pattern = stop * 0x01010101;
      for (; at + 4 <= to; at += 4) {
        const word = view.getInt32(at, true) ^ pattern;
        // Sets the top bit of each byte that is zero, and perhaps of some above it; the lowest is right.
        const hits = (word - 0x01010101) & ~word & 0x80808080;
        if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3);
      }
    } else if (stop === -1) {
      for (; at + 4 <= to; at += 4) {
        const word = view.getInt32(at, true);
        // The top bit of each byte of at most 0x20: a hit that is not sure is looked at below.
        if (((word - 0x21212121) & ~word & 0x80808080) !== 0) break;
      }
    }
    while (at < to && table[bytes[at] as number] === 1) at++;
    return at;
  }
}
