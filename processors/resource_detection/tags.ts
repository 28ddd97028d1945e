import { messageOf, type ConfigProblem } from '#component';
import { compilePattern } from '#operators';
import type { Found } from './surroundings.ts';

/** Says whether a tag is asked for: one of the patterns, in RE2 syntax, matches its name. */
export function tagFilter(patterns: readonly string[]): (name: string) => boolean {
  const compiled = patterns.map((pattern) => compilePattern(pattern).bounded);
  return (name) => compiled.some((regex) => regex.test(name));
}

/** Tags as attributes. */
export function tagAttributes(prefix: string, tags: Iterable<readonly [string, string]>): Found {
  return Object.fromEntries(Array.from(tags, ([name, value]) => [prefix + name, value]));
}

/** What a schema cannot say about `tags`. */
export function checkTags(path: string, patterns: readonly string[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, pattern] of patterns.entries()) {
    try {
      compilePattern(pattern);
    } catch (problem) {
      problems.push({ path: `${path}.${i}`, message: messageOf(problem) });
    }
  }
  return problems;
}
