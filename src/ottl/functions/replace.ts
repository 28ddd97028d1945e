import type { LogBatch } from '#model';
import { compileReplacer, type Replacer } from '../../operators/regex/replacer.ts';
import { Call, type FunctionDefinition } from '../call.ts';
import type { Path } from '../expression.ts';
import { Finder } from '../finder.ts';
import { compileMatch, matchesText } from '../pattern.ts';
import { OttlProblem } from '../problem.ts';
import { expectText, type Value } from '../value.ts';
import { patternOf } from './text.ts';

type Rewrite = (text: string, batch: LogBatch, row: number) => string;
type Functions = ReadonlyMap<string, FunctionDefinition>;

const REPLACEMENT = ['replacement', 'function?', 'replacement_format?'];

/** Editors that replace texts. `converters` are the functions that may be given to them. */
export function replaceEditors(converters: () => Functions): Readonly<Record<string, FunctionDefinition>> {
  return {
    replace_pattern: {
      parameters: ['target', 'regex', ...REPLACEMENT],
      compile: (call) =>
        onText(call, patternRewrite(call, converters()), Finder.of(call.constantText('regex'), call.compilation.environment)),
    },
    replace_all_patterns: {
      parameters: ['target', 'mode', 'regex', ...REPLACEMENT],
      compile: (call) => {
        const mode = call.constantText('mode');
        if (mode !== 'key' && mode !== 'value') call.fail('mode', 'must be "key" or "value"');
        const rewrite = patternRewrite(call, converters());
        return mode === 'value' ? onValues(call, rewrite) : onKeys(call, rewrite);
      },
    },
    replace_match: {
      parameters: ['target', 'pattern', ...REPLACEMENT],
      compile: (call) => onText(call, globRewrite(call, converters())),
    },
    replace_all_matches: {
      parameters: ['target', 'pattern', ...REPLACEMENT],
      compile: (call) => onValues(call, globRewrite(call, converters())),
    },
  };
}

function patternRewrite(call: Call, converters: Functions): Rewrite {
  const replacer: Replacer = patternOf(call, 'regex', (pattern) => compileReplacer(pattern, OttlProblem));
  const replacement = call.text('replacement');
  const finish = finisher(call, converters);
  return (text, batch, row) => replacer.replace(text, replacement(batch, row), finish && ((expanded) => finish(expanded, batch, row)));
}

/** The whole text is replaced when all of it matches. */
function globRewrite(call: Call, converters: Functions): Rewrite {
  const glob = patternOf(call, 'pattern', (pattern) => compileMatch(globToPattern(pattern)));
  const replacement = call.text('replacement');
  const finish = finisher(call, converters);
  return (text, batch, row) => {
    if (!matchesText(glob, text)) return text;
    const given = replacement(batch, row);
    return finish ? finish(given, batch, row) : given;
  };
}

/** What a `function` and a `replacement_format` make of each replacement. */
function finisher(call: Call, converters: Functions): Rewrite | undefined {
  if (call.has('replacement_format') && !call.has('function')) call.fail('replacement_format', 'needs a function before it');
  if (!call.has('function')) return undefined;
  const name = call.functionName('function');
  const definition = converters.get(name);
  const [parameter, second] = definition?.parameters ?? [];
  if (!definition || parameter === undefined || (second !== undefined && !second.endsWith('?'))) {
    return call.fail('function', 'must be a function of one argument, such as SHA256');
  }
  let current = '';
  const argument = { at: call.node.at, expression: { evaluate: () => current } };
  const apply = definition.compile(new Call(call.compilation, { ...call.node, name }, new Map([[parameter, argument]])));
  const format = call.constantText('replacement_format', '%s');
  if (format.split('%s').length !== 2) call.fail('replacement_format', 'must hold exactly one %s');
  return (text, batch, row) => {
    current = text;
    const made = expectText(apply(batch, row), name);
    return format.replace('%s', () => made);
  };
}

/** Edits one text; what is no text stays. */
function onText(call: Call, rewrite: Rewrite, finder?: Finder): ReturnType<FunctionDefinition['compile']> {
  const path: Path = call.path('target');
  const { get, set } = path;
  const locator = finder && path.locator?.();
  if (!set) return call.fail('target', 'cannot be set');
  return (batch, row) => {
    if (locator?.find(batch, row) && finder?.mayMatch(locator) === false) return null;
    const old = get(batch, row);
    if (typeof old !== 'string') return null;
    const text = rewrite(old, batch, row);
    if (text !== old) set(batch, row, text);
    return null;
  };
}

function onValues(call: Call, rewrite: Rewrite): ReturnType<FunctionDefinition['compile']> {
  const target = call.mapTarget('target');
  return (batch, row) => {
    const map = target.open(batch, row);
    if (!map) return null;
    for (const key of map.keys()) {
      const old = map.get(key);
      if (typeof old !== 'string') continue;
      const text = rewrite(old, batch, row);
      if (text !== old) map.set(key, text);
    }
    map.close();
    return null;
  };
}

function onKeys(call: Call, rewrite: Rewrite): ReturnType<FunctionDefinition['compile']> {
  const target = call.mapTarget('target');
  return (batch, row) => {
    const map = target.open(batch, row);
    if (!map) return null;
    for (const key of map.keys()) {
      const name = rewrite(key, batch, row);
      if (name === key) continue;
      const value: Value = map.get(key);
      map.delete(key);
      map.set(name, value);
    }
    map.close();
    return null;
  };
}

const SPECIAL = /[.+^$(){}|]/;

/** A glob of Go's filepath.Match as a pattern: `*` and `?` stop at a slash. Throws RangeError. */
function globToPattern(glob: string): string {
  let pattern = '';
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === '*') pattern += '[^/]*';
    else if (character === '?') pattern += '[^/]';
    else if (character === '[') {
      const end = glob.indexOf(']', at + 2);
      if (end < 0) throw new RangeError(`a "[" without its "]" in "${glob}"`);
      pattern += glob.slice(at, end + 1);
      at = end;
    } else if (character === '\\') {
      at++;
      if (at >= glob.length) throw new RangeError(`nothing behind the last "\\" in "${glob}"`);
      pattern += `\\x{${glob.codePointAt(at)?.toString(16) ?? ''}}`;
    } else pattern += SPECIAL.test(character) || character === ']' ? `\\${character}` : character;
  }
  return `(?s)\\A${pattern}\\z`;
}
