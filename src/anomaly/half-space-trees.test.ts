import { expect, test } from 'vitest';
import { HalfSpaceTrees, seededRandom } from './half-space-trees.ts';
import { SeriesDetector } from './series.ts';
import { SortedWindow } from './sorted-window.ts';

test('half-space trees find a point far from the others more unusual than one among them', () => {
  const random = seededRandom(1);
  const trees = new HalfSpaceTrees({ features: 2, random: seededRandom(2) });
  for (let i = 0; i < 600; i++) trees.observe([0.3 + 0.05 * random(), 0.6 + 0.05 * random()]);
  const inside = trees.observe([0.32, 0.62]);
  const outside = trees.observe([0.9, 0.1]);
  expect(outside).toBeGreaterThan(inside + 0.2);
});

test('a series detector finds the step in a noisy series', () => {
  const random = seededRandom(3);
  const detector = new SeriesDetector({ probation: 150 });
  const scores = Array.from({ length: 1000 }, (_, i) => detector.observe((i === 700 ? 30 : 10) + random()));
  const best = scores.indexOf(Math.max(...scores));
  expect(best).toBe(700);
});

test('a sorted window gives the quantiles of the last values only', () => {
  const random = seededRandom(4);
  const window = new SortedWindow(50);
  const all: number[] = [];
  for (let i = 0; i < 300; i++) {
    const value = Math.floor(random() * 40);
    all.push(value);
    window.add(value);
    const last = all.slice(-50).toSorted((a, b) => a - b);
    expect(window.quantile(0.5)).toBe(last[Math.floor(last.length * 0.5)]);
    expect(window.quantile(1)).toBe(last.at(-1));
  }
});
