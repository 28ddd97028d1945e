import { messageOf } from '#component';
import { DEPTH_MAX, type LogBatch } from '#model';
import type { CompiledRegex } from '../../operators/regex/compile.ts';
import type { Call, FunctionDefinition } from '../call.ts';
import type { Evaluate } from '../expression.ts';
import { compileGroups } from '../pattern.ts';
import { OttlProblem } from '../problem.ts';
import { describe, isList, isMap, toInt, toMap, type Value, type ValueMap } from '../value.ts';
import { compileGrok } from './grok.ts';
import { CSV_MODES, splitCsv } from './csv.ts';
import { parseSeverityMapping } from './severity.ts';
import { patternOf } from './text.ts';

export const PARSERS: Readonly<Record<string, FunctionDefinition>> = {
  ParseJSON: {
    parameters: ['target'],
    jsonText: (call) => call.expression('target').path?.locator?.(),
    compile: (call) => {
      const text = call.text('target');
      return (batch, row) => parseJson(text(batch, row));
    },
  },
  ParseKeyValue: {
    parameters: ['target', 'delimiter?', 'pair_delimiter?'],
    compile: (call) => {
      const text = call.text('target');
      const delimiter = call.constantText('delimiter', '=');
      const pairDelimiter = call.constantText('pair_delimiter', ' ');
      if (delimiter === '' || pairDelimiter === '') call.fail(delimiter === '' ? 'delimiter' : 'pair_delimiter', 'must not be empty');
      if (delimiter === pairDelimiter) call.fail('pair_delimiter', 'must differ from delimiter');
      return (batch, row) => parseKeyValue(text(batch, row), delimiter, pairDelimiter);
    },
  },
  ParseCSV: { parameters: ['target', 'headers', 'delimiter?', 'headerDelimiter?', 'mode?'], compile: compileParseCsv },
  ExtractPatterns: {
    parameters: ['target', 'pattern'],
    compile: (call) => compileExtract(call, patternOf(call, 'pattern', compileGroups)),
  },
  ExtractGrokPatterns: { parameters: ['target', 'pattern', 'namedCapturesOnly?', 'patternDefinitions?'], compile: compileGrokCall },
  ParseSeverity: {
    parameters: ['target', 'severityMapping'],
    compile: (call) => {
      const target = call.value('target');
      const { isConstant, constant = null } = call.expression('severityMapping');
      const levelOf = isConstant ? parseSeverityMapping(constant) : undefined;
      if (!levelOf)
        return call.fail('severityMapping', 'must be a map such as {"info": [{"equals": ["inf"]}, {"range": {"min": 200, "max": 299}}]}');
      return (batch, row) => levelOf(target(batch, row));
    },
  },
  URL: {
    parameters: ['url_string'],
    compile: (call) => {
      const text = call.text('url_string');
      return (batch, row) => parseUrl(text(batch, row));
    },
  },
};

// Integers that a double does not hold need the text they were written in.
const LONG_NUMBER = /[0-9]{16}/;
// A text of this length cannot nest deeper than is allowed.
const FLAT_LENGTH_MAX = DEPTH_MAX * 2;

function parseJson(text: string): Value {
  // Most of what is no JSON is told by its first character, at a tenth of what a thrown SyntaxError costs.
  if (!/^\s*[[{]/.test(text)) throw new OttlProblem(`ParseJSON: target must hold an object or an array, got ${describe(text)}`);
  let value: unknown;
  try {
    value = LONG_NUMBER.test(text) ? JSON.parse(text, exactNumbers) : JSON.parse(text);
  } catch (problem) {
    throw new OttlProblem(`ParseJSON: target is no JSON: ${messageOf(problem)}`);
  }
  if (typeof value !== 'object' || value === null)
    throw new OttlProblem(`ParseJSON: target must hold an object or an array, got ${text.slice(0, 40)}`);
  if (text.length > FLAT_LENGTH_MAX) checkDepth(value as Value, 0);
  return value as Value;
}

function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?[0-9]{1,19}$/.test(source)
    ? exactInt(source, value)
    : value;
}

function exactInt(source: string, value: number): number | bigint {
  const exact = BigInt(source);
  return BigInt.asIntN(64, exact) === exact ? toInt(exact) : value;
}

function checkDepth(value: Value, depth: number): void {
  if (depth > DEPTH_MAX) throw new OttlProblem(`ParseJSON: values are nested deeper than ${DEPTH_MAX}`);
  if (isList(value)) for (const item of value) checkDepth(item, depth + 1);
  else if (isMap(value)) for (const key in value) checkDepth(value[key] ?? null, depth + 1);
}

/** Texts in quotes hold delimiters; the quotes are left out. */
function parseKeyValue(text: string, delimiter: string, pairDelimiter: string): ValueMap {
  if (text === '') throw new OttlProblem('ParseKeyValue: target is empty');
  return toMap(
    splitQuoted(text, pairDelimiter).map((pair): [string, string] => {
      const at = pair.indexOf(delimiter);
      if (at < 0) throw new OttlProblem(`ParseKeyValue: there is no "${delimiter}" in ${describe(pair)}`);
      return [unquoted(pair.slice(0, at).trim()), unquoted(pair.slice(at + delimiter.length).trim())];
    }),
  );
}

function splitQuoted(text: string, delimiter: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (text.startsWith(delimiter, at)) {
      parts.push(text.slice(from, at));
      from = at + delimiter.length;
      at = from - 1;
    }
  }
  if (quote !== '') throw new OttlProblem('ParseKeyValue: target has a quote without its end');
  parts.push(text.slice(from));
  return parts.filter((part) => part.trim() !== '');
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text;
}

