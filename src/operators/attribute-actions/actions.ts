import assert from 'node:assert';
import { keyOf, type AttributeValue, type Key } from '#model';
import { toAttributeValue } from '../edits.ts';
import { compilePattern } from '../regex/pattern.ts';
import { actionNameOf, type ActionConfig } from './config.ts';
import { convert, hashOf, type ConvertedType, type TypedValue } from './convert.ts';

/** The attributes of a record or a resource, as the actions see them. */
export interface AttributeBag {
  get(key: Key): TypedValue | undefined;
  set(key: Key, value: TypedValue): void;
  delete(key: Key): void;
  keys(): readonly Key[];
}

/** What an action does that is the same for every bag; who has many bags may have a quicker way to do it. */
export type Uniform =
  | { readonly kind: 'set'; readonly key: Key; readonly value: AttributeValue; readonly ifAbsent: boolean; readonly ifPresent: boolean }
  | { readonly kind: 'delete'; readonly key: Key };

export interface AttributeAction {
  readonly uniform?: Uniform;
  apply(bag: AttributeBag): void;
}

/** The actions of a configuration that `checkAttributeActions` has passed. */
export function compileAttributeActions(configs: readonly ActionConfig[]): AttributeAction[] {
  return configs.flatMap(compileAction);
}

function compileAction(config: ActionConfig): AttributeAction[] {
  const name = actionNameOf(config);
  assert(name, `unknown action ${config.action}`);
  switch (name) {
    case 'insert':
      return [compileSet(config, { ifAbsent: true, ifPresent: false })];
    case 'update':
      return [compileSet(config, { ifAbsent: false, ifPresent: true })];
    case 'upsert':
      return [compileSet(config, { ifAbsent: true, ifPresent: true })];
    case 'delete':
      return forKeyAndPattern(config, (key) => ({ uniform: { kind: 'delete', key }, apply: (bag) => bag.delete(key) }), deleteKey);
    case 'hash':
      return forKeyAndPattern(config, (key) => ({ apply: (bag) => hashKey(bag, key) }), hashKey);
    case 'extract':
      return [compileExtract(config)];
    case 'convert':
      return [compileConvert(config)];
  }
}

interface When {
  readonly ifAbsent: boolean;
  readonly ifPresent: boolean;
}

function compileSet(config: ActionConfig, when: When): AttributeAction {
  const key = keyOf(config.key ?? '');
  const fallback = given(config.value) ?? given(config.default_value);
  const source = config.from_attribute === undefined ? undefined : keyOf(config.from_attribute);
  const isDue = (bag: AttributeBag): boolean => {
    if (when.ifAbsent && when.ifPresent) return true;
    return (bag.get(key) === undefined) === when.ifAbsent;
  };
  if (!source) {
    const value = fallback ?? null;
    const apply = (bag: AttributeBag): void => {
      if (isDue(bag)) bag.set(key, value);
    };
    return { uniform: { kind: 'set', key, value, ...when }, apply };
  }
  return {
    apply: (bag) => {
      const value = bag.get(source) ?? fallback;
      if (value !== undefined && isDue(bag)) bag.set(key, value);
    },
  };
}

/** In YAML a value of null is no value. */
function given(value: unknown): AttributeValue | undefined {
  return value === undefined || value === null ? undefined : toAttributeValue(value);
}

function forKeyAndPattern(
  config: ActionConfig,
  createByKey: (key: Key) => AttributeAction,
  applyTo: (bag: AttributeBag, key: Key) => void,
): AttributeAction[] {
  const actions: AttributeAction[] = [];
  if (config.key !== undefined) actions.push(createByKey(keyOf(config.key)));
  if (config.pattern === undefined) return actions;
  const { bounded } = compilePattern(config.pattern);
  const apply = (bag: AttributeBag): void => {
    for (const key of bag.keys()) {
      // The key that was named has had its turn: a hash of a hash would be another value.
      if (key.text !== config.key && bounded.test(key.text)) applyTo(bag, key);
    }
  };
  return [...actions, { apply }];
}

function deleteKey(bag: AttributeBag, key: Key): void {
  bag.delete(key);
}

function hashKey(bag: AttributeBag, key: Key): void {
  const value = bag.get(key);
  if (value !== undefined) bag.set(key, hashOf(value));
}

function compileExtract(config: ActionConfig): AttributeAction {
  const key = keyOf(config.key ?? '');
  const { bounded, names } = compilePattern(config.pattern ?? '');
  const targets = names.map((name) => keyOf(name));
  return {
    apply: (bag) => {
      const value = bag.get(key);
      const match = typeof value === 'string' ? bounded.exec(value) : null;
      if (!match) return;
      // A group that took no part is empty, as in Go.
      for (const [i, target] of targets.entries()) bag.set(target, match[i + 1] ?? '');
    },
  };
}

function compileConvert(config: ActionConfig): AttributeAction {
  const key = keyOf(config.key ?? '');
  const type = config.converted_type as ConvertedType;
  return {
    apply: (bag) => {
      const value = bag.get(key);
      const converted = value === undefined ? undefined : convert(value, type);
      if (converted !== undefined) bag.set(key, converted);
    },
  };
}
