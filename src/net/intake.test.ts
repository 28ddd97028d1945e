import { expect, test } from 'vitest';
import { Delivery, type Outcome } from '#component';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { Intake, type IntakeSettings } from './intake.ts';

function rig(settings: Partial<IntakeSettings> = {}) {
  const clock = new FakeClock();
  const sink = new LogsSink();
  const outcomes: Outcome[] = [];
  const problems: unknown[] = [];
  const intake = new Intake({
    next: sink,
    clock,
    rowsMax: 3,
    bytesMax: 1000,
    delayMs: 100,
    deliver: (rows) => (rows === 0 ? undefined : new Delivery(rows, 1, (outcome) => outcomes.push(outcome))),
    onBroken: (problem) => problems.push(problem),
    ...settings,
  });
  const add = (text: string | Uint8Array): void => {
    const bytes = Buffer.from(text as string);
    intake.add(bytes, 0, bytes.length);
    bytes.fill(0x58);
  };
  return { clock, sink, outcomes, problems, intake, add };
}

const unhurried = (): AbortSignal => new AbortController().signal;

test('gives rows away together, when the first has waited long enough', async () => {
  const { clock, sink, add } = rig();
  add('a');
  add('b');
  await clock.advance(99);
  expect(sink.batches).toBe(0);

  await clock.advance(1);

  expect(sink.bodies).toEqual(['a', 'b']);
  expect(sink.batches).toBe(1);
});

test('takes exactly two batches while nobody takes one, and has room again after one is taken', async () => {
  const { clock, sink, intake, add } = rig();
  sink.isRefusing = true;
  let added = 0;
  while (!intake.isFull) add(String(added++));
  expect(added).toBe(6);
  let hasRoom = false;
  const room = intake.room().then(() => (hasRoom = true));
  await clock.advance(500);
  expect(hasRoom).toBe(false);

  sink.isRefusing = false;
  await clock.advance(10_000);
  await room;

  expect(sink.bodies).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('a body that is no UTF-8 stays as it came, as bytes with a mark', async () => {
  const { clock, sink, add } = rig();
  const latin1 = Uint8Array.of(0x66, 0xfc, 0x72);
  add('gut');
  add(latin1);

  await clock.advance(100);

  expect(sink.records.map(({ body, attributes }) => [body, attributes])).toEqual([
    ['gut', {}],
    [latin1, { 'winnow.body.encoding_error': true }],
  ]);
});

test('a record larger than a batch is a batch of its own', async () => {
  const { clock, sink, add } = rig();
  const large = 'x'.repeat(300_000);
  add(large);
  add('after');

  await clock.advance(100);

  expect(sink.bodies).toEqual([large, 'after']);
});

test('close gives away what is held', async () => {
  const { sink, intake, add, outcomes } = rig();
  add('a');

  await intake.close(unhurried());

  expect(sink.bodies).toEqual(['a']);
  expect(outcomes).toMatchObject([{ durable: 1 }]);
});

test('close abandons what is refused when the deadline has passed', async () => {
  const { sink, intake, add, outcomes } = rig();
  sink.isRefusing = true;
  for (const text of ['a', 'b', 'c', 'd']) add(text);

  await intake.close(AbortSignal.abort());

  expect(sink.batches).toBe(0);
  expect(outcomes.map(({ abandoned }) => abandoned)).toEqual([3, 1]);
});

test('rows that all are dropped before they go need no Delivery', async () => {
  const { sink, intake, add, outcomes } = rig({
    process: (batch) => {
      for (let row = 0; row < batch.length; row++) batch.drop(row, 'test');
    },
  });
  add('a');

  await intake.close(unhurried());

  expect([sink.batches, outcomes.length]).toEqual([0, 0]);
});

test('a consumer that breaks is told of, and what it had is abandoned', async () => {
  const next = { mutates: false, consume: () => Promise.reject(new Error('broken')) };
  const { intake, add, outcomes, problems } = rig({ next });
  add('a');

  await intake.close(unhurried());

  expect(problems).toHaveLength(1);
  expect(outcomes).toMatchObject([{ abandoned: 1 }]);
});
