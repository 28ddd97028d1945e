import { between, complement, overlaps, union, type CharSet } from './char-set.ts';
import type { Node } from './syntax.ts';

/** What a piece of a direct matcher does. */
export const PieceKind = {
  /** The bytes of `literal`. */
  literal: 0,
  /** As many bytes of the class as there are. */
  span: 1,
  /** As many as there are, but so few that `after` and `literal` follow: greedy, given back from the end. */
  spanBack: 2,
  /** As few as there are until `after` and `literal` follow. */
  spanUntil: 3,
  open: 4,
  close: 5,
  /** `branches[0]`, if its first byte is there. */
  optional: 6,
  /** The first of `branches` that matches. */
  choice: 7,
  /** The end of the text. */
  end: 8,
  /** The byte `stop`. */
  byte: 9,
  /** As many bytes of the class as there are, and behind them `stop`, the only byte outside of it. */
  field: 10,
} as const;

/** One step of a direct matcher; all have the same shape, for speed. */
export interface Piece {
  readonly kind: number;
  readonly literal: Uint8Array;
  /** For each byte: 1 when it belongs to the class, 0 when not, 2 when only the whole character would tell. */
  readonly table: Uint8Array;
  /** The only byte outside the class, -1 when all outside are at most a space, -2 else: how to scan quickly. */
  readonly stop: number;
  /** Like `table`, for the byte that follows a span. */
  readonly after: Uint8Array;
  /** True when the end of the text may follow a span. */
  readonly mayEnd: boolean;
  readonly min: number;
  readonly max: number;
  /** The group a span is, or that opens or closes; -1 when there is none. */
  readonly group: number;
  readonly branches: readonly (readonly Piece[])[];
}

const UNBOUNDED = 0x7fffffff;
/** Pieces that match in one way only. */
const DECIDED: ReadonlySet<number> = new Set([PieceKind.literal, PieceKind.byte, PieceKind.span, PieceKind.field]);
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_TABLE = new Uint8Array(256);
const NON_ASCII: CharSet = [0x80, 0x10ffff];

const PLAIN_PIECE: Piece = {
  kind: PieceKind.end,
  literal: NO_BYTES,
  table: NO_TABLE,
  stop: -2,
  after: NO_TABLE,
  mayEnd: false,
  min: 0,
  max: 0,
  group: -1,
  branches: [],
};

/** What can come after a part: these characters, or the end of the pattern. */
interface Follow {
  readonly set: CharSet;
  /** True when the pattern may be over, wherever the text is. */
  readonly isOpen: boolean;
  /** True when the pattern may be over at the end of the text. */
  readonly mayEnd: boolean;
  /** The text that must come next, when that is known. */
  readonly literal: Uint8Array;
}

/** The part cannot be matched without trying: left to the engine. */
class Undecided extends Error {}

/**
 * Turns a pattern into pieces that are matched one after the other, each taking what the engine would prefer: a match
 * found so is the engine's. Where a row turns out otherwise, the engine has to be asked. Returns undefined when that
 * would happen too often: the pattern is not anchored at its start, or one of its parts cannot tell how far it reaches.
 */
export function toPieces(tree: Node): readonly Piece[] | undefined {
  const parts = flatten(tree);
  const first = parts[0];
  if (first?.kind !== 'assert' || first.what !== 'start') return undefined;
  try {
    return new PieceMaker().sequence(parts.slice(1), { set: [], isOpen: true, mayEnd: true, literal: NO_BYTES });
  } catch (problem) {
    if (problem instanceof Undecided) return undefined;
    throw problem;
  }
}

class PieceMaker {
  #groups = 0;

