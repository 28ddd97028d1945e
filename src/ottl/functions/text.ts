import type { LogBatch } from '#model';
import type { Call, FunctionDefinition } from '../call.ts';
import { isEqual } from '../compare.ts';
import type { Evaluate } from '../expression.ts';
import { Finder } from '../finder.ts';
import { compileMatch, locatedTest, matchesText } from '../pattern.ts';
import { OttlProblem } from '../problem.ts';
import { hasBytesAt } from '../text-locator.ts';
import { describe, isList, isMap, toText, type Value } from '../value.ts';
import { formatText } from './format.ts';

/** A function of one text. */
function ofText(convert: (text: string) => Value): FunctionDefinition {
  return {
    parameters: ['target'],
    compile: (call) => {
      const text = call.text('target');
      return (batch, row) => convert(text(batch, row));
    },
  };
}

/** A function of two texts. */
function ofTexts(first: string, second: string, convert: (one: string, other: string) => Value): FunctionDefinition {
  return {
    parameters: [first, second],
    compile: (call) => {
      const one = call.text(first);
      const other = call.text(second);
      return (batch, row) => convert(one(batch, row), other(batch, row));
    },
  };
}

const CASES: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  snake: toSnakeCase,
  camel: toCamelCase,
};

export const TEXT_CONVERTERS: Readonly<Record<string, FunctionDefinition>> = {
  IsMatch: { parameters: ['target', 'pattern'], compile: compileIsMatch },
  HasPrefix: { parameters: ['value', 'prefix'], compile: (call) => affix(call, 'prefix') },
  HasSuffix: { parameters: ['value', 'suffix'], compile: (call) => affix(call, 'suffix') },
  Concat: { parameters: ['values', 'delimiter'], compile: compileConcat },
  Split: ofTexts('target', 'delimiter', (text, delimiter) => (delimiter === '' ? Array.from(text) : text.split(delimiter))),
  Substring: { parameters: ['target', 'start', 'length', 'utf8_safe?'], compile: compileSubstring },
  Trim: {
    parameters: ['target', 'replacement?'],
    compile: (call) => {
      const text = call.text('target');
      const characters = new Set(call.constantText('replacement', ' '));
      return (batch, row) => trimmed(Array.from(text(batch, row)), characters);
    },
  },
  TrimPrefix: ofTexts('value', 'prefix', (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  TrimSuffix: ofTexts('value', 'suffix', (text, suffix) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
  ToLowerCase: ofText((text) => text.toLowerCase()),
  ToUpperCase: ofText((text) => text.toUpperCase()),
  ToSnakeCase: ofText(toSnakeCase),
  ToCamelCase: ofText(toCamelCase),
  ConvertCase: {
    parameters: ['target', 'toCase'],
    compile: (call) => {
      const text = call.text('target');
      const convert = CASES[call.constantText('toCase')] ?? call.fail('toCase', `must be one of ${Object.keys(CASES).join(', ')}`);
      return (batch, row) => convert(text(batch, row));
    },
  },
  Format: {
    parameters: ['formatString', 'formatArguments'],
    compile: (call) => {
      const format = call.text('formatString');
      const values = call.list('formatArguments');
      return (batch, row) => formatText(format(batch, row), values(batch, row));
    },
  },
  Len: { parameters: ['target'], compile: compileLen },
  Index: {
    parameters: ['target', 'value'],
    compile: (call) => {
      const target = call.value('target');
      const value = call.value('value');
      return (batch, row) => indexOf(target(batch, row), value(batch, row));
    },
  },
};

function compileIsMatch(call: Call): Evaluate {
  const regex = patternOf(call, 'pattern', compileMatch);
  const { evaluate, path } = call.expression('target');
  const locator = path?.locator?.();
  const general = (batch: LogBatch, row: number): boolean => {
    const text = toText(evaluate(batch, row));
    return text !== null && matchesText(regex, text);
  };
  if (!locator) return general;
  const finder = Finder.of(call.constantText('pattern'), call.compilation.environment);
  if (!finder) return locatedTest(locator, ({ bytes, from, to }) => regex.match(bytes, from, to), general);
  return locatedTest(locator, (found) => finder.mayMatch(found) && regex.match(found.bytes, found.from, found.to), general);
}

function affix(call: Call, which: 'prefix' | 'suffix'): Evaluate {
  const value = call.text('value');
  const wanted = call.text(which);
  const { constant } = call.expression(which);
  const locator = call.expression('value').path?.locator?.();
  const general = (batch: LogBatch, row: number): boolean =>
    which === 'prefix' ? value(batch, row).startsWith(wanted(batch, row)) : value(batch, row).endsWith(wanted(batch, row));
  if (!locator || typeof constant !== 'string') return general;
  const bytes = Buffer.from(constant);
  return locatedTest(locator, (found) => hasBytesAt(found, bytes, which === 'prefix' ? found.from : found.to - bytes.length), general);
}

/** Lists and maps are left out, since they could make a text of any size; bytes are written in hexadecimal digits. */
function compileConcat(call: Call): Evaluate {
  const values = call.list('values');
  const delimiter = call.constantText('delimiter');
  const textOf = (value: Value): string => {
    if (value === null) return '<nil>';
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return isList(value) || isMap(value) ? '' : (toText(value) ?? '');
  };
  return (batch, row) => values(batch, row).map(textOf).join(delimiter);
}

function compileSubstring(call: Call): Evaluate {
  const target = call.text('target');
  const start = call.int('start');
  const length = call.int('length');
  const isSafe = call.constantBool('utf8_safe', false);
  return (batch, row) => {
    const bytes = Buffer.from(target(batch, row));
    let from = Number(start(batch, row));
    const count = Number(length(batch, row));
    let to = from + count;
    if (from < 0) throw new OttlProblem(`Substring: start must be at least 0, got ${from}`);
    if (count <= 0) throw new OttlProblem(`Substring: length must be greater than 0, got ${count}`);
    if (to > bytes.length) throw new OttlProblem(`Substring: start + length is ${to}, beyond the ${bytes.length} bytes of the text`);
    if (isSafe) {
      while (from < to && isContinuation(bytes[from])) from++;
      while (to > from && to < bytes.length && isContinuation(bytes[to])) to--;
    }
    return bytes.toString('utf8', from, to);
  };
}

/** True for a byte that belongs to the character before it. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function trimmed(text: readonly string[], characters: ReadonlySet<string>): string {
  let from = 0;
  let to = text.length;
  while (from < to && characters.has(text[from] as string)) from++;
  while (to > from && characters.has(text[to - 1] as string)) to--;
  return text.slice(from, to).join('');
}

function toSnakeCase(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[\s.-]+/g, '_')
    .toLowerCase();
}

function toCamelCase(text: string): string {
  return text.replace(/(?:^|[\s._-]+)([^\s._-]?)/g, (_, letter: string) => letter.toUpperCase());
}

/** Lengths and places in texts count bytes. */
function compileLen(call: Call): Evaluate {
  const { evaluate, path } = call.expression('target');
  const locator = path?.locator?.();
  return (batch, row) => {
    if (locator?.find(batch, row)) return locator.to - locator.from;
    const value = evaluate(batch, row);
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (isList(value) || value instanceof Uint8Array) return value.length;
    if (isMap(value)) return Object.keys(value).length;
    throw new OttlProblem(`Len: target must be a string, a list or a map, got ${describe(value)}`);
  };
}

function indexOf(target: Value, value: Value): number {
  if (isList(target)) return target.findIndex((item) => isEqual(item, value));
  if (typeof target !== 'string' || typeof value !== 'string') {
    throw new OttlProblem(`Index: target must be a list or, with a string to look for, a string, got ${describe(target)}`);
  }
  const at = target.indexOf(value);
  return at < 0 ? -1 : Buffer.byteLength(target.slice(0, at));
}

/** Compiles the pattern in an argument; what is wrong with it is told at its place. */
export function patternOf<Compiled>(call: Call, name: string, compile: (pattern: string) => Compiled): Compiled {
  const pattern = call.constantText(name);
  try {
    return compile(pattern);
  } catch (problem) {
    if (problem instanceof RangeError) return call.fail(name, `is no pattern: ${problem.message}`);
    throw problem;
  }
}
