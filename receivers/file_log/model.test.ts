/**
 * Goal: whatever happens to files, no line is lost, and none is delivered twice.
 *
 * Method: a real folder, a writer and a receiver. A random sequence of what happens to logs (lines, parts of lines,
 * rotation in all its forms, restarts, crashes, records given up) is played; then everything is let through and what came
 * out is compared with what was written. A line counts as delivered when it was settled as durable, so what was under way
 * in a crash may be given away again, but never be made safe twice. Each has the name of its file. fast-check prints the
 * seed of a failure.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { World, type Step } from './model-world.ts';

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      lines: fc.integer({ min: 1, max: 60 }),
      width: fc.integer({ min: 0, max: 300 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 50, 200, 1000, 5000) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'partial' as const,
        'rename' as const,
        'renameLate' as const,
        'copytruncate' as const,
        'recreate' as const,
        'restart' as const,
        'crash' as const,
        'compress' as const,
        'downtime' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const), isHolding: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), index: fc.nat(3), isDurable: fc.boolean() }) },
);

const variant = fc.record({ includesRotated: fc.boolean(), hasHeader: fc.boolean(), kind: fc.constantFrom('gz' as const, 'zst' as const) });

test('loses no line and makes none safe twice, whatever happens to the files', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(variant, fc.array(step, { minLength: 3, maxLength: 25 }), async (how, steps) => {
      const world = new World(how);
      try {
        await world.up();
        for (const one of steps) await world.play(one);
        await world.caughtUp();
        await world.rig.clock.advance(15_000);

        const counts = new Map<string, number>();
        for (const body of world.rig.sink.bodies) counts.set(String(body), (counts.get(String(body)) ?? 0) + 1);
        for (const body of counts.keys()) if (body.startsWith('#')) counts.delete(body);
        const repeated = [...counts].filter(([, count]) => count !== 1);
        expect(repeated).toEqual([]);
        expect([...counts.keys()].toSorted()).toEqual(world.written.toSorted());
        const names = world.rig.sink.safe.map(({ attributes }) => attributes['log.file.name'] as string);
        expect(names.filter((name) => !name.startsWith('app.log'))).toEqual([]);
      } finally {
        await world.rig.remove();
      }
    }),
    { numRuns: Number(process.env['WINNOW_MODEL_RUNS'] ?? 40) },
  );
});
