import { compileRegex, type CompiledRegex } from '../operators/regex/compile.ts';
import { LengthGuard, QUICK_LENGTH_MAX } from '../operators/regex/length-guard.ts';
import { parseRegex } from '../operators/regex/parse.ts';
import type { Test } from './expression.ts';
import { OttlProblem } from './problem.ts';
import type { TextLocator } from './text-locator.ts';

/** A pattern in RE2's syntax with named groups. `match` throws OttlProblem for a text that is too long. Throws RangeError. */
export function compileGroups(pattern: string): CompiledRegex {
  return new GuardedRegex(compileRegex(pattern));
}

/** A pattern that only says yes or no. Throws RangeError. */
export function compileMatch(pattern: string): CompiledRegex {
  // By itself first, so that a message shows it as it was written.
  parseRegex(pattern);
  // A group around all, since patterns elsewhere have one at least.
  return compileGroups(`(?P<winnow_match>${pattern})`);
}

class GuardedRegex implements CompiledRegex {
  readonly names: readonly string[];
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  readonly texts: readonly (string | undefined)[];
  readonly #regex: CompiledRegex;
  readonly #guard = new LengthGuard(OttlProblem);

  constructor(regex: CompiledRegex) {
    this.names = regex.names;
    this.starts = regex.starts;
    this.sizes = regex.sizes;
    this.texts = regex.texts;
    this.#regex = regex;
  }

  match(bytes: Buffer, from: number, to: number): boolean {
    if (to - from <= QUICK_LENGTH_MAX) return this.#regex.match(bytes, from, to);
    return this.#guard.run(to - from, () => this.#regex.match(bytes, from, to));
  }
}

export function matchesText(regex: CompiledRegex, text: string): boolean {
  const bytes = Buffer.from(text);
  return regex.match(bytes, 0, bytes.length);
}

/** Answers from the bytes where the value is a text, and by `other` where it is something else. */
export function locatedTest(locator: TextLocator, test: (locator: TextLocator) => boolean, other: Test): Test {
  return (batch, row) => (locator.find(batch, row) ? test(locator) : other(batch, row));
}
