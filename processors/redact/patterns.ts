import { setFlagsFromString } from 'node:v8';
import { messageOf } from '#component';
import { compilePattern } from '#operators';

// V8's usual engine may take time with the square of the length, 5 ms for this one. Longer texts go to its engine without
// backtracking, which is slower for each byte and linear.
const QUICK_LENGTH_MAX = 2048;
/** The flag of that engine, unknown to others. */
const LINEAR: string = 'l';

/** A pattern in RE2's syntax that finds all its places in a text, in bounded time. */
export class TextPattern {
  readonly #source: string;
  readonly #quick: RegExp;
  #linear: RegExp | undefined;

  /** Throws RangeError when it cannot be read. */
  constructor(pattern: string) {
    this.#quick = new RegExp(compilePattern(pattern).regex.source, 'g');
    this.#source = this.#quick.source;
  }

  test(text: string): boolean {
    const regex = this.#of(text);
    regex.lastIndex = 0;
    return regex.test(text);
  }

  /** The text with each place replaced. A place that is empty stays. */
  replace(text: string, replacement: (found: string) => string): string {
    const regex = this.#of(text);
    regex.lastIndex = 0;
    return regex.test(text) ? text.replace(regex, (found: string) => (found === '' ? '' : replacement(found))) : text;
  }

  #of(text: string): RegExp {
    if (text.length <= QUICK_LENGTH_MAX) return this.#quick;
    if (!this.#linear) {
      // Allows the flag; regular expressions without it are as before.
      setFlagsFromString('--enable-experimental-regexp-engine');
      this.#linear = new RegExp(this.#source, `g${LINEAR}`);
    }
    return this.#linear;
  }
}

/** What is wrong with a pattern, or undefined. */
export function problemOf(pattern: string): string | undefined {
  try {
    void new TextPattern(pattern);
    return undefined;
  } catch (problem) {
    return messageOf(problem);
  }
}
