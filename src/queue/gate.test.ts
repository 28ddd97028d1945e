import { beforeEach, expect, test } from 'vitest';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { Gate, type Ticket } from './gate.ts';

let clock: FakeClock;
let gate: Gate;

beforeEach(() => {
  clock = new FakeClock();
  gate = new Gate(clock);
});

/** The ticket of somebody who has to be let in at once. */
async function pass(): Promise<Ticket> {
  const ticket = await gate.enter({ sequence: 0, failures: 0 });
  if (!ticket) throw new Error('the gate has stopped');
  return ticket;
}

test('lets the oldest probe when the time is over, and all others in when it succeeds', async () => {
  gate.close(await pass(), 1000);
  const entered: number[] = [];
  const tickets: Ticket[] = [];
  for (const sequence of [7, 3, 5]) {
    void gate.enter({ sequence, failures: 0 }).then((ticket) => {
      entered.push(sequence);
      if (ticket) tickets.push(ticket);
    });
  }

  await clock.advance(999);
  expect(entered).toEqual([]);
  await clock.advance(1);
  expect(entered).toEqual([3]);
  gate.succeeded(tickets[0] as Ticket);
  await settleMicrotasks();

  expect(entered).toEqual([3, 5, 7]);
  expect(gate.isOpen).toBe(true);
});

test('lets somebody probe who comes when the time has long been over', async () => {
  gate.close(await pass(), 1000);
  await clock.advance(5000);

  expect(gate.closedMs).toBe(0);
  expect(await gate.enter({ sequence: 1, failures: 0 })).toBeDefined();
});

test('who has failed least often probes first', async () => {
  gate.close(await pass(), 1000);
  const entered: number[] = [];
  for (const [sequence, failures] of [
    [1, 2],
    [2, 1],
    [4, 0],
    [3, 0],
  ] as const) {
    void gate.enter({ sequence, failures }).then((ticket) => {
      entered.push(sequence);
      if (ticket) gate.close(ticket, 1000);
    });
  }

  await clock.advance(4000);

  expect(entered).toEqual([3, 4, 2, 1]);
});

test('a probe that was given back goes to the next', async () => {
  gate.close(await pass(), 1000);
  const first = gate.enter({ sequence: 1, failures: 0 });
  const second = gate.enter({ sequence: 2, failures: 0 });
  await clock.advance(1000);

  gate.giveBack((await first) as Ticket);

  expect(await second).toBeDefined();
  expect(gate.isOpen).toBe(false);
});

test('counts closings in a row, those of requests that were under way once, and begins anew after a success', async () => {
  const [early, late] = [await pass(), await pass()];
  expect(gate.failuresWith(early)).toBe(1);
  expect(gate.close(early, 1000)).toBe(true);
  expect(gate.failuresWith(late)).toBe(1);
  await clock.advance(1000);
  const probe = await pass();
  expect(gate.failuresWith(probe)).toBe(2);
  expect(gate.close(probe, 1000)).toBe(false);
  expect(gate.failuresWith(late)).toBe(2);

  await clock.advance(1000);
  gate.succeeded(await pass());

  expect(gate.failuresWith(await pass())).toBe(1);
});

test('who fails late makes the wait longer, never shorter', async () => {
  const [early, late, latest] = [await pass(), await pass(), await pass()];
  gate.close(early, 2000);
  await clock.advance(500);
  gate.close(late, 1000);
  expect(gate.closedMs).toBe(1500);

  gate.close(latest, 3000);

  expect(gate.closedMs).toBe(3000);
});

test('an answer from before the closing does not open it', async () => {
  const [early, late] = [await pass(), await pass()];
  gate.close(early, 1000);

  gate.succeeded(late);

  expect(gate.isOpen).toBe(false);
});

test('turns everybody away once it has stopped', async () => {
  const ticket = await pass();
  gate.close(ticket, 1000);
  const waiting = gate.enter({ sequence: 1, failures: 0 });

  gate.stop();

  expect(await waiting).toBeUndefined();
  expect(await gate.enter({ sequence: 2, failures: 0 })).toBeUndefined();
  expect(gate.close(ticket, 1000)).toBe(false);
  gate.succeeded(ticket);
  expect(gate.isOpen).toBe(false);
});
