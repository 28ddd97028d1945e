import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  PlainSink,
  feedOf,
  partsOf,
  plainDoubles,
  plainRecord,
  play,
  type PlainMap,
  type PlainRecord,
} from '../../test/helpers/plain-records.ts';
import type { ProtoAnyValue } from '../../test/helpers/otlp-proto.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { Transform } from './transform.ts';

/*
 * Goal: statements make of whole records what the Collector's documentation says, whichever way a batch came about, and what
 * they do not name stays as it was. Method: each statement has a twin that edits a plain object; random lists of them, with
 * each error_mode, are compared.
 */

type Draft = { -readonly [Name in keyof PlainRecord]: PlainRecord[Name] };

/** Throws FAILURE where the statement fails on the record. */
interface Twin {
  readonly text: string;
  readonly edit: (record: Draft) => void;
  /** Where the statement runs, the records if nothing is said. */
  readonly context?: 'resource' | 'scope';
}

const FAILURE = new Error('the statement fails');

const without = (map: PlainMap, ...names: readonly string[]): PlainMap =>
  Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));

const textOf = (value: ProtoAnyValue | undefined): string | undefined => value?.stringValue;
const isNil = (value: ProtoAnyValue | undefined): boolean => value === undefined || Object.keys(value).length === 0;

const TWINS: readonly Twin[] = [
  {
    text: 'set(log.attributes["env"], "prod") where log.attributes["a"] == nil',
    edit: (record) => {
      if (isNil(record.attributes['a'])) record.attributes = { ...record.attributes, env: { stringValue: 'prod' } };
    },
  },
  { text: 'delete_key(log.attributes, "a")', edit: (record) => void (record.attributes = without(record.attributes, 'a')) },
  {
    text: 'delete_matching_keys(log.attributes, "^[bc]$")',
    edit: (record) => void (record.attributes = without(record.attributes, 'b', 'c')),
  },
  {
    text: 'keep_keys(log.attributes, ["a", "c", "d.e", "copy"])',
    edit: (record) =>
      void (record.attributes = without(
        record.attributes,
        ...Object.keys(record.attributes).filter((name) => !['a', 'c', 'd.e', 'copy'].includes(name)),
      )),
  },
  {
    text: 'set(log.attributes["copy"], log.attributes["c"])',
    edit: (record) => {
      const value = record.attributes['c'];
      if (value && !isNil(value)) record.attributes = { ...record.attributes, copy: plainDoubles(value) };
    },
  },
  {
    text: 'set(log.attributes["said"], log.body)',
    edit: (record) => {
      if (!isNil(record.body)) record.attributes = { ...record.attributes, said: plainDoubles(record.body) };
    },
  },
  {
    text: 'set(log.body, log.attributes["d.e"])',
    edit: (record) => {
      const value = record.attributes['d.e'];
      if (value && !isNil(value)) record.body = plainDoubles(value);
    },
  },
  {
    text: 'set(resource.attributes["r"], log.attributes["b"])',
    edit: (record) => {
      const value = record.attributes['b'];
      if (!value || isNil(value)) return;
      record.resource = { ...record.resource, attributes: { ...record.resource.attributes, r: plainDoubles(value) } };
    },
  },
  {
    text: 'delete_key(resource.attributes, "service.name") where log.severity_number > 9',
    edit: (record) => {
      if (record.severity > 9) record.resource = { ...record.resource, attributes: without(record.resource.attributes, 'service.name') };
    },
  },
  {
    text: 'set(scope.name, log.severity_text) where log.severity_text != ""',
    edit: (record) => {
      if (record.severityText !== '') record.scope = { ...record.scope, name: record.severityText };
    },
  },
  {
    text: 'set(scope.attributes["k"], log.severity_number)',
    edit: (record) =>
      void (record.scope = { ...record.scope, attributes: { ...record.scope.attributes, k: { intValue: String(record.severity) } } }),
  },
  {
    text: 'replace_pattern(log.body, "(no|user) [0-9]+", "$1 <n>")',
    edit: (record) => {
      const text = textOf(record.body);
      if (text !== undefined) record.body = { stringValue: text.replaceAll(/(no|user) [0-9]+/g, '$1 <n>') };
    },
  },
  {
    text: 'merge_maps(log.attributes, ParseJSON(log.body), "upsert")',
    edit: (record) => {
      const text = textOf(record.body);
      if (text === undefined || !text.startsWith('{')) throw FAILURE;
      const z = { kvlistValue: { values: [{ key: 'y', value: { arrayValue: { values: [{ intValue: '1' }] } } }] } };
      record.attributes = { ...record.attributes, a: { stringValue: 'json' }, z };
    },
  },
  {
    text: 'set(log.severity_number, SEVERITY_NUMBER_ERROR) where IsMatch(log.body, "ERROR")',
    edit: (record) => {
      if (textOf(record.body)?.includes('ERROR')) record.severity = 17;
    },
  },
  {
    text: 'truncate_all(log.attributes, 3)',
    edit: (record) => {
      const cut = ([name, value]: [string, ProtoAnyValue]): [string, ProtoAnyValue] =>
        value.stringValue === undefined ? [name, value] : [name, { stringValue: cutUtf8(value.stringValue, 3) }];
      record.attributes = Object.fromEntries(Object.entries(record.attributes).map(cut));
    },
  },
  { text: 'set(log.event_name, "named")', edit: (record) => void (record.eventName = 'named') },
  {
    text: 'set(log.trace_id, TraceID(0x0102030405060708090a0b0c0d0e0f10))',
    edit: (record) => void (record.traceId = '0102030405060708090a0b0c0d0e0f10'),
  },
  {
    text: 'set(log.time_unix_nano, log.observed_time_unix_nano) where log.time_unix_nano == 0',
    edit: (record) => {
      if (record.time === '0') record.time = record.observed;
    },
  },
  {
    text: 'set(log.cache["x"], log.body) where log.severity_number < 9',
    edit: () => {},
  },
  {
    text: 'set(log.severity_number, 40)',
    edit: () => {
      throw FAILURE;
    },
  },
];

