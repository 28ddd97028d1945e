import { ANY, between, type CharSet } from './char-set.ts';
import { groupNames, type Node } from './syntax.ts';

/** Which texts a printed pattern is for: Latin-1 ones byte by byte, or any in UTF-16. */
export type Alphabet = 'ascii' | 'unicode';

/**
 * V8's engine without backtracking repeats the body of a counted repetition so often as the count says, and refuses a
 * pattern where the counts of nested repetitions multiply to more. It is what keeps time linear when the usual engine
 * gives up, so every pattern has to stay below.
 */
const REPLICATION_MAX = 16;
// Repetitions written out one by one make long patterns.
const PATTERN_LENGTH_MAX = 100_000;

const SURROGATE_FIRST = 0xd800;
const SURROGATE_LAST = 0xdfff;

/**
 * Writes a tree as a JavaScript pattern without flags; only groups with names capture. Code points beyond 16 bits become
 * pairs of surrogates, so that the `u` flag is not needed: with it, or with `i`, V8 has no protection against exploding
 * patterns. Throws RangeError for a pattern that cannot be brought into protected form.
 */
export function printRegex(node: Node, alphabet: Alphabet): string {
  return print(node, alphabet).text;
}

/** A part of a pattern, and how often V8 would write out what it repeats most. */
interface Printed {
  readonly text: string;
  readonly replication: number;
}

function print(node: Node, alphabet: Alphabet): Printed {
  switch (node.kind) {
    case 'chars':
      return { text: printSet(node.set, alphabet), replication: 1 };
    case 'assert':
      return { text: ASSERTS[node.what], replication: 1 };
    case 'group': {
      const body = print(node.body, alphabet);
      return { text: node.name === undefined ? `(?:${body.text})` : `(${body.text})`, replication: body.replication };
    }
    case 'sequence':
      return join(node.parts, alphabet, '', (part, text) => (part.kind === 'choice' ? `(?:${text})` : text));
    case 'choice':
      return join(node.parts, alphabet, '|', (_, text) => text);
    case 'repeat':
      return printRepeat(node, alphabet);
  }
}

function join(parts: readonly Node[], alphabet: Alphabet, separator: string, wrap: (part: Node, text: string) => string): Printed {
  let replication = 1;
  const texts: string[] = [];
  for (const part of parts) {
    const printed = print(part, alphabet);
    texts.push(wrap(part, printed.text));
    replication = Math.max(replication, printed.replication);
  }
  return { text: texts.join(separator), replication };
}

const ASSERTS = {
  start: '^',
  end: '$',
  lineStart: '(?m:^)',
  lineEnd: '(?m:$)',
  boundary: '\\b',
  noBoundary: '\\B',
} as const;

function printRepeat({ body, min, max, isLazy }: Extract<Node, { kind: 'repeat' }>, alphabet: Alphabet): Printed {
  const inner = print(body, alphabet);
  // JavaScript does not repeat assertions; once is as good as often.
  if (body.kind === 'assert') return { text: min === 0 ? '' : inner.text, replication: 1 };
  const text = body.kind === 'chars' && alphabet === 'ascii' ? inner.text : `(?:${inner.text})`;
  const lazy = isLazy ? '?' : '';
  const replication = inner.replication * (max === Infinity ? min + 1 : Math.max(max, 1));
  if (replication <= REPLICATION_MAX) return { text: `${text}${quantifier(min, max)}${lazy}`, replication };
  if (groupNames(body).some((name) => name !== undefined)) {
    throw new RangeError(`a named group inside a repetition of more than ${REPLICATION_MAX} times; repeat a part without a name`);
  }
  if (inner.replication === 1) return printInChunks(text, min, max, lazy);
  return printUnrolled(text, min, max, lazy, inner.replication);
}

