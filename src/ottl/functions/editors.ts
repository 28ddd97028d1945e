import { ValueType, keyOf } from '#model';
import { ObjectParser } from '../../operators/json/object-parser.ts';
import type { Call, FunctionDefinition } from '../call.ts';
import type { Evaluate } from '../expression.ts';
import { AttributesTarget, type OpenMap } from '../map-target.ts';
import { compileMatch, matchesText } from '../pattern.ts';
import { OttlProblem } from '../problem.ts';
import type { TextLocator } from '../text-locator.ts';
import { describe, isList, toText, type Value } from '../value.ts';
import { flattenEntries } from './flatten.ts';
import { patternOf } from './text.ts';
import { compileTruncateAll } from './truncate-all.ts';

const STRATEGIES = ['insert', 'update', 'upsert'];

/** Editors that set values and edit the entries of maps. */
export const MAP_EDITORS: Readonly<Record<string, FunctionDefinition>> = {
  set: {
    parameters: ['target', 'value'],
    compile: compileSet,
  },
  append: { parameters: ['target', 'value?', 'values?'], compile: compileAppend },
  delete_index: { parameters: ['target', 'startIndex', 'endIndex?'], compile: compileDeleteIndex },
  delete_key: {
    parameters: ['target', 'key'],
    compile: (call) => {
      const target = call.mapTarget('target');
      const key = call.text('key');
      return (batch, row) => {
        const map = target.open(batch, row);
        map?.delete(key(batch, row));
        map?.close();
        return null;
      };
    },
  },
  delete_matching_keys: { parameters: ['target', 'pattern'], compile: (call) => keepWhere(call, matching(call, false)) },
  keep_matching_keys: { parameters: ['target', 'pattern'], compile: (call) => keepWhere(call, matching(call, true)) },
  keep_keys: {
    parameters: ['target', 'keys'],
    compile: (call) => {
      const keys = new Set(call.constantTexts('keys'));
      return keepWhere(call, (key) => keys.has(key));
    },
  },
  limit: { parameters: ['target', 'limit', 'priority_keys'], compile: compileLimit },
  merge_maps: { parameters: ['target', 'source', 'strategy'], compile: compileMergeMaps },
  stringify_all: {
    parameters: ['target'],
    compile: (call) =>
      editMap(call, (map) => {
        for (const key of map.keys()) {
          const value = map.get(key);
          if (typeof value !== 'string') map.set(key, toText(value) ?? '');
        }
      }),
  },
  truncate_all: { parameters: ['target', 'limit', 'utf8_safe?', 'truncation_marker?'], compile: compileTruncateAll },
  flatten: { parameters: ['target', 'prefix?', 'depth?', 'resolveConflicts?'], compile: compileFlatten },
};

function compileSet(call: Call): Evaluate {
  const path = call.path('target');
  const set = path.set ?? call.fail('target', 'cannot be set');
  const value = call.value('value');
  const general: Evaluate = (batch, row) => {
    const given = value(batch, row);
    // Nothing to set leaves what is there.
    if (given !== null) set(batch, row, given);
    return null;
  };
  const locator = call.expression('value').path?.locator?.();
  if (!locator || path.attribute === undefined) return general;
  // A text that lies in the batch is pointed at and not copied.
  const key = keyOf(path.attribute);
  return (batch, row) => {
    if (!locator.find(batch, row) || locator.position === undefined) return general(batch, row);
    let slot = batch.attributes.find(row, key);
    if (slot < 0) {
      batch.setAttribute(row, key, null);
      slot = batch.attributes.find(row, key);
    }
    batch.attributes.type[slot] = ValueType.string;
    batch.attributes.start[slot] = locator.position;
    batch.attributes.size[slot] = locator.to - locator.from;
    return null;
  };
}

function editMap(call: Call, edit: (map: OpenMap) => void): Evaluate {
  const target = call.mapTarget('target');
  return (batch, row) => {
    const map = target.open(batch, row);
    if (!map) return null;
    edit(map);
    map.close();
    return null;
  };
}

function keepWhere(call: Call, isKept: (key: string) => boolean): Evaluate {
  return editMap(call, (map) => {
    for (const key of map.keys()) if (!isKept(key)) map.delete(key);
  });
}

// Records of one source have the same keys again and again.
const ANSWERS_MAX = 4096;

function matching(call: Call, wanted: boolean): (key: string) => boolean {
  const regex = patternOf(call, 'pattern', compileMatch);
  const answers = new Map<string, boolean>();
  return (key) => {
    let answer = answers.get(key);
    if (answer === undefined) {
      if (answers.size >= ANSWERS_MAX) answers.clear();
      answers.set(key, (answer = matchesText(regex, key) === wanted));
    }
    return answer;
  };
}

