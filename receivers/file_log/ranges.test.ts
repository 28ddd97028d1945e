/**
 * Goal: the watermark is the end of the longest prefix that is settled, and nothing is read twice or left out.
 *
 * Method: random reading, settling and giving up, against a list of bytes each of which knows what became of it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Transaction } from '#component';
import { Ranges, START, type Mark, type Range } from './ranges.ts';

const mark = (at: number): Mark => (at === 0 ? START : { at, tail: '', records: at, isSkipping: false });

type Step = { readonly kind: 'read'; readonly bytes: number } | { readonly kind: 'finish' | 'reopen' | 'divide'; readonly index: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), bytes: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constantFrom('finish' as const, 'reopen' as const, 'divide' as const), index: fc.nat(10) }),
);

test('the watermark is the end of the longest settled prefix', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ranges = new Ranges();
      const open: Range[] = [];
      const bytes: ('unread' | 'open' | 'done')[] = Array.from({ length: 400 }, () => 'unread');
      const set = (range: Range, state: 'unread' | 'open' | 'done'): void => void bytes.fill(state, range.from.at, range.to.at);
      for (const one of steps) {
        if (one.kind === 'read') {
          const gap = ranges.next();
          const to = Math.min(gap.limit, gap.from.at + one.bytes);
          if (gap.from.at !== bytes.indexOf('unread')) throw new Error('reading goes on elsewhere');
          const range = ranges.add(gap.from, mark(to));
          open.push(range);
          set(range, 'open');
        } else if (one.kind === 'divide') {
          const range = open[one.index % Math.max(1, open.length)];
          const at = (range?.from.at ?? 0) + 1;
          if (range && at < range.to.at) open.push(ranges.divide(range, mark(at)));
        } else {
          const [range] = open.splice(one.index % Math.max(1, open.length), 1);
          if (!range) continue;
          if (one.kind === 'finish') ranges.finish(range);
          else ranges.reopen(range);
          set(range, one.kind === 'finish' ? 'done' : 'unread');
        }
        const prefix = bytes.findIndex((state) => state !== 'done');
        expect(ranges.watermark.at).toBe(prefix);
        expect(ranges.hasGap).toBe(bytes.indexOf('unread') < Math.max(bytes.lastIndexOf('open'), bytes.lastIndexOf('done')));
        expect(ranges.reach.at).toBeGreaterThanOrEqual(ranges.end.at);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a transaction of somebody else moves the watermark over what it carries and what is settled', () => {
  const transaction: Transaction = { storage: {}, afterCommit: () => {} };
  const ranges = new Ranges();
  const [first, second, third] = [ranges.add(START, mark(5)), ranges.add(mark(5), mark(9)), ranges.add(mark(9), mark(12))] as const;
  third.transaction = transaction;
  ranges.finish(second);

  expect(ranges.watermarkWith(transaction).at).toBe(0);
  first.transaction = transaction;
  expect(ranges.watermarkWith(transaction).at).toBe(12);
  expect(ranges.watermark.at).toBe(0);
});
