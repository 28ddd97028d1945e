import { setFlagsFromString } from 'node:v8';

/** A regular expression that looks at bytes. After `match` has returned true, its arrays tell of the groups. */
export interface CompiledRegex {
  readonly names: readonly string[];
  /** Offset of each group's text in the bytes, or -1 when `texts` has it. */
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: readonly (string | undefined)[];
  match(bytes: Buffer, from: number, to: number): boolean;
}

// The usual engine can take time with the square of the length even where it does not go back often: 5 ms for this
// length, 5 s for 64 KiB. Longer texts go to V8's engine without backtracking, which is slower for each byte and linear.
const QUICK_LENGTH_MAX = 2048;
const SLOW_MS = 20;
/** V8's flag for its engine without backtracking, unknown to others. */
const LINEAR: string = 'l';
/** How many texts the linear engine gets when the usual one has been slow. */
const LINEAR_TEXTS = 1000;

/**
 * A regular expression whose time is bounded: patterns are such that V8 falls back to its linear engine when one goes
 * back too often, and what that does not see (long loops that are not counted) is bounded here by length and by the
 * clock.
 */
export class BoundedRegExp {
  readonly #source: string;
  readonly #usual: RegExp;
  #linear: RegExp | undefined;
  #linearTexts = 0;

  constructor(source: string) {
    this.#source = source;
    this.#usual = new RegExp(source);
  }

  exec(text: string): RegExpExecArray | null {
    if (text.length > QUICK_LENGTH_MAX) return this.#linearRegExp().exec(text);
    if (this.#linearTexts > 0) {
      this.#linearTexts--;
      return this.#linearRegExp().exec(text);
    }
    const start = performance.now();
    const match = this.#usual.exec(text);
    // A busy machine looks the same as a slow pattern, so this is for a while only.
    if (performance.now() - start > SLOW_MS) this.#linearTexts = LINEAR_TEXTS;
    return match;
  }

  test(text: string): boolean {
    return this.exec(text) !== null;
  }

  #linearRegExp(): RegExp {
    if (!this.#linear) {
      // Allows the flag `l`; regular expressions without it are as before.
      setFlagsFromString('--enable-experimental-regexp-engine');
      this.#linear = new RegExp(this.#source, LINEAR);
    }
    return this.#linear;
  }
}

/**
 * Matches with V8's engine. A text in ASCII is looked at byte by byte, and its groups become ranges of it; any other is
 * decoded, and its groups are texts.
 */
export class EngineRegex implements CompiledRegex {
  readonly names: readonly string[];
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: (string | undefined)[];
  readonly #ascii: BoundedRegExp;
  readonly #unicode: BoundedRegExp;

  constructor(names: readonly string[], ascii: string, unicode: string) {
    this.names = names;
    this.starts = new Int32Array(names.length);
    this.sizes = new Int32Array(names.length);
    this.texts = names.map(() => undefined);
    this.#ascii = new BoundedRegExp(ascii);
    this.#unicode = new BoundedRegExp(unicode);
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
