import { BoundedRegExp } from './engine.ts';
import { parseRegex } from './parse.ts';
import { printRegex } from './print.ts';
import { groupNames } from './syntax.ts';

/** A regular expression over text, with or without groups. Unanchored, as RE2's are. */
export interface Pattern {
  readonly regex: RegExp;
  /** The same for texts that may be long: its time is bounded. */
  readonly bounded: Pick<RegExp, 'exec' | 'test'>;
  /** One entry for each group of `regex`. */
  readonly names: readonly string[];
  /** True when the pattern has groups without a name; they are not in `regex`. */
  readonly hasUnnamedGroups: boolean;
}

/** Compiles a pattern in RE2's syntax. Throws RangeError. */
export function compilePattern(pattern: string): Pattern {
  const tree = parseRegex(pattern);
  const groups = groupNames(tree);
  const names = groups.filter((name) => name !== undefined);
  const source = printRegex(tree, 'unicode');
  return { regex: new RegExp(source), bounded: new BoundedRegExp(source), names, hasUnnamedGroups: names.length < groups.length };
}