function compileParseCsv(call: Call): Evaluate {
  const text = call.text('target');
  const headers = call.text('headers');
  const delimiter = call.constantText('delimiter', ',');
  const headerDelimiter = call.constantText('headerDelimiter', delimiter);
  const mode = CSV_MODES.find((name) => name === call.constantText('mode', 'strict'));
  if (mode === undefined) return call.fail('mode', `must be one of ${CSV_MODES.join(', ')}`);
  for (const name of ['delimiter', 'headerDelimiter'] as const) {
    if (Array.from(call.constantText(name, ',')).length !== 1) call.fail(name, 'must be a single character');
  }
  return (batch, row) => {
    const names = headers(batch, row).split(headerDelimiter);
    const values = splitCsv(text(batch, row).replace(/^[\r\n]+|[\r\n]+$/g, ''), delimiter, mode);
    if (values.length !== names.length) throw new OttlProblem(`ParseCSV: expected ${names.length} fields, got ${values.length}`);
    return toMap(names.map((name, i) => [name, values[i] ?? '']));
  };
}

/** Reads the groups from the bytes where the target is a text of the record. */
function compileExtract(call: Call, regex: CompiledRegex): Evaluate {
  const text = call.text('target');
  const locator = call.expression('target').path?.locator?.();
  return (batch, row) => {
    if (locator?.find(batch, row)) return groupsOf(regex, locator.bytes, locator.from, locator.to);
    const bytes = Buffer.from(text(batch, row));
    return groupsOf(regex, bytes, 0, bytes.length);
  };
}

function groupsOf(regex: CompiledRegex, bytes: Buffer, from: number, to: number): ValueMap {
  if (!regex.match(bytes, from, to)) return {};
  return toMap(
    regex.names.map((name, group): [string, string] => {
      const start = regex.starts[group] as number;
      return [name, start < 0 ? (regex.texts[group] ?? '') : bytes.toString('utf8', start, start + (regex.sizes[group] as number))];
    }),
  );
}

function compileGrokCall(call: Call): Evaluate {
  const definitions = call.constantTexts('patternDefinitions');
  const isNamedOnly = call.constantBool('namedCapturesOnly', false);
  const { regex, finish } = patternOf(call, 'pattern', (pattern) => compileGrok(pattern, definitions, isNamedOnly));
  const extract = compileExtract(call, regex);
  return (batch: LogBatch, row: number) => finish(extract(batch, row) as ValueMap);
}

const URL_PARTS =
  /^(?:([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?:([^/?#@]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::([0-9]*))?(?![^/?#])|(?!\/\/))|(?=\/(?!\/)))([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** Of a whole URL, or of a path that begins with a slash, as in a line of an access log. */
function parseUrl(text: string): ValueMap {
  const match = URL_PARTS.exec(text);
  if (!match) throw new OttlProblem(`URL: ${describe(text)} is no URL`);
  const [, scheme = '', userInfo, domain = '', port = '', path = '', query = '', fragment = ''] = match;
  const extension = /\.([^./]+)$/.exec(path)?.[1];
  const [username = '', password] = (userInfo ?? '').split(/:(.*)/s);
  const optional: readonly (readonly [string, Value])[] = [
    ['url.fragment', fragment],
    ['url.extension', extension ?? ''],
    ['url.query', query],
    ['url.port', port === '' ? '' : Number(port)],
    ['url.user_info', userInfo ?? ''],
    ['url.username', username],
    ['url.password', password ?? ''],
  ];
  return toMap([
    ['url.original', text],
    ['url.scheme', scheme],
    ['url.domain', domain.replace(/^\[|\]$/g, '')],
    ['url.path', path],
    ...optional.filter(([, value]) => value !== ''),
  ]);
}
