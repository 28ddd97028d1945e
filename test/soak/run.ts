/**
 * `npm run soak`: what takes longer than a test should.
 *
 *   npm run soak -- steady [--minutes 60] [--rate 5000]     memory and descriptors of a running agent over time
 *   npm run soak -- crash [--kills 30] [--rate 20000] [--queue memory|disk] [--seed N]
 *
 * Ends with exit code 1 when a bound is broken; the bounds stand below.
 */
import { parseArgs } from 'node:util';
import { runCrash } from '../e2e/crash.ts';
import { runSteady } from './steady.ts';

const SLOPE_MIB_PER_HOUR_MAX = 1;
const DESCRIPTORS_SPREAD_MAX = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string' },
    kills: { type: 'string', default: '30' },
    queue: { type: 'string', default: 'memory' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

async function crash(): Promise<boolean> {
  const { written, lost, firstLost, stats } = await runCrash({
    kills: Number(values.kills),
    linesPerSecond: Number(values.rate ?? 20_000),
    rotateEvery: 100_000,
    lifeMs: [500, 4000],
    queue: values.queue === 'disk' ? 'disk' : 'memory',
    seed: Number(values.seed),
  });
  console.log(
    JSON.stringify({
      seed: values.seed,
      queue: values.queue,
      kills: values.kills,
      written,
      lost,
      firstLost: firstLost.slice(0, 10),
      ...stats,
    }),
  );
  return lost === 0;
}

async function steady(): Promise<boolean> {
  const minutes = Number(values.minutes);
  const result = await runSteady({ minutes, linesPerSecond: Number(values.rate ?? 5000) });
  console.log(JSON.stringify({ minutes, ...result }));
  const isFlat = result.slopeMibPerHour <= SLOPE_MIB_PER_HOUR_MAX;
  return isFlat && result.descriptorsMax - result.descriptorsMin <= DESCRIPTORS_SPREAD_MAX && result.lost === 0;
}

const passed = positionals[0] === 'crash' ? await crash() : await steady();
process.exitCode = passed ? 0 : 1;
