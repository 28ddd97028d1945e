import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { FunctionDefinition } from '../call.ts';
import { isEqual, orderOf } from '../compare.ts';
import { OttlProblem } from '../problem.ts';
import { describe, entryOf, isDouble, isInt, isMap, numberOf, toMap, toText, type Value, type ValueMap } from '../value.ts';

/** Functions of lists and maps. */
export const COLLECTIONS: Readonly<Record<string, FunctionDefinition>> = {
  Coalesce: {
    parameters: ['values'],
    compile: (call) => {
      const { items } = call.expression('values');
      if (!items) {
        const values = call.list('values');
        return (batch, row) => values(batch, row).find((value) => value !== null) ?? null;
      }
      if (items.length === 0) call.fail('values', 'must have at least one value');
      return (batch, row) => {
        for (const { evaluate } of items) {
          const value = evaluate(batch, row);
          if (value !== null) return value;
        }
        return null;
      };
    },
  },
  ContainsValue: {
    parameters: ['target', 'item'],
    compile: (call) => {
      const target = call.list('target');
      const item = call.value('item');
      return (batch, row) => {
        const wanted = item(batch, row);
        return target(batch, row).some((value) => isEqual(value, wanted));
      };
    },
  },
  Keys: {
    parameters: ['target'],
    compile: (call) => {
      const map = call.map('target');
      return (batch, row) => Object.keys(map(batch, row));
    },
  },
  Values: {
    parameters: ['target'],
    compile: (call) => {
      const map = call.map('target');
      return (batch, row) => Object.values(map(batch, row));
    },
  },
  Sort: {
    parameters: ['target', 'order?'],
    compile: (call) => {
      const list = call.list('target');
      const order = call.constantText('order', 'asc');
      if (order !== 'asc' && order !== 'desc') call.fail('order', 'must be "asc" or "desc"');
      return (batch, row) => {
        const sorted = sort(list(batch, row));
        return order === 'asc' ? sorted : sorted.toReversed();
      };
    },
  },
  SliceToMap: {
    parameters: ['target', 'keyPath?', 'valuePath?'],
    compile: (call) => {
      const list = call.list('target');
      const keyPath = call.constantTexts('keyPath');
      const valuePath = call.constantTexts('valuePath');
      return (batch, row) => sliceToMap(list(batch, row), keyPath, valuePath);
    },
  },
  ToKeyValueString: {
    parameters: ['target', 'delimiter?', 'pair_delimiter?', 'sort_output?'],
    compile: (call) => {
      const map = call.map('target');
      const delimiter = call.constantText('delimiter', '=');
      const pairDelimiter = call.constantText('pair_delimiter', ' ');
      const isSorted = call.constantBool('sort_output', false);
      if (delimiter === pairDelimiter) call.fail('pair_delimiter', 'must differ from delimiter');
      return (batch, row) => {
        const entries = Object.entries(map(batch, row));
        if (isSorted) entries.sort(([a], [b]) => (a < b ? -1 : 1));
        const quoted = (value: Value): string => quotedIfNeeded(toText(value) ?? '', delimiter, pairDelimiter);
        return entries.map(([key, value]) => `${quoted(key)}${delimiter}${quoted(value)}`).join(pairDelimiter);
      };
    },
  },
  IsInCIDR: {
    parameters: ['target', 'networks'],
    compile: (call) => {
      const address = call.text('target');
      const networks = call.constantTexts('networks');
      const list = new BlockList();
      for (const network of networks)
        if (!addNetwork(list, network)) call.fail('networks', `must be networks such as "10.0.0.0/8", got "${network}"`);
      return (batch, row) => {
        const text = address(batch, row);
        if (!isIPv4(text) && !isIPv6(text)) throw new OttlProblem(`IsInCIDR: target must be an IP address, got ${describe(text)}`);
        return list.check(text, isIPv4(text) ? 'ipv4' : 'ipv6');
      };
    },
  },
};

function addNetwork(list: BlockList, network: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const bits = Number(prefix);
  const max = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (!/^\d+$/.test(prefix) || bits > max) return false;
  list.addSubnet(address, bits, max === 32 ? 'ipv4' : 'ipv6');
  return true;
}

/** Numbers by value, anything else that can be ordered by its text. */
function sort(list: readonly Value[]): Value[] {
  const isNumber = (value: Value): boolean => isInt(value) || isDouble(value);
  if (list.every(isNumber)) return list.toSorted((a, b) => orderOf(a, b) ?? 0);
  const other = list.find((value) => !isNumber(value) && typeof value !== 'string' && typeof value !== 'boolean');
  if (other !== undefined) throw new OttlProblem(`Sort: target must hold numbers, texts and booleans, got ${describe(other)}`);
  const textOf = (value: Value): string => (isDouble(value) ? String(numberOf(value)) : (toText(value) ?? ''));
  return list.toSorted((a, b) => orderOf(textOf(a), textOf(b)) ?? 0);
}

function sliceToMap(list: readonly Value[], keyPath: readonly string[], valuePath: readonly string[]): ValueMap {
  return toMap(
    list.map((item, index) => {
      if (!isMap(item)) throw new OttlProblem(`SliceToMap: target must be a list of maps, got ${describe(item)}`);
      const key = keyPath.length === 0 ? String(index) : walk(item, keyPath);
      if (typeof key !== 'string') throw new OttlProblem(`SliceToMap: keyPath must lead to a text, got ${describe(key)}`);
      return [key, walk(item, valuePath)];
    }),
  );
}

function walk(value: Value, path: readonly string[]): Value {
  let inner = value;
  for (const name of path) {
    if (!isMap(inner)) throw new OttlProblem(`SliceToMap: there is no "${name}" in ${describe(inner)}`);
    inner = entryOf(inner, name);
  }
  return inner;
}

function quotedIfNeeded(text: string, delimiter: string, pairDelimiter: string): string {
  const isSafe = text !== '' && !text.includes(delimiter) && !text.includes(pairDelimiter);
  return isSafe ? text : `"${text.replaceAll('"', '\\"')}"`;
}
