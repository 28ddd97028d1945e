import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Delivery, type Outcome } from './delivery.ts';
import type { Transaction } from './storage.ts';

type Fate = 'durable' | 'abandoned' | 'noise' | 'refused';

const fate = fc.constantFrom<Fate>('durable', 'abandoned', 'noise', 'refused');
const transaction = (): Transaction => ({ storage: {}, afterCommit: () => {} });

function settle(delivery: Delivery, rows: number, what: Fate, within?: Transaction): void {
  if (what === 'durable') delivery.durable(rows, within);
  else if (what === 'abandoned') delivery.abandoned(rows);
  else delivery.dropped(rows, what, within);
}

function droppedOf({ dropped }: Outcome): number {
  let rows = 0;
  for (const each of dropped.values()) rows += each;
  return rows;
}

function count(fates: readonly Fate[], ...wanted: Fate[]): number {
  return fates.filter((one) => wanted.includes(one)).length;
}

/** Neighbours of equal fate are settled together, as a holder does it that settles whole requests. */
function settleInRuns(delivery: Delivery, fates: readonly Fate[], within?: Transaction): void {
  for (let from = 0; from < fates.length;) {
    const what = fates[from] as Fate;
    let to = from + 1;
    while (to < fates.length && fates[to] === what) to++;
    settle(delivery, to - from, what, within);
    from = to;
  }
}

/** Goal: the outcome is what became of the rows, told once. Method: every row has a random fate. */
describe('a Delivery', () => {
  test('tells the sums, once, when no row is outstanding', () => {
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 40 }), (fates) => {
        const outcomes: Outcome[] = [];
        const delivery = new Delivery(fates.length, 7, (outcome) => outcomes.push(outcome));

        for (const [settled, what] of fates.entries()) {
          expect(delivery.outstanding).toBe(fates.length - settled);
          expect(outcomes).toEqual([]);
          settle(delivery, 1, what);
        }

        const dropped = new Map(
          (['noise', 'refused'] as const).map((reason) => [reason, count(fates, reason)] as const).filter(([, rows]) => rows > 0),
        );
        expect(outcomes).toEqual([{ durable: count(fates, 'durable'), dropped, abandoned: count(fates, 'abandoned') }]);
      }),
    );
  });

  test('that is divided answers for the rows it keeps', () => {
    const heard: string[] = [];
    const delivery = new Delivery(5, 7, ({ durable, abandoned }) => heard.push(`first ${durable} ${abandoned}`));
    delivery.durable(1);

    const second = delivery.divide(3, ({ durable, abandoned }) => heard.push(`second ${durable} ${abandoned}`));
    expect([delivery.outstanding, second.outstanding, second.source]).toEqual([1, 3, 7]);
    delivery.durable(1);
    second.abandoned(3);

    expect(heard).toEqual(['first 2 0', 'second 0 3']);
    expect(() => new Delivery(2, 7, () => {}).divide(2, () => {})).toThrow('keeps some of its rows');
  });

  test('does not let a row settle twice', () => {
    const delivery = new Delivery(2, 1, () => {});

    expect(() => delivery.durable(3)).toThrow('exactly once');
    expect(() => delivery.durable(0)).toThrow('exactly once');
    expect(() => new Delivery(0, 1, () => {})).toThrow('at least one row');
  });

  test('hands the transaction of the last settlement to its listener', () => {
    const last = transaction();
    const heard: (Transaction | undefined)[] = [];
    const delivery = new Delivery(2, 1, (_outcome, within) => heard.push(within));

    delivery.durable(1, transaction());
    delivery.durable(1, last);

    expect(heard).toEqual([last]);
  });
});

/**
 * Goal: the source never moves past a row that a branch still wants. A countdown does not know which rows the branches
 * speak of, so it may call more rows abandoned or dropped than a model that does, never fewer.
 */
describe('a fork', () => {
  const branches = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }))
    .chain(([rows, many]) => fc.array(fc.array(fate, { minLength: rows, maxLength: rows }), { minLength: many, maxLength: many }));

  function expectSafe(outcome: Outcome, fates: readonly (readonly Fate[])[]): void {
    const rows = fates[0]?.length ?? 0;
    const isAny = (at: number, ...wanted: Fate[]): boolean => fates.some((branch) => count([branch[at] as Fate], ...wanted) > 0);
    const indexes = Array.from({ length: rows }, (_, at) => at);
    const abandoned = indexes.filter((at) => isAny(at, 'abandoned')).length;
    const allDurable = indexes.filter((at) => !isAny(at, 'abandoned', 'noise', 'refused')).length;
    expect(outcome.durable + droppedOf(outcome) + outcome.abandoned).toBe(rows);
    expect(outcome.abandoned).toBeGreaterThanOrEqual(abandoned);
    expect(outcome.durable).toBeLessThanOrEqual(allDurable);
    // No more than what the branches have said together.
    const all = fates.flat();
    expect(outcome.abandoned).toBeLessThanOrEqual(count(all, 'abandoned'));
    expect(droppedOf(outcome)).toBeLessThanOrEqual(count(all, 'noise', 'refused'));
    expect(outcome.durable).toBeGreaterThanOrEqual(fates.length === 1 ? allDurable : 0);
  }

  test('settles when its last branch has, on the safe side', () => {
    fc.assert(
      fc.property(branches, (fates) => {
        const outcomes: Outcome[] = [];
        const delivery = new Delivery(fates[0]?.length ?? 1, 3, (outcome) => outcomes.push(outcome));

        for (const [i, fork] of delivery.fork(fates.length).entries()) {
          expect(outcomes).toEqual([]);
          expect(fork.source).toBe(3);
          settleInRuns(fork, fates[i] ?? []);
        }

        expect(outcomes).toHaveLength(1);
        expectSafe(outcomes[0] as Outcome, fates);
      }),
    );
  });

  test('of a fork settles the first one', () => {
    fc.assert(
      fc.property(branches, (fates) => {
        const outcomes: Outcome[] = [];
        const delivery = new Delivery(fates[0]?.length ?? 1, 3, (outcome) => outcomes.push(outcome));
        const [outer, inner] = delivery.fork(2) as [Delivery, Delivery];

        outer.durable(outer.outstanding);
        for (const [i, fork] of inner.fork(fates.length).entries()) settleInRuns(fork, fates[i] ?? []);

        expect(outcomes).toHaveLength(1);
        expectSafe(outcomes[0] as Outcome, fates);
      }),
    );
  });

  test('of some rows leaves the others to be settled by themselves', () => {
    const outcomes: Outcome[] = [];
    const delivery = new Delivery(5, 1, (outcome) => outcomes.push(outcome));

    const forks = delivery.fork(2, 3);
    delivery.dropped(2, 'noise');
    for (const fork of forks) fork.durable(3);

    expect(outcomes).toEqual([{ durable: 3, dropped: new Map([['noise', 2]]), abandoned: 0 }]);
    expect(() => new Delivery(2, 1, () => {}).fork(2, 3)).toThrow('not settled yet');
  });

  test('carries the transaction of the branch that settles last', () => {
    const last = transaction();
    const heard: (Transaction | undefined)[] = [];
    const [one, two] = new Delivery(2, 1, (_outcome, within) => heard.push(within)).fork(2) as [Delivery, Delivery];

    one.durable(2, transaction());
    two.dropped(1, 'noise');
    two.durable(1, last);

    expect(heard).toEqual([last]);
  });
});
