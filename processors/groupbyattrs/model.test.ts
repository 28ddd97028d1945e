import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PlainSink, feedOf, partsOf, plainRecord, play, type PlainRecord } from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { GroupByAttrs } from './group-by-attrs.ts';

/*
 * Goal: whole records come out, as the README says and as a backend hears them. Method: what goes in are plain objects, in
 * batches that came about in different ways; the model is the README as code.
 */

/** The resource of a record with its values in place of those it had, the record without them. */
function moved(record: PlainRecord, keys: readonly string[]): PlainRecord {
  const attributes = { ...record.attributes };
  const own = { ...record.resource.attributes };
  for (const key of keys) {
    const value = attributes[key];
    if (value === undefined) continue;
    // Behind the others: resources that say the same in another order are two.
    delete own[key];
    own[key] = value;
    delete attributes[key];
  }
  return { ...record, attributes, resource: { ...record.resource, attributes: own } };
}

/** Groups in the order of their first record. */
function grouped(records: readonly PlainRecord[], keys: readonly string[]): PlainRecord[] {
  const groups = Map.groupBy(
    records.map((record) => moved(record, keys)),
    ({ resource, scope }) => JSON.stringify([resource, scope]),
  );
  return [...groups.values()].flat();
}

test('agrees with a model of whole records', async () => {
  const keys = fc.subarray(['a', 'b', 'd.e', 'service.name', 'c']);
  await fc.assert(
    fc.asyncProperty(feedOf(plainRecord), keys, async (feed, names) => {
      const sink = new PlainSink();
      const processor = new GroupByAttrs({ keys: names, max_groups: 100 }, sink);
      await processor.start(createTestHost());

      const settled = await play(processor, sink, feed);

      const expected = partsOf(feed).flatMap(({ part }) => grouped(part, names));
      expect(sink.records).toEqual(expected);
      expect(settled.get('durable')).toBe(feed.records.length);
    }),
    { numRuns: 300 },
  );
});
