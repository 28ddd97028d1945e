import { describe, expect, test } from 'vitest';
import { countGain, EvidenceBank, hitGain, thresholdFor } from './evidence.ts';
import { seededRandom } from './half-space-trees.ts';

function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

describe('evidence', () => {
  test('passes its threshold by chance no oftener than was allowed', () => {
    const random = seededRandom(11);
    const bank = new EvidenceBank(1);
    const days = 400;
    const limit = thresholdFor(1440, 1);
    let alarms = 0;
    let wasAbove = false;
    for (let minute = 0; minute < days * 1440; minute++) {
      bank.add(0, countGain(poisson(5, random), 5, 10, 0), minute, limit);
      const isAbove = bank.isAbove(limit);
      if (isAbove && !wasAbove) alarms++;
      wasAbove = isAbove;
    }
    expect(alarms).toBeLessThanOrEqual(days);
  });

  test('finds a change within some steps, and knows when it began', () => {
    const bank = new EvidenceBank(1);
    const limit = thresholdFor(1440, 0.1);
    let found = -1;
    for (let minute = 0; minute < 200 && found < 0; minute++) {
      bank.add(0, countGain(minute < 100 ? 5 : 12, 5, 10, 0), minute, limit);
      if (bank.isAbove(limit)) found = minute;
    }
    expect(found).toBeGreaterThanOrEqual(100);
    expect(found).toBeLessThan(106);
    expect(bank.since[0]).toBe(100);
  });

  test('begins at zero again when a change is over', () => {
    const bank = new EvidenceBank(1);
    for (let i = 0; i < 10; i++) bank.add(0, 2, i, 10);
    expect(bank.isAbove(10)).toBe(true);
    for (let i = 0; i < 3; i++) bank.add(0, -1, i, 10);
    expect(bank.isAbove(10)).toBe(true);
    for (let i = 0; i < 3; i++) bank.add(0, -1, i, 10);
    expect(bank.isAbove(10)).toBe(false);
    expect(bank.max).toBe(0);
  });

  test('speaks less for a change the more counts vary anyway', () => {
    expect(countGain(12, 5, 10, 0.3)).toBeLessThan(countGain(12, 5, 10, 0));
    expect(countGain(5, 5, 10, 0.1)).toBeLessThan(0);
    expect(hitGain(true, 0.1, 0.4)).toBeGreaterThan(0);
    expect(hitGain(false, 0.1, 0.4)).toBeLessThan(0);
  });
});
