import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Double, keyOf, type Key } from '#model';
import { checkAttributeActions, compileAttributeActions, type ActionConfig, type AttributeBag, type TypedValue } from './index.ts';

class Bag implements AttributeBag {
  readonly values: Map<string, TypedValue>;
  constructor(values: Record<string, TypedValue>) {
    this.values = new Map(Object.entries(values));
  }
  get = (key: Key): TypedValue | undefined => this.values.get(key.text);
  set = (key: Key, value: TypedValue): void => void this.values.set(key.text, value);
  delete = (key: Key): void => void this.values.delete(key.text);
  keys = (): readonly Key[] => Array.from(this.values.keys(), (name) => keyOf(name));
}

function edited(values: Record<string, TypedValue>, ...actions: ActionConfig[]): Record<string, TypedValue> {
  expect(checkAttributeActions(actions)).toEqual([]);
  const bag = new Bag(values);
  for (const action of compileAttributeActions(actions)) action.apply(bag);
  return Object.fromEntries(bag.values);
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

describe('setting', () => {
  test('insert only where there is none, update only where there is one, upsert in both cases', () => {
    const set = (action: string) => edited({ there: 1 }, { action, key: 'there', value: 2 }, { action, key: 'new', value: 3 });

    expect(set('insert')).toEqual({ there: 1, new: 3 });
    expect(set('update')).toEqual({ there: 2 });
    expect(set('upsert')).toEqual({ there: 2, new: 3 });
    expect(set('UPSERT')).toEqual({ there: 2, new: 3 });
  });

  test('from another attribute, with its type; without it, the default or nothing', () => {
    const copy = { action: 'insert', key: 'copy', from_attribute: 'source' };

    expect(edited({ source: new Double(3) }, copy)['copy']).toEqual(new Double(3));
    expect(edited({}, copy)).toEqual({});
    expect(edited({}, { ...copy, default_value: 'none' })).toEqual({ copy: 'none' });
  });

  test('values are text, numbers, booleans, lists and maps', () => {
    for (const value of ['a', 1, 1.5, true, ['a', 1], { a: { b: 1 } }]) {
      expect(edited({}, { action: 'insert', key: 'x', value })).toEqual({ x: value });
    }
  });

  test('a name with dots is one name', () => {
    expect(edited({ a: { b: 1 } }, { action: 'update', key: 'a.b', value: 2 })).toEqual({ a: { b: 1 } });
  });
});

test('delete by name and by pattern', () => {
  const values = { 'http.url': 'x', 'http.method': 'y', 'my.http': 'z' };

  expect(edited(values, { action: 'delete', key: 'http.url' })).toEqual({ 'http.method': 'y', 'my.http': 'z' });
  expect(edited(values, { action: 'delete', pattern: '^http\\.' })).toEqual({ 'my.http': 'z' });
  expect(edited(values, { action: 'delete', key: 'my.http', pattern: 'url' })).toEqual({ 'http.method': 'y' });
});

test('hash is SHA-256 of the bytes the Collector takes', () => {
  const hash = (value: TypedValue) => edited({ x: value }, { action: 'hash', key: 'x' })['x'];

  expect(hash('käse')).toBe(sha256('käse'));
  expect(hash(258)).toBe(sha256(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0)));
  expect(hash(-1)).toBe(sha256(new Uint8Array(8).fill(255)));
  expect(hash(new Double(2))).toBe(sha256(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x40)));
  expect(hash(true)).toBe(sha256(Uint8Array.of(1)));
  expect(hash(['a'])).toBe('');
});

test('hash by name and pattern hashes what both mean once', () => {
  expect(edited({ user: 'a' }, { action: 'hash', key: 'user', pattern: 'us' })).toEqual({ user: sha256('a') });
});

test('extract makes attributes of named groups', () => {
  const extract = { action: 'extract', key: 'url', pattern: '^(?P<scheme>[a-z]+)://(?P<host>[^/:]+)(?::(?P<port>\\d+))?' };

  expect(edited({ url: 'https://shop.example/cart', host: 'old' }, extract)).toEqual({
    url: 'https://shop.example/cart',
    scheme: 'https',
    host: 'shop.example',
    port: '',
  });
  expect(edited({ url: 'nothing' }, extract)).toEqual({ url: 'nothing' });
  expect(edited({ url: 5 }, extract)).toEqual({ url: 5 });
});

test.each<[TypedValue, string, TypedValue]>([
  ['42', 'int', 42],
  ['-9223372036854775808', 'int', -9223372036854775808n],
  ['9223372036854775808', 'int', '9223372036854775808'],
  ['4.2', 'int', '4.2'],
  ['0x1', 'int', '0x1'],
  [new Double(-3.9), 'int', -3],
  [true, 'int', 1],
  ['1e3', 'double', new Double(1000)],
  ['abc', 'double', 'abc'],
  [3, 'double', new Double(3)],
  [3, 'string', '3'],
  [new Double(3.5), 'string', '3.5'],
  [false, 'string', 'false'],
  [['a', 1], 'string', '["a",1]'],
])('convert %o to %s gives %o', (value, type, expected) => {
  expect(edited({ x: value }, { action: 'convert', key: 'x', converted_type: type })).toEqual({ x: expected });
});

test.each<[ActionConfig, string]>([
  [{ action: 'replace', key: 'a' }, '0.action'],
  [{ action: 'insert', value: 1 }, '0'],
  [{ action: 'insert', key: 'a' }, '0'],
  [{ action: 'insert', key: 'a', value: 1, from_attribute: 'b' }, '0'],
  [{ action: 'insert', key: 'a', from_context: 'metadata.tenant' }, '0.from_context'],
  [{ action: 'insert', key: 'a', value: 1, pattern: 'x' }, '0.pattern'],
  [{ action: 'delete' }, '0'],
  [{ action: 'delete', pattern: '(' }, '0.pattern'],
  [{ action: 'extract', key: 'a', pattern: '(\\d+)' }, '0.pattern'],
  [{ action: 'extract', key: 'a', pattern: '\\d+' }, '0.pattern'],
  [{ action: 'convert', key: 'a', converted_type: 'bool' }, '0.converted_type'],
])('%o is refused', (action, path) => {
  expect(checkAttributeActions([action]).map((problem) => problem.path)).toEqual([path]);
});
