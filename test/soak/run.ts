/**
 * `npm run soak`: what takes longer than a test should.
 *
 *   npm run soak -- steady [--minutes 60] [--rate 5000]     memory and descriptors of a running agent over time
 *   npm run soak -- crash [--kills 30] [--rate 20000] [--queue memory|disk] [--away] [--full] [--seed N]
 *   npm run soak -- outage [--queue memory|disk] [--rate 5000]    a backend that is away, overloaded, closed to us and slow
 *   npm run soak -- senders [--logs 100000] [--python INTERPRETER]...    an SDK by each protocol, compared record by record
 *   npm run soak -- backlog [--mib 2048]                    a queue on disk that fills, drains and gives its disk back
 *
 * Ends with exit code 1 when a bound is broken; the bounds stand below.
 */
import { parseArgs } from 'node:util';
import { FULL_PIPELINE, runCrash } from '../e2e/crash.ts';
import { runOutage } from '../e2e/outage.ts';
import { runBacklog, STORAGE_MIB_AFTER_MAX } from './backlog.ts';
import { runSenders } from './senders.ts';
import { runSteady } from './steady.ts';

const SLOPE_MIB_PER_HOUR_MAX = 1;
const DESCRIPTORS_SPREAD_MAX = 4;
const LOOP_DELAY_MS_MAX = 20;
// Beyond what is idle: the bounds of queue (16 MiB in memory) and receiver (4 MiB of requests, 1 MiB of reading), and
// what compiled code and the collector take once there is work.
const RSS_MIB_ABOVE_IDLE_MAX = 45;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string' },
    kills: { type: 'string', default: '30' },
    queue: { type: 'string', default: 'memory' },
    logs: { type: 'string', default: '100000' },
    python: { type: 'string', multiple: true, default: [] },
    mib: { type: 'string', default: '2048' },
    away: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

async function crash(): Promise<boolean> {
  const { written, lost, firstLost, stats, away } = await runCrash({
    kills: Number(values.kills),
    linesPerSecond: Number(values.rate ?? 20_000),
    rotateEvery: 100_000,
    lifeMs: [500, 4000],
    queue: values.queue === 'disk' ? 'disk' : 'memory',
    hasSecondAway: values.away,
    ...(values.full && { processors: FULL_PIPELINE }),
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
      away,
    }),
  );
  return lost === 0 && (away?.lost ?? 0) === 0;
}

async function steady(): Promise<boolean> {
  const minutes = Number(values.minutes);
  const result = await runSteady({ minutes, linesPerSecond: Number(values.rate ?? 5000) });
  console.log(JSON.stringify({ minutes, ...result }));
  const isFlat = result.slopeMibPerHour <= SLOPE_MIB_PER_HOUR_MAX;
  return isFlat && result.descriptorsMax - result.descriptorsMin <= DESCRIPTORS_SPREAD_MAX && result.lost === 0;
}

async function outage(): Promise<boolean> {
  const { output: _, ...result } = await runOutage({
    queue: values.queue === 'disk' ? 'disk' : 'memory',
    linesPerSecond: Number(values.rate ?? 5000),
    rotateEvery: 100_000,
    downMs: 60_000,
    faultMs: 30_000,
    // Half a minute, the default, would pass a fault over now and then.
    retryMaxSeconds: 10,
  });
  console.log(JSON.stringify({ queue: values.queue, ...result }));
  const isWithin = result.phases.every(
    ({ phase, rssMibMax, loopDelayP99Ms }) =>
      rssMibMax <= result.idleRssMib + RSS_MIB_ABOVE_IDLE_MAX && (phase === 'well' || loopDelayP99Ms < LOOP_DELAY_MS_MAX),
  );
  return result.lost === 0 && result.stats.repeated === 0 && result.stats.outOfOrder === 0 && isWithin;
}

async function backlog(): Promise<boolean> {
  const result = await runBacklog({ bytes: Number(values.mib) * 1024 * 1024, linesPerSecond: 150_000, rotateEvery: 2_000_000 });
  console.log(JSON.stringify({ mib: values.mib, storageMibAfterMax: STORAGE_MIB_AFTER_MAX, ...result }));
  const isComplete = result.lost === 0 && result.repeated === 0 && result.outOfOrder === 0;
  return isComplete && Number.isFinite(result.shrinkSeconds) && result.loopDelayP99Ms < LOOP_DELAY_MS_MAX;
}

async function senders(): Promise<boolean> {
  const logs = Number(values.logs);
  let isEqual = true;
  for await (const result of runSenders({ logs, pythons: values.python })) {
    console.log(JSON.stringify(result));
    const { arrived, lost, changed, unknown, faults, refusedRequests } = result;
    isEqual &&= arrived === logs && lost.length + changed.length + unknown.length === 0 && refusedRequests > 0 === faults > 0;
  }
  return isEqual;
}

const SOAKS: Readonly<Record<string, () => Promise<boolean>>> = { steady, crash, outage, backlog, senders };

const passed = await (SOAKS[positionals[0] ?? 'steady'] ?? steady)();
process.exitCode = passed ? 0 : 1;
