import { compilePattern } from '#operators';

/** A pattern of `multiline`: RE2's notation, `^` and `$` at every line, searched for from any place. */
export function compileMultiline(pattern: string): RegExp {
  const { regex } = compilePattern(`(?m)${pattern}`);
  return new RegExp(regex.source, regex.flags.includes('g') ? regex.flags : `${regex.flags}g`);
}