function quantifier(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

/** A large count as several small ones in a row: the same texts match, and in the same order of preference. */
function printInChunks(text: string, min: number, max: number, lazy: string): Printed {
  const parts: string[] = [];
  for (let left = min; left > 0; left -= REPLICATION_MAX) parts.push(`${text}{${Math.min(left, REPLICATION_MAX)}}`);
  if (max === Infinity) parts.push(`${text}*${lazy}`);
  else for (let left = max - min; left > 0; left -= REPLICATION_MAX) parts.push(`${text}{0,${Math.min(left, REPLICATION_MAX)}}${lazy}`);
  return bounded(parts.join(''), REPLICATION_MAX);
}

/** The repetitions one by one; optional ones each inside the one before. */
function printUnrolled(text: string, min: number, max: number, lazy: string, replication: number): Printed {
  const required = text.repeat(min);
  const optional = max === Infinity ? `${text}*${lazy}` : `(?:${text}`.repeat(max - min) + `)?${lazy}`.repeat(max - min);
  return bounded(required + optional, replication);
}

function bounded(text: string, replication: number): Printed {
  if (text.length > PATTERN_LENGTH_MAX) throw new RangeError('the counted repetitions of the pattern multiply to too much');
  return { text, replication };
}

function printSet(set: CharSet, alphabet: Alphabet): string {
  if (alphabet === 'ascii') return printUnits(between(set, 0, 0xff));
  if (set.length === 2 && set[0] === ANY[0] && set[1] === ANY[1]) return '(?:[\\ud800-\\udbff][\\udc00-\\udfff]|[^])';
  const units = [...between(set, 0, SURROGATE_FIRST - 1), ...between(set, SURROGATE_LAST + 1, 0xffff)];
  const pairs = printPairs(between(set, 0x10000, 0x10ffff));
  const parts = units.length > 0 ? [...pairs, printUnits(units)] : pairs;
  if (parts.length === 0) return '[]';
  return parts.length === 1 ? (parts[0] as string) : `(?:${parts.join('|')})`;
}

/** Ranges beyond 16 bits as classes of a first surrogate followed by classes of a second. */
function printPairs(set: CharSet): string[] {
  const parts: string[] = [];
  for (let i = 0; i < set.length; i += 2) {
    let from = set[i] as number;
    const to = set[i + 1] as number;
    while (from <= to) {
      const high = highOf(from);
      const isFull = lowOf(from) === 0xdc00 && highOf(to) > high;
      // As many first surrogates as are full share one class.
      const lastHigh = isFull ? (lowOf(to) === SURROGATE_LAST ? highOf(to) : highOf(to) - 1) : high;
      const end = isFull ? pointOf(lastHigh, SURROGATE_LAST) : Math.min(to, pointOf(high, SURROGATE_LAST));
      parts.push(`${printUnits([high, lastHigh])}${printUnits([lowOf(from), lowOf(end)])}`);
      from = end + 1;
    }
  }
  return parts;
}

const highOf = (point: number): number => 0xd800 + ((point - 0x10000) >> 10);
const lowOf = (point: number): number => 0xdc00 + ((point - 0x10000) & 0x3ff);
const pointOf = (high: number, low: number): number => 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);

function printUnits(ranges: CharSet): string {
  if (ranges.length === 2 && ranges[0] === ranges[1]) return printUnit(ranges[0] as number, /[\^$\\.*+?()[\]{}|/]/);
  let inner = '';
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges[i] as number;
    const to = ranges[i + 1] as number;
    inner += printUnit(from, /[\^\\\-\]]/);
    if (to > from) inner += `${to > from + 1 ? '-' : ''}${printUnit(to, /[\^\\\-\]]/)}`;
  }
  return `[${inner}]`;
}

function printUnit(unit: number, escaped: RegExp): string {
  const character = String.fromCharCode(unit);
  if (unit >= 0x20 && unit < 0x7f) return escaped.test(character) ? `\\${character}` : character;
  return unit < 0x100 ? `\\x${unit.toString(16).padStart(2, '0')}` : `\\u${unit.toString(16).padStart(4, '0')}`;
}
