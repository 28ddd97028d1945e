/**
 * Goal: kill -9 at any moment loses nothing, and repeats no more than the requests that had no stored answer. Method: a
 * real agent follows a log that is written and rotated, dies at random moments, and a real backend counts sequence
 * numbers. The seed is printed; `npm run soak -- crash --seed N` repeats it at full length.
 */
import { expect, test } from 'vitest';
import { FULL_PIPELINE, runCrash } from './crash.ts';

const SEED = Number(process.env['WINNOW_TEST_SEED'] ?? Date.now() % 1_000_000);

// Two requests of one source are never under way at once, but a request that was answered and not yet stored comes again too.
const REQUESTS_REPEATED_MAX = 2;

test.for(['memory', 'disk'] as const)(
  'loses nothing under kill -9 and rotation, queue in %s',
  { timeout: 120_000, retry: 0 },
  async (queue) => {
    console.info(`seed ${SEED}`);
    const kills = 5;

    const { written, lost, firstLost, stats, output } = await runCrash({
      kills,
      linesPerSecond: 5000,
      rotateEvery: 7000,
      lifeMs: [700, 1500],
      queue,
      seed: SEED,
    });

    expect(lost, `of ${written}, seed ${SEED}, first ${firstLost.slice(0, 5).join()}\n${output.slice(-2000)}`).toBe(0);
    expect(stats.outOfOrder).toBe(0);
    expect(stats.repeated).toBeLessThanOrEqual(kills * REQUESTS_REPEATED_MAX * stats.largestRequest);
  },
);

test('loses nothing under kill -9 with every kind of processor between', { timeout: 120_000, retry: 0 }, async () => {
  console.info(`seed ${SEED}`);

  const { written, lost, firstLost, output } = await runCrash({
    kills: 4,
    linesPerSecond: 4000,
    rotateEvery: 7000,
    lifeMs: [900, 1800],
    queue: 'disk',
    processors: FULL_PIPELINE,
    seed: SEED,
  });

  expect(lost, `of ${written}, seed ${SEED}, first ${firstLost.slice(0, 5).join()}\n${output.slice(-2000)}`).toBe(0);
});
