import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome, Transaction } from '#component';
import { Partition } from './partition.ts';

const durable: Outcome = { durable: 1, dropped: new Map(), abandoned: 0 };
const abandoned: Outcome = { durable: 0, dropped: new Map(), abandoned: 1 };

/**
 * Goal: the group is never told of more than what is settled, and hears of everything in the end. Method: stretches are
 * given, settled in any order, and given up at random; what was given up is given again from where the partition says.
 */
test('what is safe is a prefix of what is settled, whatever is given up in between', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('give' as const), size: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), size: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'abandon' as const), which: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const partition = new Partition('t', 0, 10);
      const settled = new Set<number>(Array.from({ length: 10 }, (_, i) => i));
      const open: { from: number; end: number; settle: (outcome: Outcome, transaction?: Transaction) => void }[] = [];
      const give = (size: number): void => {
        const from = partition.position;
        const settle = partition.give(from + size, () => {});
        open.push({ from, end: from + size, settle: (outcome, transaction) => settle(outcome, transaction) });
      };
      const close = (which: number, outcome: Outcome): void => {
        const [stretch] = open.splice(which % open.length, 1);
        if (!stretch) return;
        if (outcome === durable) for (let offset = stretch.from; offset < stretch.end; offset++) settled.add(offset);
        stretch.settle(outcome);
      };
      for (const each of steps) {
        const before = partition.safe;
        if (each.kind === 'give') give(each.size);
        else if (each.kind === 'pass') {
          for (let i = 0; i < each.size; i++) settled.add(partition.position + i);
          partition.pass(partition.position + each.size);
        } else close(each.which, each.kind === 'settle' ? durable : abandoned);
        expect(partition.safe).toBeGreaterThanOrEqual(before);
        expect(partition.position).toBeGreaterThanOrEqual(partition.safe);
        for (let offset = 0; offset < partition.safe; offset++) expect(settled.has(offset)).toBe(true);
      }
      while (open.length > 0) close(0, durable);
      expect(partition.safe).toBe(partition.position);
    }),
  );
});

test('a settlement inside a transaction counts when that is committed', () => {
  const partition = new Partition('t', 0, 0);
  const afterCommit: (() => void)[] = [];
  const settle = partition.give(5, () => {});

  settle(durable, { storage: {}, afterCommit: (action) => void afterCommit.push(action) });
  expect(partition.safe).toBe(0);
  for (const action of afterCommit) action();

  expect(partition.safe).toBe(5);
});

test('what is heard of messages from before a return changes nothing about the reading since', () => {
  const partition = new Partition('t', 0, 0);
  const [first, second] = [partition.give(1, () => {}), partition.give(2, () => {})];
  first(abandoned, undefined);
  let returns = 0;
  const again = partition.give(2, () => returns++);

  second(abandoned, undefined);
  expect([partition.position, partition.safe, returns]).toEqual([2, 0, 0]);
  again(durable, undefined);

  expect(partition.safe).toBe(2);
});
