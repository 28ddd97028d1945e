import { DirectMatcher } from './direct.ts';
import { parseRegex } from './parse.ts';
import { toPieces, type Piece } from './pieces.ts';
import { printRegex } from './print.ts';
import { groupNames } from './syntax.ts';

/** A regular expression that looks at bytes. After `match` has returned true, its arrays tell of the groups. */
export interface CompiledRegex {
  readonly names: readonly string[];
  /** Offset of each group's text in the bytes, or -1 when `texts` has it. */
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: readonly (string | undefined)[];
  match(bytes: Buffer, from: number, to: number): boolean;
}

/** Compiles a pattern in RE2's syntax. Throws RangeError. */
export function compileRegex(pattern: string): CompiledRegex {
  const tree = parseRegex(pattern);
  const names = groupNames(tree).filter((name) => name !== undefined);
  if (names.length === 0) throw new RangeError('expected at least one named group, such as (?P<name>…)');
  const regex = new EngineRegex(names, new RegExp(printRegex(tree, 'ascii')), new RegExp(printRegex(tree, 'unicode')));
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

/**
 * Matches with V8's engine. A text in ASCII is looked at byte by byte, and its groups become ranges of it; any other is
 * decoded, and its groups are texts.
 */
class EngineRegex implements CompiledRegex {
  readonly names: readonly string[];
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: (string | undefined)[];
  readonly #ascii: RegExp;
  readonly #unicode: RegExp;

  constructor(names: readonly string[], ascii: RegExp, unicode: RegExp) {
    this.names = names;
    this.starts = new Int32Array(names.length);
    this.sizes = new Int32Array(names.length);
    this.texts = names.map(() => undefined);
    this.#ascii = ascii;
    this.#unicode = unicode;
  }

  match(bytes: Buffer, from: number, to: number): boolean {
    return isAscii(bytes, from, to) ? this.#matchAscii(bytes, from, to) : this.#matchUnicode(bytes, from, to);
  }

  #matchAscii(bytes: Buffer, from: number, to: number): boolean {
    const text = bytes.toString('latin1', from, to);
    const match = this.#ascii.exec(text);
    if (!match) return false;
    let last = match.index;
    for (let group = 0; group < this.starts.length; group++) {
      const value = match[group + 1];
      // A group that took no part is empty, as in Go.
      if (value === undefined || value === '') {
        this.starts[group] = from;
        this.sizes[group] = 0;
        continue;
      }
      // Any place with the same bytes is as good as the one that matched; usually this finds the very one.
      let at = text.indexOf(value, last);
      if (at < 0) at = text.indexOf(value);
      this.starts[group] = from + at;
      this.sizes[group] = value.length;
      last = at + value.length;
    }
    return true;
  }

  #matchUnicode(bytes: Buffer, from: number, to: number): boolean {
    const match = this.#unicode.exec(bytes.toString('utf8', from, to));
    if (!match) return false;
    for (let group = 0; group < this.starts.length; group++) {
      this.starts[group] = -1;
      this.texts[group] = match[group + 1] ?? '';
    }
    return true;
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  let all = 0;
  for (let at = from; at < to; at++) all |= bytes[at] as number;
  return all < 0x80;
}
