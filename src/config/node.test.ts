import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinPath, nearest, nodeOf, splitPath, toPlain } from './node.ts';
import { createFixedSource } from './place.ts';

const at = { source: createFixedSource('here', 0), offset: 0 };

test('a path can be taken apart again, whatever its keys are', () => {
  const key = fc.oneof(fc.string({ minLength: 1 }), fc.nat(9));
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (keys) => {
      let path = 'top';
      for (const part of keys) path = joinPath(path, part);
      expect(splitPath(path)).toEqual(['top', ...keys.map(String)]);
    }),
  );
});

test('plain values survive becoming nodes and back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.stringify(toPlain(nodeOf(value, at)))).toBe(JSON.stringify(value));
    }),
  );
});

describe('the nearest place', () => {
  const place = (offset: number) => ({ ...at, offset });
  const scalar = (offset: number, value: string | null = 'x') =>
    ({ kind: 'scalar', at: place(offset), value, text: '', isReferred: false }) as const;
  const list = { kind: 'list', at: place(10), items: [scalar(11), scalar(12)] } as const;
  const map = {
    kind: 'map',
    at: place(1),
    entries: new Map([
      ['list', { keyAt: place(9), value: list }],
      ['empty', { keyAt: place(20), value: scalar(26, null) }],
    ]),
  } as const;

  test.each([
    ['of a value is where it stands', ['list', '1'], 12],
    ['of a missing item is its list', ['list', '7'], 10],
    ['of a missing key is what it is missing from', ['other', 'x'], 0],
    ['of an empty value is its key', ['empty'], 20],
    ['below a scalar is the scalar', ['list', '0', 'deeper'], 11],
  ])('%s', (_what, keys, offset) => expect(nearest(map, place(0), keys).offset).toBe(offset));
});
