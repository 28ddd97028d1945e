import { expect, test } from 'vitest';
import { Room, type Amounts } from './room.ts';

const MAX: Amounts = { units: 4, bytes: 100, unwritten: 50 };
const NOTHING: Amounts = { units: 0, bytes: 0, unwritten: 0 };

function enter(room: Room, amounts: Partial<Amounts>): { readonly hasEntered: boolean } {
  const state = { hasEntered: false };
  room.take(
    { ...NOTHING, ...amounts },
    () => (state.hasEntered = true),
    () => {},
  );
  return state;
}

test.each([
  ['units', { units: 4 }, { units: 1 }],
  ['bytes', { bytes: 100 }, { bytes: 1 }],
  ['bytes that are not on disk yet', { unwritten: 50 }, { unwritten: 1 }],
])('bounds %s, and lets in who waits when there is room', (_what, full, more) => {
  const room = new Room(MAX);

  expect(enter(room, full).hasEntered).toBe(true);
  const waiting = enter(room, more);
  expect(waiting.hasEntered).toBe(false);
  room.give({ ...NOTHING, ...full });

  expect(waiting.hasEntered).toBe(true);
});

test('nobody overtakes who waits, small as it may be', () => {
  const room = new Room(MAX);
  enter(room, { units: 3 });
  const large = enter(room, { units: 2 });

  const small = enter(room, { units: 1 });

  expect([large.hasEntered, small.hasEntered]).toEqual([false, false]);
  expect(room.has({ ...NOTHING, units: 1 })).toBe(false);
  room.give({ ...NOTHING, units: 3 });
  expect([large.hasEntered, small.hasEntered]).toEqual([true, true]);
});

test('what was there before counts, beyond the bounds too', () => {
  const room = new Room(MAX);

  room.force({ units: 9, bytes: 120, unwritten: 0 });

  expect(room.units).toBe(9);
  const waiting = enter(room, { units: 1, bytes: 1 });
  room.give({ units: 6, bytes: 20, unwritten: 0 });
  expect(waiting.hasEntered).toBe(false);
  room.give({ units: 0, bytes: 1, unwritten: 0 });
  expect(waiting.hasEntered).toBe(true);
});
