import { beforeEach, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { Outcome } from './delivery.ts';
import { RefusedError } from './errors.ts';
import { offerUntilTaken } from './offer.ts';

let clock: FakeClock;
let host: TestHost;
let batch: LogBatch;
let outcome: Promise<Outcome>;
/** When it was offered. */
let offers: number[];
/** Answers to come: undefined takes the batch, and so does everything after the last. */
let answers: (Error | undefined)[];

beforeEach(() => {
  clock = new FakeClock(0);
  host = createTestHost({ clock });
  batch = new LogBatch();
  for (let row = 0; row < 3; row++) batch.addRow(ValueType.none, 0, 0);
  ({ outcome } = deliver(batch));
  offers = [];
  answers = [];
});

function offer(signal: AbortSignal = new AbortController().signal): Promise<void> {
  const consume = async (): Promise<void> => {
    offers.push(clock.now());
    const answer = answers.shift();
    if (answer) throw answer;
  };
  return offerUntilTaken(batch, { next: { mutates: false, consume }, host, signal });
}

test('says nothing of a batch that is taken', async () => {
  await offer();

  expect(offers).toEqual([0]);
  expect(host.lines).toEqual([]);
});

test('waits ever longer between offers, or as long as it is told, and speaks of the first and the last', async () => {
  answers = Array.from({ length: 8 }, () => new RefusedError('full'));
  answers.push(new RefusedError('full', { retryAfterMs: 30_000 }));

  const offered = offer();
  await clock.advance(120_000);
  await offered;

  const waits = offers.map((at, i) => at - (offers[i - 1] ?? 0)).slice(1);
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 30_000]);
  expect(host.lines.map(({ level, facts }) => [level, facts['refusals'] ?? facts['reason']])).toEqual([
    ['warn', 'full'],
    ['info', 9],
  ]);
});

test('gives the rows back when the deadline passes', async () => {
  answers = [new RefusedError('full'), new RefusedError('full')];
  const deadline = new AbortController();

  const offered = offer(deadline.signal);
  await settleMicrotasks();
  deadline.abort();
  await offered;

  expect(offers).toEqual([0]);
  expect(await outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 3 });
});

test('a fault is no refusal', async () => {
  answers = [new TypeError('a bug')];

  await expect(offer()).rejects.toThrow('a bug');
});