  sequence(parts: readonly Node[], follow: Follow): readonly Piece[] {
    // What follows a part is known from the parts behind it, but groups are numbered from the front.
    const follows: Follow[] = [];
    let behind = follow;
    for (const part of parts.toReversed()) {
      follows.unshift(behind);
      behind = followOf(part, behind);
    }
    const pieces = parts.flatMap((part, index) => this.#part(part, follows[index] ?? follow));
    return joinLiterals(pieces);
  }

  #part(part: Node, follow: Follow): readonly Piece[] {
    switch (part.kind) {
      case 'chars':
        return [this.#span(part.set, 1, 1, false, follow)];
      case 'assert':
        if (part.what !== 'end') throw new Undecided();
        return [PLAIN_PIECE];
      case 'group':
        return this.#group(part, follow);
      case 'sequence':
        return this.sequence(flatten(part), follow);
      case 'choice':
        return [{ ...PLAIN_PIECE, kind: PieceKind.choice, branches: part.parts.map((branch) => this.#branch(branch, follow)) }];
      case 'repeat':
        return [this.#repeat(part, follow)];
    }
  }

  #group(part: Extract<Node, { kind: 'group' }>, follow: Follow): readonly Piece[] {
    if (part.name === undefined) return this.#part(part.body, follow);
    const group = this.#groups++;
    const inner = this.sequence(flatten(part.body), follow);
    const [only] = inner;
    const isSpan = only && inner.length === 1 && only.kind >= PieceKind.span && only.kind <= PieceKind.spanUntil && only.group < 0;
    if (isSpan) return [{ ...only, group }];
    return [{ ...PLAIN_PIECE, kind: PieceKind.open, group }, ...inner, { ...PLAIN_PIECE, kind: PieceKind.close, group }];
  }

  #repeat({ body, min, max, isLazy }: Extract<Node, { kind: 'repeat' }>, follow: Follow): Piece {
    if (body.kind === 'chars') return this.#span(body.set, min, max, isLazy, follow);
    if (min !== 0 || max !== 1 || isLazy) throw new Undecided();
    const first = firstOf(body);
    if (first.isNullable) throw new Undecided();
    return { ...PLAIN_PIECE, kind: PieceKind.optional, table: tableOf(first.set, false), branches: [this.sequence(flatten(body), follow)] };
  }

  /** A branch must decide for or against itself with what it holds; a part that may reach too far cannot. */
  #branch(branch: Node, follow: Follow): readonly Piece[] {
    const pieces = this.sequence(flatten(branch), follow);
    if (pieces.some(({ kind, group }) => !DECIDED.has(kind) || group >= 0)) throw new Undecided();
    return pieces;
  }

  #span(set: CharSet, min: number, max: number, isLazy: boolean, follow: Follow): Piece {
    if (min === 1 && max === 1) {
      const isOne = set.length === 2 && set[0] === set[1];
      if (isOne) return { ...PLAIN_PIECE, kind: PieceKind.literal, literal: Buffer.from(String.fromCodePoint(set[0] as number)) };
    }
    const isWhole = min <= 1 && max === Infinity;
    const table = tableOf(set, isWhole);
    const piece = { ...PLAIN_PIECE, table, stop: stopOf(table), min, max: Math.min(max, UNBOUNDED) };
    // Nothing behind can want a character of the class, or nothing need come behind: all there are is what is preferred.
    const isDecided = min === max || (!overlaps(set, follow.set) && !(isLazy && follow.isOpen)) || (!isLazy && follow.isOpen);
    if (isDecided) return { ...piece, kind: PieceKind.span };
    if (follow.isOpen) throw new Undecided();
    const kind = isLazy ? PieceKind.spanUntil : PieceKind.spanBack;
    return { ...piece, kind, literal: follow.literal, after: tableOf(follow.set, false), mayEnd: follow.mayEnd };
  }
}

/** What can follow the part before `part`. */
function followOf(part: Node, behind: Follow): Follow {
  if (part.kind === 'assert') return { set: [], isOpen: false, mayEnd: true, literal: NO_BYTES };
  const { set, isNullable } = firstOf(part);
  const own = literalOf(part);
  if (!isNullable) return { set, isOpen: false, mayEnd: false, literal: own.length > 0 ? Buffer.concat([own, behind.literal]) : NO_BYTES };
  return { set: union(set, behind.set), isOpen: behind.isOpen, mayEnd: behind.mayEnd, literal: NO_BYTES };
}

function firstOf(node: Node): { readonly set: CharSet; readonly isNullable: boolean } {
  switch (node.kind) {
    case 'chars':
      return { set: node.set, isNullable: false };
    case 'assert':
      return { set: [], isNullable: true };
    case 'group':
      return firstOf(node.body);
    case 'repeat': {
      const first = firstOf(node.body);
      return { set: first.set, isNullable: first.isNullable || node.min === 0 };
    }
    case 'choice': {
      const firsts = node.parts.map(firstOf);
      return { set: union(...firsts.map(({ set }) => set)), isNullable: firsts.some(({ isNullable }) => isNullable) };
    }
    case 'sequence': {
      let set: CharSet = [];
      for (const part of node.parts) {
        const first = firstOf(part);
        set = union(set, first.set);
        if (!first.isNullable) return { set, isNullable: false };
      }
      return { set, isNullable: true };
    }
  }
}

function literalOf(part: Node): Uint8Array {
  if (part.kind !== 'chars' || part.set.length !== 2 || part.set[0] !== part.set[1]) return NO_BYTES;
  return Buffer.from(String.fromCodePoint(part.set[0] as number));
}

function flatten(node: Node): readonly Node[] {
  if (node.kind === 'sequence') return node.parts.flatMap(flatten);
  return node.kind === 'group' && node.name === undefined ? flatten(node.body) : [node];
}

function joinLiterals(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last?.kind !== PieceKind.literal || piece.kind !== PieceKind.literal) joined.push(piece);
    else joined[joined.length - 1] = { ...last, literal: Buffer.concat([last.literal, piece.literal]) };
  }
  return joinFields(joined).map(asByte);
}

/** Where a span ends at the one byte that the literal behind begins with, that byte is found once. */
function joinFields(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const isField = last?.kind === PieceKind.span && last.max === UNBOUNDED && last.stop >= 0;
    if (!isField || piece.kind !== PieceKind.literal || piece.literal[0] !== last.stop) {
      joined.push(piece);
      continue;
    }
    joined[joined.length - 1] = { ...last, kind: PieceKind.field };
    if (piece.literal.length > 1) joined.push({ ...piece, literal: piece.literal.subarray(1) });
  }
  return joined;
}

/** A literal of one byte is compared without a loop. */
function asByte(piece: Piece): Piece {
  const [only] = piece.literal;
  if (piece.kind !== PieceKind.literal || piece.literal.length !== 1 || only === undefined) return piece;
  return { ...piece, kind: PieceKind.byte, stop: only };
}

/**
 * The class by first bytes of UTF-8. With `isWhole` a class that has every character beyond ASCII takes their bytes one
 * by one; where characters are counted, or only some belong, a byte alone does not tell.
 */
function tableOf(set: CharSet, isWhole: boolean): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < set.length; i += 2) table.fill(1, Math.min(set[i] as number, 0x80), Math.min((set[i + 1] as number) + 1, 0x80));
  const beyond = between(set, 0x80, 0x10ffff);
  const hasAll = beyond.length > 0 && between(complement(beyond), 0x80, 0x10ffff).length === 0;
  if (beyond.length > 0) table.fill(hasAll && isWhole ? 1 : 2, NON_ASCII[0]);
  return table;
}

function stopOf(table: Uint8Array): number {
  const stops = Array.from(table.keys()).filter((byte) => table[byte] !== 1);
  const [only] = stops;
  if (stops.length === 1 && only !== undefined) return only;
  return stops.every((byte) => byte <= 0x20) ? -1 : -2;
}