/** The Collector cuts bytes, and before a character that would be broken. */
function cutUtf8(text: string, bytes: number): string {
  let cut = '';
  for (const character of text) {
    if (Buffer.byteLength(cut + character) > bytes) break;
    cut += character;
  }
  return cut;
}

type Mode = 'ignore' | 'silent' | 'propagate';

/** The record after the statements; undefined when one failed and `propagate` drops it. */
function transformed(record: PlainRecord, twins: readonly Twin[], mode: Mode): PlainRecord | undefined {
  const draft: Draft = { ...record };
  for (const { edit } of twins) {
    try {
      edit(draft);
    } catch (problem) {
      if (problem !== FAILURE) throw problem;
      if (mode === 'propagate') return undefined;
    }
  }
  return draft;
}

test('agrees with a model of whole records', async () => {
  const statements = fc.array(fc.constantFrom(...TWINS), { minLength: 1, maxLength: 5 });
  const modes = fc.constantFrom<Mode>('ignore', 'silent', 'propagate');
  await fc.assert(
    fc.asyncProperty(feedOf(plainRecord), statements, modes, async (feed, twins, mode) => {
      const sink = new PlainSink();
      const processor = new Transform({ error_mode: mode, log_statements: twins.map(({ text }) => text) }, sink);
      await processor.start(createTestHost());

      const settled = await play(processor, sink, feed);

      const expected = partsOf(feed).flatMap(({ part }) => part.flatMap((record) => transformed(record, twins, mode) ?? []));
      expect(sink.records).toEqual(expected);
      expect(settled.get('durable') ?? 0).toBe(expected.length);
      expect(settled.get('ottl_error') ?? 0).toBe(feed.records.length - expected.length);
    }),
    { numRuns: 150 },
  );
});

/** Statements on what records share: the same comes out as if they ran on each record. */
const SHARED: readonly Twin[] = [
  {
    context: 'resource',
    text: 'set(attributes["n"], "x") where attributes["a"] != nil',
    edit: (record) => {
      const { attributes } = record.resource;
      if (!isNil(attributes['a'])) record.resource = { ...record.resource, attributes: { ...attributes, n: { stringValue: 'x' } } };
    },
  },
  {
    context: 'resource',
    text: 'delete_key(attributes, "service.name")',
    edit: (record) => void (record.resource = { ...record.resource, attributes: without(record.resource.attributes, 'service.name') }),
  },
  {
    context: 'resource',
    text: 'set(attributes["length"], Len(attributes["a"]))',
    edit: (record) => {
      const { attributes } = record.resource;
      const length = lengthOf(attributes['a'] ?? {});
      if (length === undefined) throw FAILURE;
      record.resource = { ...record.resource, attributes: { ...attributes, length: { intValue: String(length) } } };
    },
  },
  {
    context: 'resource',
    text: 'set(schema_url, "https://s.example") where attributes["r"] == nil',
    edit: (record) => {
      if (isNil(record.resource.attributes['r'])) record.resource = { ...record.resource, schemaUrl: 'https://s.example' };
    },
  },
  {
    context: 'scope',
    text: 'set(name, Concat([name, "x"], "-")) where resource.attributes["r"] == nil',
    edit: (record) => {
      if (isNil(record.resource.attributes['r'])) record.scope = { ...record.scope, name: `${record.scope.name}-x` };
    },
  },
  {
    context: 'scope',
    text: 'set(resource.attributes["scope"], name) where name != ""',
    edit: (record) => {
      const { name } = record.scope;
      if (name === '') return;
      record.resource = { ...record.resource, attributes: { ...record.resource.attributes, scope: { stringValue: name } } };
    },
  },
];

function lengthOf({ stringValue, bytesValue, arrayValue, kvlistValue }: ProtoAnyValue): number | undefined {
  if (stringValue !== undefined) return Buffer.byteLength(stringValue);
  return (bytesValue ?? arrayValue?.values ?? kvlistValue?.values)?.length;
}

test('statements on resources and scopes agree with it as well', async () => {
  const lists = fc.array(fc.constantFrom(...SHARED, ...TWINS.slice(0, 10)), { minLength: 1, maxLength: 5 });
  const modes = fc.constantFrom<Mode>('ignore', 'silent', 'propagate');
  await fc.assert(
    fc.asyncProperty(feedOf(plainRecord), lists, modes, async (feed, twins, mode) => {
      const groups = twins.map((twin) => ({
        context: twin.context ?? ('log' as const),
        conditions: [],
        statements: [twin.text],
      }));
      const sink = new PlainSink();
      const processor = new Transform({ error_mode: mode, log_statements: groups }, sink);
      await processor.start(createTestHost());

      const settled = await play(processor, sink, feed);

      const expected = partsOf(feed).flatMap(({ part }) => part.flatMap((record) => transformed(record, twins, mode) ?? []));
      expect(sink.records).toEqual(expected);
      expect(settled.get('ottl_error') ?? 0).toBe(feed.records.length - expected.length);
    }),
    { numRuns: 150 },
  );
});
