import { DirectMatcher } from './direct.ts';
import { EngineRegex, type CompiledRegex } from './engine.ts';
import { parseRegex } from './parse.ts';
import { toPieces, type Piece } from './pieces.ts';
import { printRegex } from './print.ts';
import { groupNames } from './syntax.ts';

/** Compiles a pattern in RE2's syntax. Throws RangeError. */
export function compileRegex(pattern: string): CompiledRegex {
  const tree = parseRegex(pattern);
  const names = groupNames(tree).filter((name) => name !== undefined);
  if (names.length === 0) throw new RangeError('expected at least one named group, such as (?P<name>…)');
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
