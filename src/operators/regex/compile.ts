import { DirectMatcher } from './direct.ts';
import { EngineRegex, type CompiledRegex } from './engine.ts';
import { parseRegex } from './parse.ts';
import { toPieces, type Piece } from './pieces.ts';
import { printRegex } from './print.ts';
import { groupNames, type Node } from './syntax.ts';

/** Compiles a pattern in RE2's syntax that has named groups. Throws RangeError. */
export function compileRegex(pattern: string): CompiledRegex {
  const tree = parseRegex(pattern);
  const names = groupNames(tree).filter((name) => name !== undefined);
  if (names.length === 0) throw new RangeError('expected at least one named group, such as (?P<name>…)');
  return compile(tree, names);
}

/** Compiles a pattern in RE2's syntax of which only matters whether it matches. Throws RangeError. */
export function compileMatcher(pattern: string): Matcher {
  const tree = parseRegex(pattern);
  return compile(
    tree,
    groupNames(tree).filter((name) => name !== undefined),
  );
}

/** Says whether texts match; they are looked at as bytes where that can be done. */
export interface Matcher {
  match(bytes: Buffer, from: number, to: number): boolean;
}

function compile(tree: Node, names: readonly string[]): CompiledRegex {
  const regex = new EngineRegex(names, printRegex(tree, 'ascii'), printRegex(tree, 'unicode'));
  const pieces = toPieces(tree);
  return pieces ? new DirectRegex(pieces, regex) : regex;
}
/** Matches byte by byte where that can be done without trying, and asks the engine about the rest. */
class DirectRegex implements CompiledRegex {
  readonly names: readonly string[];
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: readonly (string | undefined)[];
  readonly #direct: DirectMatcher;
  readonly #engine: EngineRegex;

  constructor(pieces: readonly Piece[], engine: EngineRegex) {
    this.names = engine.names;
    this.starts = engine.starts;
    this.sizes = engine.sizes;
    this.texts = engine.texts;
    this.#direct = new DirectMatcher(pieces, engine.starts, engine.sizes);
    this.#engine = engine;
  }

  match(bytes: Buffer, from: number, to: number): boolean {
    return this.#direct.match(bytes, from, to) || this.#engine.match(bytes, from, to);
  }
}

export type { CompiledRegex } from './engine.ts';
