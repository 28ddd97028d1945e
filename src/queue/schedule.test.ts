import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Schedule, type Scheduled } from './schedule.ts';

/*
 * Goal: the schedule gives out what the definition says: the first item whose sources are disjoint with those in flight
 * and with those of the items passed over. Items with too many sources let nothing pass.
 *
 * Method: random items, takes and answers, compared with a search from the head of a plain list.
 */
test('gives out the first item that no unanswered item before it stands in the way of', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      sources: fc.option(fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 10 }),
    }),
    fc.record({ kind: fc.constant('take' as const) }),
    fc.record({ kind: fc.constant('done' as const), which: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const schedule = new Schedule<Scheduled>();
      const unanswered: Scheduled[] = [];
      const taken: Scheduled[] = [];
      let sequence = 0;
      const wrong: unknown[] = [];
      for (const one of steps) {
        if (one.kind === 'add') {
          const item = { sequence: ++sequence, sources: one.sources };
          unanswered.push(item);
          schedule.add(item);
        }
        if (one.kind === 'take') {
          const expected = unanswered.find((item, index) => !taken.includes(item) && isFree(item, unanswered.slice(0, index)));
          const item = schedule.take();
          if (item !== expected) wrong.push({ item, expected });
          if (item) taken.push(item);
        }
        if (one.kind === 'done') {
          const [item] = taken.splice(one.which % Math.max(1, taken.length), 1);
          if (!item) continue;
          unanswered.splice(unanswered.indexOf(item), 1);
          schedule.done(item);
        }
        if (schedule.length !== unanswered.length) wrong.push(schedule.length);
      }

      expect(wrong).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

function isFree(item: Scheduled, before: readonly Scheduled[]): boolean {
  return before.every((other) => {
    if (!item.sources || !other.sources) return false;
    return item.sources.every((source) => !other.sources?.includes(source));
  });
}
