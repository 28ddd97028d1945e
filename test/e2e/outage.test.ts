/**
 * Goal: a backend that is away, overloaded, closed to us and slow, one after the other, costs nothing but time and the
 * memory that was configured. Method: a real agent, a log that is written and rotated, a backend with those faults that
 * counts sequence numbers. `npm run soak -- outage` does the same at full length.
 */
import { expect, test } from 'vitest';
import { runOutage } from './outage.ts';

// The queue's 16 MiB in memory; what compiled code and the collector take as work begins, seen as 10 to 25 MiB.
const QUEUE_MIB = { memory: 16, disk: 0 } as const;
const RSS_MARGIN_MIB = 40;
// Of the few samples of a phase this short the 99th percentile is the slowest, on a machine that runs other tests too.
const LOOP_DELAY_MS_MAX = 1000;

test.for(['memory', 'disk'] as const)(
  'loses, repeats and reorders nothing when the backend is unwell, queue in %s',
  {
    timeout: 60_000,
  },
  async (queue) => {
    const { written, lost, firstLost, stats, idleRssMib, phases, output } = await runOutage({
      queue,
      linesPerSecond: 4000,
      rotateEvery: 11_000,
      downMs: 4000,
      faultMs: 3500,
      retryMaxSeconds: 1,
    });

    expect(lost, `of ${written}, first ${firstLost.slice(0, 5).join()}\n${output.slice(-2000)}`).toBe(0);
    expect(stats.repeated).toBe(0);
    expect(stats.outOfOrder).toBe(0);
    expect(output).toContain('it does not know us; check');
    expect(output).toContain('The backend answers again.');
    const queueing = phases.filter(({ phase }) => phase === 'down' || phase === '503' || phase === '401');
    for (const { phase, rssMibMax, loopDelayP99Ms, heldRecords } of queueing) {
      expect(heldRecords, phase).toBeGreaterThan(0);
      expect(rssMibMax, `idle at ${idleRssMib}; ${phase}`).toBeLessThan(idleRssMib + QUEUE_MIB[queue] + RSS_MARGIN_MIB);
      expect(loopDelayP99Ms, phase).toBeLessThan(LOOP_DELAY_MS_MAX);
    }
  },
);