/** Those named first stay, then the first of the others. */
function compileLimit(call: Call): Evaluate {
  const limit = call.constantInt('limit', { min: 0 });
  const priority = new Set(call.constantTexts('priority_keys'));
  if (priority.size > limit) call.fail('priority_keys', `are ${priority.size}, more than the limit of ${limit}`);
  return editMap(call, (map) => {
    if (map.count() <= limit) return;
    const keys = map.keys();
    let left = limit - keys.filter((key) => priority.has(key)).length;
    for (const key of keys) if (!priority.has(key) && left-- <= 0) map.delete(key);
  });
}

function compileMergeMaps(call: Call): Evaluate {
  const target = call.mapTarget('target');
  const source = call.map('source');
  const strategy = call.constantText('strategy');
  if (!STRATEGIES.includes(strategy)) call.fail('strategy', `must be one of ${STRATEGIES.join(', ')}`);
  // Both wait for the answer whether there is such a key, which `upsert` does not need.
  const isForKnown = strategy === 'update';
  // The path's own setter makes a map where there is none.
  const { set } = call.path('target');
  const general: Evaluate = (batch, row) => {
    const given = source(batch, row);
    const map = target.open(batch, row);
    if (!map) {
      if (strategy !== 'update') set?.(batch, row, given);
      return null;
    }
    const known = strategy === 'upsert' ? undefined : new Set(map.keys());
    for (const key in given) if (known === undefined || known.has(key) === isForKnown) map.set(key, given[key] ?? null);
    map.close();
    return null;
  };
  const { jsonText } = call.expression('source');
  return jsonText && strategy === 'upsert' && target instanceof AttributesTarget ? mergeJson(jsonText, general) : general;
}

/** JSON into attributes, from bytes to columns: a tenth of what it costs by way of objects. */
function mergeJson(text: TextLocator, general: Evaluate): Evaluate {
  const parser = new ObjectParser(true);
  return (batch, row) => {
    if (!text.find(batch, row) || text.position === undefined) return general(batch, row);
    const { bytes, from, to, position } = text;
    const problem = parser.parse(batch, row, bytes, from, to, position < 0);
    if (problem) throw new OttlProblem(`ParseJSON: target is no JSON object: ${problem.message} at position ${problem.at - from + 1}`);
    return null;
  };
}

/** A single value becomes a list; what was no list becomes the first item of one. */
function compileAppend(call: Call): Evaluate {
  const { get, set = call.fail('target', 'cannot be set') } = call.path('target');
  if (!call.has('value') && !call.has('values')) call.fail('target', 'needs a value or values to append');
  const value = call.has('value') ? call.value('value') : undefined;
  const values = call.has('values') ? call.list('values') : undefined;
  return (batch, row) => {
    const old = get(batch, row);
    const before: readonly Value[] = old === null ? [] : isList(old) ? old : [old];
    const added = [...(value ? [value(batch, row)] : []), ...(values?.(batch, row) ?? [])];
    set(batch, row, [...before, ...added.flatMap((item) => (isList(item) ? item : [item]))]);
    return null;
  };
}

function compileDeleteIndex(call: Call): Evaluate {
  const { get, set = call.fail('target', 'cannot be set') } = call.path('target');
  const start = call.int('startIndex');
  const end = call.has('endIndex') ? call.int('endIndex') : undefined;
  return (batch, row) => {
    const list = get(batch, row);
    if (!isList(list)) throw new OttlProblem(`delete_index: target must be a list, got ${describe(list)}`);
    const from = Number(start(batch, row));
    const to = end ? Number(end(batch, row)) : from + 1;
    if (from < 0 || to < from || to > list.length) {
      throw new OttlProblem(`delete_index: the list has ${list.length} items, got the range from ${from} to ${to}`);
    }
    if (to > from) set(batch, row, list.toSpliced(from, to - from));
    return null;
  };
}

function compileFlatten(call: Call): Evaluate {
  const prefix = call.constantText('prefix', '');
  const depth = call.constantInt('depth', { min: 0, fallback: Number.MAX_SAFE_INTEGER });
  const resolvesConflicts = call.constantBool('resolveConflicts', false);
  const isAttributes = call.mapTarget('target') instanceof AttributesTarget;
  return editMap(call, (map) => {
    const keys = map.keys();
    const entries = keys.map((key) => [key, map.get(key)] as const);
    // Most records are flat already, and attributes then need no rewriting.
    if (isAttributes && prefix === '' && entries.every(([, value]) => typeof value !== 'object' || value === null)) return;
    const flat = flattenEntries(entries, { prefix, depth, resolvesConflicts });
    for (const key of keys) if (!flat.has(key)) map.delete(key);
    for (const [key, value] of flat) map.set(key, value);
  });
}
