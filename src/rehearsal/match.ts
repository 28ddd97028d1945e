import { isDeepStrictEqual } from 'node:util';
import type { PlainRecord } from '../pipeline/index.ts';
import { parseSeverity, saySeverity } from './record.ts';

/** The fields an expectation names; those it does not name may be anything. */
export type ExpectedRecord = Readonly<Record<string, unknown>>;

export interface Difference {
  /** `body`, or `attributes["http.status_code"]`. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

const MAPS: ReadonlySet<string> = new Set(['attributes', 'resource']);

/** Where a record is not what was expected; empty when it is. */
export function compareRecord(expected: ExpectedRecord, actual: PlainRecord): Difference[] {
  const differences: Difference[] = [];
  const fields: Readonly<Record<string, unknown>> = { ...actual };
  for (const [field, wanted] of Object.entries(expected)) {
    const got = fields[field];
    if (MAPS.has(field)) differences.push(...compareMap(field, wanted, got));
    else if (!isMatch(wanted, got, field))
      differences.push({ field, expected: say(wanted), actual: say(field === 'severity' ? saySeverity(Number(got)) : got) });
  }
  return differences;
}

function* compareMap(field: string, wanted: unknown, got: unknown): Generator<Difference> {
  const actual = isMap(got) ? got : {};
  for (const [key, value] of Object.entries(isMap(wanted) ? wanted : {})) {
    const own = Object.hasOwn(actual, key) ? actual[key] : undefined;
    if (!isMatch(value, own, field))
      yield { field: `${field}[${JSON.stringify(key)}]`, expected: say(value), actual: own === undefined ? 'nothing' : say(own) };
  }
}

type Matcher = (argument: unknown, actual: unknown) => boolean;

/** What may stand in place of a value. */
const MATCHERS: Readonly<Record<string, Matcher>> = {
  $matches: (pattern, actual) => typeof actual === 'string' && new RegExp(String(pattern), 'u').test(actual),
  $contains: (part, actual) =>
    typeof actual === 'string'
      ? actual.includes(String(part))
      : Array.isArray(actual) && actual.some((item) => isDeepStrictEqual(item, part)),
  $exists: (isWanted, actual) => (actual !== undefined && actual !== null && actual !== '') === isWanted,
  $at_least: (bound, actual) => typeof actual === 'number' && actual >= Number(bound),
  $at_most: (bound, actual) => typeof actual === 'number' && actual <= Number(bound),
};

/** Names that look like a matcher and are none, such as `$match`. */
export function unknownMatchers(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(unknownMatchers);
  if (!isMap(value)) return [];
  const own = Object.keys(value).filter((key) => key.startsWith('$') && !Object.hasOwn(MATCHERS, key));
  return [...own, ...Object.values(value).flatMap(unknownMatchers)];
}

export const MATCHER_NAMES: readonly string[] = Object.keys(MATCHERS);

function isMatch(wanted: unknown, actual: unknown, field: string): boolean {
  if (isMatcher(wanted)) return Object.entries(wanted).every(([name, argument]) => MATCHERS[name]?.(argument, actual) ?? false);
  if (field === 'severity' && (typeof wanted === 'string' || typeof wanted === 'number')) return parseSeverity(wanted) === actual;
  if (field.endsWith('time') && typeof wanted === 'string' && typeof actual === 'string') return isSameTime(wanted, actual);
  return isDeepStrictEqual(wanted, actual);
}

function isSameTime(wanted: string, actual: string): boolean {
  return wanted === actual || Date.parse(wanted) === Date.parse(actual);
}

function isMatcher(value: unknown): value is Readonly<Record<string, unknown>> {
  return isMap(value) && Object.keys(value).length > 0 && Object.keys(value).every((key) => Object.hasOwn(MATCHERS, key));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SHOWN_MAX = 400;

/** A value as a reader of the report sees it, in one line. */
export function say(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}… (${text.length} characters)` : text;
}

/** Which of the records each expectation took, by index; -1 for none. */
export function pairUp(expected: readonly ExpectedRecord[], actual: readonly PlainRecord[], isOrdered: boolean): number[] {
  return isOrdered ? pairInOrder(expected, actual) : pairFreely(expected, actual);
}

/** The longest common subsequence. */
function pairInOrder(expected: readonly ExpectedRecord[], actual: readonly PlainRecord[]): number[] {
  const matches = expected.map((wanted) => actual.map((record) => compareRecord(wanted, record).length === 0));
  const lengths = Array.from({ length: expected.length + 1 }, () => new Uint32Array(actual.length + 1));
  const length = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      const row = lengths[i] as Uint32Array;
      row[j] = matches[i]?.[j] ? 1 + length(i + 1, j + 1) : Math.max(length(i + 1, j), length(i, j + 1));
    }
  }
  const pairs: number[] = expected.map(() => -1);
  for (let i = 0, j = 0; i < expected.length && j < actual.length;) {
    if (matches[i]?.[j] && length(i, j) === 1 + length(i + 1, j + 1)) pairs[i++] = j++;
    else if (length(i + 1, j) >= length(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** As many pairs as possible: an expectation that could take several records leaves to another the only one it can. */
function pairFreely(expected: readonly ExpectedRecord[], actual: readonly PlainRecord[]): number[] {
  const takenBy: number[] = actual.map(() => -1);
  const tryToPair = (i: number, seen: Set<number>): boolean => {
    for (const [j, record] of actual.entries()) {
      if (seen.has(j) || compareRecord(expected[i] ?? {}, record).length > 0) continue;
      seen.add(j);
      const other = takenBy[j] ?? -1;
      if (other < 0 || tryToPair(other, seen)) {
        takenBy[j] = i;
        return true;
      }
    }
    return false;
  };
  for (const i of expected.keys()) tryToPair(i, new Set());
  return expected.map((_, i) => takenBy.indexOf(i));
}
