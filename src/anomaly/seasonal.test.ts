import { describe, expect, test } from 'vitest';
import { seededRandom } from './half-space-trees.ts';
import { DAY_MINUTES, SeasonalBaseline } from './seasonal.ts';

/** A daily rhythm, a batch job from 03:00 to 03:15, a cron job at the seventh minute of each hour. */
function usual(minute: number): number {
  const ofDay = minute % DAY_MINUTES;
  const rhythm = 20 * (1 + 0.5 * Math.sin((2 * Math.PI * ofDay) / DAY_MINUTES));
  return rhythm * (ofDay >= 180 && ofDay < 195 ? 4 : 1) * (minute % 60 === 7 ? 3 : 1);
}

function learned(days: number, factor: (minute: number) => number = () => 1): SeasonalBaseline {
  const random = seededRandom(5);
  const baseline = new SeasonalBaseline(14);
  for (let minute = 0; minute < days * DAY_MINUTES; minute++) {
    baseline.push(minute, Math.round(usual(minute) * factor(minute) * (0.8 + 0.4 * random())), true);
  }
  return baseline;
}

describe('a seasonal baseline', () => {
  test('expects nothing before it has seen a day', () => {
    expect(learned(0.9).expect(DAY_MINUTES)).toBeUndefined();
  });

  test('knows time of day, cron jobs, and batch jobs that come back', () => {
    const baseline = learned(2);
    const at = (ofDay: number): { base: number; high: number } => {
      const { base, high } = baseline.expect(2 * DAY_MINUTES + ofDay) ?? { base: 0, high: 0 };
      return { base, high };
    };

    expect(at(360).base / 30).toBeCloseTo(1, 0.5);
    expect(at(1080).base / 10).toBeCloseTo(1, 0.5);
    expect(at(607).base / at(606).base).toBeGreaterThan(2.3);
    expect(at(190).high / at(190).base).toBeGreaterThan(3);
    expect(at(230).high / at(230).base).toBe(1);
  });

  test('learns a job that came three days in a row, though each time it was an anomaly', () => {
    const random = seededRandom(7);
    const baseline = new SeasonalBaseline(14);
    const isJob = (minute: number): boolean => minute >= 6 * DAY_MINUTES && Math.floor((minute % DAY_MINUTES) / 2) === 90;
    const high = (day: number): number => baseline.expect(day * DAY_MINUTES + 181)?.high ?? 0;
    const push = (from: number, to: number): void => {
      for (let minute = from * DAY_MINUTES; minute < to * DAY_MINUTES; minute++)
        baseline.push(minute, isJob(minute) ? 200 : Math.round(2 * random()), !isJob(minute));
    };

    push(0, 8);
    const afterTwoNights = high(8);
    push(8, 9);

    expect(afterTwoNights).toBeLessThan(5);
    expect(high(9)).toBeGreaterThan(150);
    expect(baseline.expect(9 * DAY_MINUTES + 300)?.high).toBeLessThan(5);
  });

  test('knows quiet weekends after the second, though their beginnings were anomalies', () => {
    const random = seededRandom(9);
    const baseline = new SeasonalBaseline(14);
    const isWeekend = (minute: number): boolean => Math.floor(minute / DAY_MINUTES) % 7 >= 5;
    const isBeginning = (minute: number): boolean => isWeekend(minute) && !isWeekend(minute - 180);

    for (let minute = 0; minute < 15 * DAY_MINUTES; minute++) {
      baseline.push(minute, Math.round((isWeekend(minute) ? 0.3 : 1) * 4 * random()), !isBeginning(minute));
    }

    const low = (day: number, hour: number): number => (baseline.expect(day * DAY_MINUTES + hour * 60)?.low ?? 0) / baseline.level;
    expect(low(17, 1)).toBeGreaterThan(1.4);
    expect(low(19, 1)).toBeLessThan(1);
    expect(low(19, 12)).toBeLessThan(1);
  });

  test('follows growth, and no more than that', () => {
    const baseline = learned(3, (minute) => (minute < 2 * DAY_MINUTES ? 1 : 1.3));
    expect(baseline.level).toBeGreaterThan(0.95);
    expect(baseline.level).toBeLessThan(1.5);
    for (let minute = 3 * DAY_MINUTES; minute < 3 * DAY_MINUTES + 300; minute++)
      baseline.push(minute, Math.round(usual(minute) * 1.3), true);
    const { base } = baseline.expect(3 * DAY_MINUTES + 300) ?? { base: 0 };
    expect(base / (usual(3 * DAY_MINUTES + 300) * 1.3)).toBeCloseTo(1, 0.5);
  });

  test('goes on from a snapshot as if nothing had happened', () => {
    const one = learned(2);
    const other = new SeasonalBaseline(14);
    other.load(JSON.parse(JSON.stringify(one.save())));
    for (let minute = 2 * DAY_MINUTES; minute < 3 * DAY_MINUTES; minute++) {
      expect({ ...other.expect(minute) }).toEqual({ ...one.expect(minute) });
      one.push(minute, Math.round(usual(minute)), minute % 5 > 0);
      other.push(minute, Math.round(usual(minute)), minute % 5 > 0);
    }
  });
});
