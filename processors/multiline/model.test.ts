import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Processor } from '#component';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { PlainSink, batchOf, feedOf, partsOf, plainRecord, type PlainRecord } from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';

/*
 * Goal: with a rule, what comes out of each source is what the README says, whole records, and each row is settled once.
 * Method: a model joins plain objects; batches come about in different ways, sources (resources) come mixed.
 */
const record = fc
  .tuple(plainRecord, fc.constantFrom('> one', '> zwei €', 'more', '  indented', '', 'as it is'))
  .map(([plain, text]): PlainRecord => Object.assign({}, plain, text !== 'as it is' && { body: { stringValue: text } }));

function joined(records: readonly PlainRecord[], overwriteWith: string): PlainRecord[] {
  const groups: PlainRecord[][] = [];
  let isOpen = false;
  for (const one of records) {
    const text = one.body.stringValue;
    const isFirst = text?.startsWith('>') === true;
    // What is no text is joined to nothing, nor is what comes before a first one.
    if (text !== undefined && isOpen && !isFirst) groups.at(-1)?.push(one);
    else groups.push([one]);
    isOpen = isFirst || (isOpen && text !== undefined);
  }
  return groups.map((group) => {
    const kept = (overwriteWith === 'newest' ? group.at(-1) : group[0]) as PlainRecord;
    const stringValue = group.map(({ body }) => body.stringValue).join('|');
    return group.length === 1 ? kept : Object.assign({}, kept, { body: { stringValue } });
  });
}

const sourceOf = ({ resource }: PlainRecord): string => JSON.stringify(resource.attributes);

async function giveAll(processor: Processor, batch: ReturnType<typeof batchOf>): Promise<void> {
  batch.forgetEncoded();
  await processor.consume(batch);
}

test.each(['oldest', 'newest'])('agrees with a model of whole records, %s', async (overwriteWith) => {
  await fc.assert(
    fc.asyncProperty(feedOf(record), async (feed) => {
      const sink = new PlainSink();
      const written = { line_start_pattern: '^>', combine_with: '|', overwrite_with: overwriteWith, max_unmatched_batch_size: 1 };
      const processor = factory.create(validate(factory, written).config as never, { id: 'multiline' }, sink);
      const clock = new FakeClock();
      await processor.start(createTestHost({ clock }));
      let settled = 0;

      for (const { part, how } of partsOf(feed))
        await giveAll(
          processor,
          batchOf(part, how, ({ durable }) => (settled += durable)),
        );
      await clock.advance(5000);
      await processor.shutdown(AbortSignal.timeout(5000));

      const expected = Map.groupBy(feed.records, sourceOf);
      const came = Map.groupBy(sink.records, sourceOf);
      expect([...came.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
      for (const [source, records] of expected) expect(came.get(source)).toEqual(joined(records, overwriteWith));
      expect(settled).toBe(feed.records.length);
    }),
    { numRuns: 150 },
  );
});
