import { beforeEach, expect, test } from 'vitest';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { Client, Place } from './client.ts';
import { Holdings } from './holdings.ts';

/** What a group has told of, and where its partitions begin. */
class FakeGroup {
  readonly told = new Map<number, number>();
  failures = 0;

  async committed(places: readonly Place[]) {
    if (this.failures-- > 0) throw new Error('not now');
    return places.flatMap((place) => {
      const offset = this.told.get(place.index);
      return offset === undefined ? [] : [{ ...place, offset }];
    });
  }

  async bounds(places: readonly Place[], which: 'earliest' | 'latest') {
    return places.map((place) => ({ ...place, offset: which === 'earliest' ? 0 : 99 }));
  }
}

const place = (index: number): Place => ({ topic: 'logs', index });
let clock: FakeClock;
let group: FakeGroup;
let gained: number;
let troubles: unknown[];
let holdings: Holdings;

beforeEach(() => {
  clock = new FakeClock();
  group = new FakeGroup();
  gained = 0;
  troubles = [];
  holdings = new Holdings({
    client: group as unknown as Client,
    initialOffset: 'earliest',
    host: createTestHost({ clock }),
    stopping: new AbortController().signal,
    onGained: () => gained++,
    onTrouble: (problem) => troubles.push(problem),
  });
});

const positions = (): [number, number][] =>
  holdings.all.map(({ index, position }): [number, number] => [index, position]).toSorted(([a], [b]) => a - b);

test('a partition begins where the group has told last, and one it never told of at the configured end', async () => {
  group.told.set(1, 42);

  await holdings.adopt([place(0), place(1)]);

  expect(positions()).toEqual([
    [0, 0],
    [1, 42],
  ]);
  expect(gained).toBe(1);
});

test('one that stays goes on where it is, one that went is no longer ours', async () => {
  await holdings.adopt([place(0), place(1)]);
  const [stays, goes] = [holdings.find(place(0)), holdings.find(place(1))];
  stays?.pass(7);

  await holdings.adopt([place(0), place(2)]);

  expect(holdings.find(place(0))).toBe(stays);
  expect([stays?.isOurs, goes?.isOurs]).toEqual([true, false]);
  expect(positions()).toEqual([
    [0, 7],
    [2, 0],
  ]);
});

test('a group that does not answer is asked again; a later division ends the asking', async () => {
  group.failures = 1;
  const adopting = holdings.adopt([place(0)]);
  await settleMicrotasks();
  expect([troubles.length, gained]).toEqual([1, 0]);
  await clock.advance(1000);
  await adopting;
  expect([positions(), gained]).toEqual([[[0, 0]], 1]);

  group.failures = 1;
  const early = holdings.adopt([place(0), place(1)]);
  await settleMicrotasks();
  await holdings.adopt([place(0)]);
  await clock.advance(1000);
  await early;

  expect(positions()).toEqual([[0, 0]]);
});

test('an answer that comes after a later division is of no use', async () => {
  let answer = (): void => {};
  group.committed = async (places) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return places.map((each) => ({ ...each, offset: 5 }));
  };
  const early = holdings.adopt([place(0)]);
  await holdings.adopt([]);

  answer();
  await early;

  expect([positions(), gained]).toEqual([[], 0]);
});
