/** A set of code points as sorted, separate ranges: [from, to, from, to, …], both ends included. */
export type CharSet = readonly number[];

const POINT_MAX = 0x10ffff;
export const ANY: CharSet = [0, POINT_MAX];

/** Sorts and joins ranges given in any order. */
export function charSet(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number]);
  pairs.sort((a, b) => a[0] - b[0]);
  const joined: number[] = [];
  for (const [from, to] of pairs) {
    const last = joined.length - 1;
    if (last > 0 && from <= (joined[last] as number) + 1) joined[last] = Math.max(joined[last] as number, to);
    else joined.push(from, to);
  }
  return joined;
}

export function union(...sets: readonly CharSet[]): CharSet {
  return charSet(sets.flat());
}

export function complement(set: CharSet): CharSet {
  const ranges: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if ((set[i] as number) > next) ranges.push(next, (set[i] as number) - 1);
    next = (set[i + 1] as number) + 1;
  }
  if (next <= POINT_MAX) ranges.push(next, POINT_MAX);
  return ranges;
}

/** The part of the set between two code points. */
export function between(set: CharSet, from: number, to: number): CharSet {
  const ranges: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    const low = Math.max(set[i] as number, from);
    const high = Math.min(set[i + 1] as number, to);
    if (low <= high) ranges.push(low, high);
  }
  return ranges;
}

function has(set: CharSet, point: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (point >= (set[i] as number) && point <= (set[i + 1] as number)) return true;
  return false;
}

export function overlaps(a: CharSet, b: CharSet): boolean {
  for (let i = 0; i < a.length; i += 2) if (between(b, a[i] as number, a[i + 1] as number).length > 0) return true;
  return false;
}

let casePairs: readonly (readonly [number, number])[] | undefined;

/** The set with every letter in both cases. */
export function foldCase(set: CharSet): CharSet {
  casePairs ??= findCasePairs();
  let folded = set;
  // Twice: a letter with three forms (k, K, the Kelvin sign) is reached over its second.
  for (let round = 0; round < 2; round++) {
    const added: number[] = [];
    for (const [a, b] of casePairs) {
      const hasA = has(folded, a);
      if (hasA !== has(folded, b)) added.push(hasA ? b : a, hasA ? b : a);
    }
    if (added.length > 0) folded = union(folded, added);
  }
  return folded;
}

function findCasePairs(): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  // No letter above this has two cases.
  for (let point = 0x41; point <= 0x1e943; point++) {
    const text = String.fromCodePoint(point);
    for (const other of [text.toLowerCase(), text.toUpperCase()]) {
      const twin = other.codePointAt(0);
      if (other !== text && twin !== undefined && String.fromCodePoint(twin) === other) pairs.push([point, twin]);
    }
  }
  return pairs;
}

/** The set of a Unicode property such as `L`, `Lu` or `Greek`. Throws RangeError when there is none. */
export function propertySet(name: string): CharSet {
  const known = properties.get(name);
  if (known) return known;
  const test = propertyTest(name);
  const ranges: number[] = [];
  for (let point = 0; point <= POINT_MAX; point++) {
    if (point === 0xd800) point = 0xe000;
    if (!test.test(String.fromCodePoint(point))) continue;
    const last = ranges.length - 1;
    if (last > 0 && ranges[last] === point - 1) ranges[last] = point;
    else ranges.push(point, point);
  }
  properties.set(name, ranges);
  return ranges;
}

const properties = new Map<string, CharSet>();

function propertyTest(name: string): RegExp {
  for (const form of [`\\p{${name}}`, `\\p{Script=${name}}`]) {
    try {
      if (/^\w+$/.test(name)) return new RegExp(form, 'u');
    } catch {
      // Neither a general category nor a script: told below.
    }
  }
  throw new RangeError(`there is no Unicode class "${name}"`);
}

const range = (text: string): CharSet => charSet(Array.from(text.replaceAll('-', ''), (character) => character.codePointAt(0) ?? 0));

const DIGIT = range('0-9');
const UPPER = range('A-Z');
const LOWER = range('a-z');
const WORD = union(DIGIT, UPPER, LOWER, [0x5f, 0x5f]);

/** `\d`, `\s`, `\w` of RE2: ASCII only, and `\s` without the vertical tab. */
export const PERL: Readonly<Record<string, CharSet>> = { d: DIGIT, s: [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20], w: WORD };

/** The classes written `[:alpha:]`. */
export const POSIX: Readonly<Record<string, CharSet>> = {
  alnum: union(DIGIT, UPPER, LOWER),
  alpha: union(UPPER, LOWER),
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGIT,
  graph: [0x21, 0x7e],
  lower: LOWER,
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: UPPER,
  word: WORD,
  xdigit: union(DIGIT, range('A-F'), range('a-f')),
};
