import { ANY, PERL, POSIX, charSet, complement, foldCase, propertySet, union, type CharSet } from './char-set.ts';
import { REPEAT_MAX, groupNames, type Node } from './syntax.ts';

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const NEWLINE: CharSet = [10, 10];
const NODES_MAX = 10_000;
const DEPTH_MAX = 200;

/**
 * Reads a regular expression in RE2's syntax, the one of Go and so of Collector configurations, into a tree. Flags
 * inside the pattern are resolved on the way: a case-insensitive letter becomes a set of both. Throws RangeError.
 */
export function parseRegex(pattern: string): Node {
  const parser = new RegexParser(pattern);
  return parser.parse();
}

class RegexParser {
  readonly #pattern: string;
  #at = 0;
  #flags: Flags = { i: false, m: false, s: false, U: false };
  #nodes = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#pattern.length) throw this.#problem('a ")" without its "("');
    const names = groupNames(node).filter((name) => name !== undefined);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw this.#problem(`two groups named "${twice}"`);
    return node;
  }

  #choice(): Node {
    if (++this.#depth > DEPTH_MAX) throw this.#problem(`groups are nested deeper than ${DEPTH_MAX}`);
    const flags = this.#flags;
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    this.#flags = flags;
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#pattern.length && !this.#isAt('|') && !this.#isAt(')')) {
      const start = this.#at;
      const atom = this.#atom();
      if (!atom) continue;
      parts.push(this.#repeated(atom, start));
      if (++this.#nodes > NODES_MAX) throw this.#problem('the pattern is too large');
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'sequence', parts };
  }

  /** One item; undefined for what only sets flags. */
  #atom(): Node | undefined {
    const start = this.#at;
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'chars', set: this.#class(start) };
      case '.':
        return { kind: 'chars', set: this.#flags.s ? ANY : complement(NEWLINE) };
      case '^':
        return { kind: 'assert', what: this.#flags.m ? 'lineStart' : 'start' };
      case '$':
        return { kind: 'assert', what: this.#flags.m ? 'lineEnd' : 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#problem(`nothing to repeat before "${character}"`, start);
      default:
        return this.#literal(character.codePointAt(0) ?? 0);
    }
  }

  #literal(point: number): Node {
    return { kind: 'chars', set: this.#flags.i ? foldCase([point, point]) : [point, point] };
  }

  #repeated(atom: Node, start: number): Node {
    let node = atom;
    for (let times = 0; ; times++) {
      const counts = this.#counts();
      if (!counts) return node;
      if (times > 0) throw this.#problem('a repetition of a repetition; put the inner one in parentheses', start);
      const [min, max] = counts;
      const isLazy = this.#takes('?') !== this.#flags.U;
      node = { kind: 'repeat', body: node, min, max, isLazy };
    }
  }

  #counts(): readonly [number, number] | undefined {
    if (this.#takes('*')) return [0, Infinity];
    if (this.#takes('+')) return [1, Infinity];
    if (this.#takes('?')) return [0, 1];
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at, this.#at + 16));
    if (!match) return undefined;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX) || max < min)
      throw this.#problem(`a count beyond ${REPEAT_MAX} or upside down`);
    this.#at += match[0].length;
    return [min, max];
  }

  #group(): Node | undefined {
    const start = this.#at - 1;
    const flags = this.#flags;
    let name: string | undefined;
    let isCapture = true;
    if (this.#takes('?')) {
      const named = /^P?<(\w+)>/.exec(this.#pattern.slice(this.#at));
      const inline = /^([imsU]*)(?:-([imsU]*))?([:)])/.exec(this.#pattern.slice(this.#at));
      if (/^(P=|[=!>]|<[=!])/.test(this.#pattern.slice(this.#at))) {
        throw this.#problem('lookahead, lookbehind and references are not part of RE2: they can take unbounded time', start);
      } else if (named) {
        name = named[1];
        this.#at += named[0].length;
      } else if (inline) {
        this.#at += inline[0].length;
        this.#flags = withFlags(flags, inline[1] ?? '', inline[2] ?? '');
        if (inline[3] === ')') return undefined;
        isCapture = false;
      } else throw this.#problem('expected a group such as (?P<name>…), (?:…) or (?i)', start);
    }
    const body = this.#choice();
    this.#flags = flags;
    if (!this.#takes(')')) throw this.#problem('a "(" without its ")"', start);
    return isCapture ? { kind: 'group', body, name } : body;
  }

  #escape(): Node {
    const start = this.#at - 1;
    const letter = this.#next();
    if (letter === 'A') return { kind: 'assert', what: 'start' };
    if (letter === 'z') return { kind: 'assert', what: 'end' };
    if (letter === 'b') return { kind: 'assert', what: 'boundary' };
    if (letter === 'B') return { kind: 'assert', what: 'noBoundary' };
    if (letter === 'Q') return this.#quoted();
    if (/[1-9]/.test(letter)) throw this.#problem('references to groups are not part of RE2: they can take unbounded time', start);
    const set = this.#escapedSet(letter);
    if (set) return { kind: 'chars', set };
    return this.#literal(this.#escapedPoint(letter, start));
  }

  #quoted(): Node {
    const end = this.#pattern.indexOf('\\E', this.#at);
    const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    return { kind: 'sequence', parts: Array.from(text, (character) => this.#literal(character.codePointAt(0) ?? 0)) };
  }

  /** `\d`, `\W`, `\pL`, `\P{Greek}`. */
  #escapedSet(letter: string): CharSet | undefined {
    const perl = PERL[letter.toLowerCase()];
    if (perl) return letter === letter.toLowerCase() ? perl : complement(perl);
    if (letter !== 'p' && letter !== 'P') return undefined;
    const match = /^(?:\{(\^?)(\w+)\}|(\w))/.exec(this.#pattern.slice(this.#at));
    if (!match) throw this.#problem('expected a Unicode class such as \\pL or \\p{Greek}');
    this.#at += match[0].length;
    const set = propertySet(match[2] ?? match[3] ?? '');
    const folded = this.#flags.i ? foldCase(set) : set;
    return (letter === 'P') !== (match[1] === '^') ? complement(folded) : folded;
  }

  #escapedPoint(letter: string, start: number): number {
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return simple;
    if (letter === 'x') {
      const match = /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(this.#pattern.slice(this.#at));
      const point = match ? Number.parseInt(match[1] ?? match[2] ?? '', 16) : Infinity;
      if (!match || point > 0x10ffff) throw this.#problem('expected two hexadecimal digits or {…} after \\x', start);
      this.#at += match[0].length;
      return point;
    }
    if (letter === '0') {
      const digits = /^[0-7]{0,2}/.exec(this.#pattern.slice(this.#at))?.[0] ?? '';
      this.#at += digits.length;
      return Number.parseInt(`0${digits}`, 8);
    }
    if (letter === '') throw this.#problem('a "\\" at the end', start);
    if (/[A-Za-z0-9]/.test(letter)) throw this.#problem(`"\\${letter}" is not part of RE2's syntax`, start);
    return letter.codePointAt(0) ?? 0;
  }

  #class(start: number): CharSet {
    const isNegated = this.#takes('^');
    const sets: CharSet[] = [];
    for (let isFirst = true; isFirst || !this.#isAt(']'); isFirst = false) {
      if (this.#at >= this.#pattern.length) throw this.#problem('a "[" without its "]"', start);
      sets.push(this.#classItem());
    }
    this.#at++;
    const set = this.#flags.i ? foldCase(union(...sets)) : union(...sets);
    return isNegated ? complement(set) : set;
  }

  #classItem(): CharSet {
    const start = this.#at;
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#pattern.slice(this.#at));
    if (posix) {
      const set = POSIX[posix[2] ?? ''];
      if (!set) throw this.#problem(`there is no class "${posix[0]}"`);
      this.#at += posix[0].length;
      return posix[1] === '^' ? complement(set) : set;
    }
    const character = this.#next();
    const letter = character === '\\' ? this.#next() : '';
    const set = letter === '' ? undefined : this.#escapedSet(letter);
    if (set) return set;
    const from = character === '\\' ? this.#escapedPoint(letter, start) : (character.codePointAt(0) ?? 0);
    if (!this.#isAt('-') || this.#pattern[this.#at + 1] === ']' || this.#at + 1 >= this.#pattern.length) return [from, from];
    this.#at++;
    const last = this.#next();
    const to = last === '\\' ? this.#escapedPoint(this.#next(), start) : (last.codePointAt(0) ?? 0);
    if (to < from) throw this.#problem('a range that runs backwards', start);
    return charSet([from, to]);
  }

  #next(): string {
    const point = this.#pattern.codePointAt(this.#at);
    if (point === undefined) return '';
    const character = String.fromCodePoint(point);
    this.#at += character.length;
    return character;
  }

  #isAt(character: string): boolean {
    return this.#pattern[this.#at] === character;
  }

  #takes(character: string): boolean {
    if (!this.#isAt(character)) return false;
    this.#at++;
    return true;
  }

  #problem(what: string, at: number = this.#at): RangeError {
    return new RangeError(`${what}, at position ${at + 1} of ${JSON.stringify(this.#pattern)}`);
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const flag = (name: keyof Flags): boolean => (flags[name] || on.includes(name)) && !off.includes(name);
  return { i: flag('i'), m: flag('m'), s: flag('s'), U: flag('U') };
}
