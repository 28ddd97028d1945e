import { compileRegex, type CompiledRegex } from '../operators/regex/compile.ts';
import { parseRegex } from '../operators/regex/parse.ts';
import type { Test } from './expression.ts';
import type { TextLocator } from './text-locator.ts';

/** A pattern in RE2's syntax that only says yes or no. Time is bounded, see the README of the operators. Throws RangeError. */
export function compileMatch(pattern: string): CompiledRegex {
  // By itself first, so that a message shows it as it was written.
  parseRegex(pattern);
  // A group around all, since patterns elsewhere have one at least.
  return compileRegex(`(?P<winnow_match>${pattern})`);
}

export function matchesText(regex: CompiledRegex, text: string): boolean {
  const bytes = Buffer.from(text);
  return regex.match(bytes, 0, bytes.length);
}

/** Answers from the bytes where the value is a text, and by `other` where it is something else. */
export function locatedTest(locator: TextLocator, test: (locator: TextLocator) => boolean, other: Test): Test {
  return (batch, row) => (locator.find(batch, row) ? test(locator) : other(batch, row));
}
