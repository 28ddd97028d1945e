import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProcessorFactory } from '#component';
import { validate } from '../../test/contract/subject.ts';
import type { ProtoAnyValue } from '../../test/helpers/otlp-proto.ts';
import { PlainSink, feedOf, plainDoubles, plainRecord, play, type PlainMap, type PlainRecord } from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory as resource } from '../resource/index.ts';
import { factory as attributes } from './index.ts';

/*
 * Goal: actions make of whole records what the README says, on records and on resources, and leave all else as it was.
 * Method: each action has a twin that edits a plain map; random lists of them are compared.
 */
interface Twin {
  readonly action: Readonly<Record<string, unknown>>;
  readonly edit: (map: PlainMap) => PlainMap;
}

const NESTED = { kvlistValue: { values: [{ key: 'n', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }] } } }] } };

const without = (map: PlainMap, isMeant: (name: string) => boolean): PlainMap =>
  Object.fromEntries(Object.entries(map).filter(([name]) => !isMeant(name)));

function copied(map: PlainMap, from: string, to: string, otherwise?: ProtoAnyValue): PlainMap {
  const source = map[from] ?? {};
  const value = Object.keys(source).length === 0 ? otherwise : source;
  return value ? { ...map, [to]: plainDoubles(value) } : map;
}

const TWINS: readonly Twin[] = [
  { action: { action: 'insert', key: 'a', value: 'new' }, edit: (map) => (map['a'] ? map : { ...map, a: { stringValue: 'new' } }) },
  { action: { action: 'update', key: 'b', value: 7 }, edit: (map) => (map['b'] ? { ...map, b: { intValue: '7' } } : map) },
  { action: { action: 'upsert', key: 'c', value: { n: [1, 'x'] } }, edit: (map) => ({ ...map, c: NESTED }) },
  { action: { action: 'upsert', key: 'copy', from_attribute: 'a' }, edit: (map) => copied(map, 'a', 'copy') },
  { action: { action: 'upsert', key: 'service.name', from_attribute: 'copy' }, edit: (map) => copied(map, 'copy', 'service.name') },
  {
    action: { action: 'upsert', key: 'b', from_attribute: 'd.e', default_value: 0.5 },
    edit: (map) => copied(map, 'd.e', 'b', { doubleValue: 0.5 }),
  },
  { action: { action: 'insert', key: 'r', from_attribute: 'b' }, edit: (map) => (map['r'] ? map : copied(map, 'b', 'r')) },
  { action: { action: 'delete', key: 'a' }, edit: (map) => without(map, (name) => name === 'a') },
  { action: { action: 'delete', pattern: '^[bc]$' }, edit: (map) => without(map, (name) => name === 'b' || name === 'c') },
  {
    action: { action: 'extract', key: 'a', pattern: '^(?P<first>[xy])$' },
    edit: (map) => (/^[xy]$/.test(map['a']?.stringValue ?? '') ? copied(map, 'a', 'first') : map),
  },
  {
    action: { action: 'convert', key: 'a', converted_type: 'int' },
    edit: (map) =>
      map['a']?.stringValue === '1' || map['a']?.doubleValue === 1 || map['a']?.boolValue
        ? { ...map, a: { intValue: '1' } }
        : falseOrHalf(map),
  },
];

/** A fraction is cut off, and false is 0. */
function falseOrHalf(map: PlainMap): PlainMap {
  const isZero = map['a']?.doubleValue === 0.5 || map['a']?.boolValue === false;
  return isZero ? { ...map, a: { intValue: '0' } } : map;
}

const CASES: readonly [ProcessorFactory<never>, string, (record: PlainRecord, edit: Twin['edit']) => PlainRecord][] = [
  [attributes, 'actions', (record, edit) => ({ ...record, attributes: edit(record.attributes) })],
  [
    resource,
    'attributes',
    (record, edit) => ({ ...record, resource: { ...record.resource, attributes: edit(record.resource.attributes) } }),
  ],
];

test.each(CASES)('$type agrees with a model of whole records', async (factory, option, apply) => {
  const lists = fc.array(fc.constantFrom(...TWINS), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(feedOf(plainRecord), lists, async (feed, twins) => {
      const sink = new PlainSink();
      const config = validate(factory, { [option]: twins.map(({ action }) => action) }).config as never;
      const processor = factory.create(config, { id: factory.type }, sink);
      await processor.start(createTestHost());

      await play(processor, sink, feed);

      const edited = (map: PlainMap): PlainMap => twins.reduce((now, { edit }) => edit(now), map);
      expect(sink.records).toEqual(feed.records.map((record) => apply(record, edited)));
    }),
    { numRuns: 150 },
  );
});
