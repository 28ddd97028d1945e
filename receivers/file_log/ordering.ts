import { compilePattern, type Pattern } from '#operators';
import type { OrderingCriteria, SortRule } from './config.ts';

export interface OrderedFile {
  readonly path: string;
  readonly mtimeMs: number;
}

type Captured = OrderedFile & { readonly groups: Readonly<Record<string, string>> };

/** Picks the files to read, in the manner of the Collector: groups, sorts, keeps the first `top_n` of each group. */
export class Ordering {
  readonly #criteria: OrderingCriteria;
  readonly #regex: Pattern | undefined;
  readonly #groupBy: Pattern | undefined;
  readonly needsTimes: boolean;

  constructor(criteria: OrderingCriteria) {
    this.#criteria = criteria;
    this.#regex = criteria.regex ? compilePattern(criteria.regex) : undefined;
    this.#groupBy = criteria.group_by ? compilePattern(withNamedGroup(criteria.group_by)) : undefined;
    this.needsTimes = criteria.sort_by.some((rule) => rule.sort_type === 'mtime');
  }

  choose(files: readonly OrderedFile[]): string[] {
    const groups = new Map<string, Captured[]>();
    for (const file of files) {
      const match = this.#regex?.regex.exec(file.path);
      if (this.#regex && !match) continue;
      const group = this.#groupBy?.regex.exec(file.path);
      if (group === null) continue;
      const key = group?.[1] ?? '';
      const members = groups.get(key) ?? [];
      if (members.length === 0) groups.set(key, members);
      members.push({ ...file, groups: namedGroups(this.#regex, match) });
    }
    const chosen: string[] = [];
    for (const members of groups.values()) {
      for (const { path } of this.#best(members)) chosen.push(path);
    }
    return chosen;
  }

  #best(members: readonly Captured[]): readonly Captured[] {
    const rules = this.#criteria.sort_by;
    if (rules.length === 0) return members;
    let sorted = members;
    // From the last rule to the first: sorting is stable, so the first decides.
    for (const rule of rules.toReversed()) {
      sorted = sorted.toSorted((a, b) => compare(keyFor(rule, a), keyFor(rule, b)) * (rule.ascending ? 1 : -1));
    }
    return sorted.slice(0, this.#criteria.top_n || 1);
  }
}

function keyFor(rule: SortRule, file: Captured): number | string {
  const text = file.groups[rule.regex_key ?? ''] ?? '';
  switch (rule.sort_type) {
    case 'mtime':
      return file.mtimeMs;
    case 'numeric':
      return Number.parseInt(text, 10) || 0;
    case 'timestamp':
      return parseTimestamp(text, rule.layout ?? '');
    default:
      return text;
  }
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function namedGroups(pattern: Pattern | undefined, match: RegExpExecArray | null | undefined): Record<string, string> {
  return Object.fromEntries(pattern?.names.map((name, index) => [name, match?.[index + 1] ?? '']) ?? []);
}

/** A pattern keeps its named groups only; the group that is asked for here seldom has a name. */
function withNamedGroup(pattern: string): string {
  return pattern.replace(/^((?:\\.|[^\\([]|\[(?:\\.|[^\]\\])*\])*)\((?!\?)/s, '$1(?P<group>');
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Milliseconds of a time in a file name. Only the order matters, and all names of a group are in one zone, so the zone is
 * not looked at.
 */
export function parseTimestamp(text: string, layout: string): number {
  const parts = { Y: 1970, m: 1, d: 1, H: 0, M: 0, S: 0, ms: 0 };
  let at = 0;
  for (let i = 0; i < layout.length; i++) {
    if (layout[i] !== '%') {
      at++;
      continue;
    }
    const directive = layout[++i] ?? '';
    const rest = text.slice(at);
    const digits = (count: number): number => {
      const found = new RegExp(`^\\d{1,${count}}`).exec(rest)?.[0] ?? '';
      at += found.length;
      return Number(found);
    };
    if (directive === 'Y') parts.Y = digits(4);
    else if (directive === 'y') parts.Y = 2000 + digits(2);
    else if (directive === 'm') parts.m = digits(2);
    else if (directive === 'd' || directive === 'e') parts.d = digits(2);
    else if (directive === 'H' || directive === 'I') parts.H = digits(2);
    else if (directive === 'M') parts.M = digits(2);
    else if (directive === 'S') parts.S = digits(2);
    else if (directive === 'L') parts.ms = digits(3);
    else if (directive === 's') return digits(12) * 1000;
    else if (directive === 'b' || directive === 'h') {
      parts.m = MONTHS.indexOf(rest.slice(0, 3).toLowerCase()) + 1;
      at += 3;
    } else if (directive === 'j') parts.d = digits(3);
    else at++;
  }
  return Date.UTC(parts.Y, parts.m - 1, parts.d, parts.H, parts.M, parts.S, parts.ms);
}

/** True when the file has not been written for longer than `olderMs`, and there is such a bound. */
export function isTooOld(mtimeMs: number, nowMs: number, olderMs: number): boolean {
  return olderMs > 0 && nowMs - mtimeMs > olderMs;
}
