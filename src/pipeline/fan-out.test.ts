import { expect, test } from 'vitest';
import { Delivery, RefusedError, type Consumer, type Outcome } from '#component';
import { LogBatch, ValueType } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { FanOut, type Branch } from './fan-out.ts';

function batchOf(...bodies: string[]): LogBatch {
  const batch = new LogBatch();
  for (const body of bodies) batch.setBody(batch.addRow(ValueType.none, 0, 0), body);
  return batch;
}

function fanOut(...consumers: Consumer[]) {
  const clock = new FakeClock();
  const deadline = new AbortController();
  const lagging: string[] = [];
  const branches: Branch[] = consumers.map((consumer, i) => ({ name: `branch ${i}`, consumer }));
  const host = { clock, random: () => 0, deadline: deadline.signal, onLagging: (branch: string) => void lagging.push(branch) };
  return { node: new FanOut(branches, host), clock, deadline, lagging };
}

/** Overwrites every body and drops the first row, as a processor might. */
class Editor extends LogsSink {
  override readonly mutates = true as never;

  override async consume(batch: LogBatch): Promise<void> {
    await Promise.resolve();
    for (let row = 0; row < batch.length; row++) batch.setBody(row, 'edited');
    batch.drop(0, 'test');
    await super.consume(batch);
  }
}

test('gives every branch all rows and settles when the last has settled', async () => {
  const [quick, slow] = [new LogsSink(), new LogsSink()];
  slow.mode = 'keep';
  const { node } = fanOut(quick, slow);
  const batch = batchOf('a', 'b');
  const { delivery, outcome } = deliver(batch);

  await node.consume(batch);

  expect([quick.bodies, slow.bodies]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(delivery.outstanding).toBe(2);
  slow.release();
  expect(await outcome).toMatchObject({ durable: 2, abandoned: 0 });
});

test('a branch that edits changes nothing for the others', async () => {
  const [reader, editor, last] = [new LogsSink(), new Editor(), new LogsSink()];
  const { node } = fanOut(reader, editor, last);
  const batch = batchOf('a', 'b');
  const { outcome } = deliver(batch);

  await node.consume(batch);

  expect([reader.bodies, editor.bodies, last.bodies]).toEqual([['a', 'b'], ['edited'], ['a', 'b']]);
  expect(batch.bodyText(0)).toBe('a');
  expect(await outcome).toEqual({ durable: 1, dropped: new Map([['test', 1]]), abandoned: 0 });
});

test('is refused as a whole when every branch refuses, and the batch can be given again', async () => {
  const [one, two] = [new LogsSink(), new Editor()];
  one.isRefusing = true;
  two.isRefusing = true;
  const { node } = fanOut(one, two);
  const batch = batchOf('a', 'b');
  const { delivery, outcome } = deliver(batch);

  await expect(node.consume(batch)).rejects.toThrow(RefusedError);
  expect([delivery.outstanding, batch.liveRows, batch.deliveries[0] === delivery]).toEqual([2, 2, true]);

  one.isRefusing = false;
  two.isRefusing = false;
  await node.consume(batch);
  expect([one.bodies, two.bodies]).toEqual([['a', 'b'], ['edited']]);
  expect(await outcome).toMatchObject({ durable: 1, abandoned: 0 });
});

test('offers the batch again only to the branch that refused it', async () => {
  const [taker, refuser] = [new LogsSink(), new LogsSink()];
  refuser.isRefusing = true;
  const { node, clock, lagging } = fanOut(taker, refuser);
  const batch = batchOf('a');
  const { outcome } = deliver(batch);
  let isTaken = false;

  const consumed = node.consume(batch).then(() => (isTaken = true));
  await clock.advance(900);
  expect([taker.batches, refuser.batches, isTaken, lagging]).toEqual([1, 0, false, ['branch 1']]);

  refuser.isRefusing = false;
  await clock.advance(100);
  await consumed;
  expect([taker.bodies, refuser.bodies]).toEqual([['a'], ['a']]);
  expect(await outcome).toMatchObject({ durable: 1 });
});

test('keeps offering while another branch makes up its mind', async () => {
  const refuser = new LogsSink();
  refuser.isRefusing = true;
  const slow = new LogsSink();
  const { promise: full, resolve: makeRoom } = Promise.withResolvers<void>();
  const waiting: Consumer = { mutates: false, consume: (batch) => full.then(() => slow.consume(batch)) };
  const { node, clock } = fanOut(refuser, waiting);
  const batch = batchOf('a');
  const { outcome } = deliver(batch);

  const consumed = node.consume(batch);
  await clock.advance(1_000);
  refuser.isRefusing = false;
  await clock.advance(1_000);
  expect(refuser.bodies).toEqual(['a']);

  makeRoom();
  await consumed;
  expect(await outcome).toMatchObject({ durable: 1 });
});

test('gives up the share of a refusing branch at the deadline, so the source gives the rows again', async () => {
  const [taker, refuser] = [new LogsSink(), new LogsSink()];
  refuser.isRefusing = true;
  const { node, clock, deadline } = fanOut(taker, refuser);
  const batch = batchOf('a', 'b');
  const { outcome } = deliver(batch);

  const consumed = node.consume(batch);
  await clock.advance(100);
  deadline.abort();
  await consumed;

  expect(await outcome).toMatchObject({ durable: 0, abandoned: 2 });
});

test('halves of a split batch that share a Delivery settle it together', async () => {
  const { node } = fanOut(new LogsSink(), new LogsSink());
  let outcome: Outcome | undefined;
  const shared = new Delivery(3, 1, (settled) => (outcome = settled));
  const [first, second] = [batchOf('a', 'b'), batchOf('c')];
  first.deliveries = [shared];
  second.deliveries = [shared];

  await node.consume(first);
  expect([shared.outstanding, outcome]).toEqual([1, undefined]);
  await node.consume(second);

  expect(outcome).toMatchObject({ durable: 3 });
});

test('settles rows of several sources each with its own Delivery, and passes over dropped ones', async () => {
  const [one, two] = [new LogsSink(), new LogsSink()];
  const { node } = fanOut(one, two);
  const outcomes: string[] = [];
  const record = (name: string) => (settled: Outcome) =>
    void outcomes.push(`${name} ${settled.durable} ${settled.dropped.get('test') ?? 0}`);
  const batch = batchOf('a', 'b', 'c');
  batch.deliveries = [new Delivery(1, 1, record('first')), new Delivery(1, 2, record('second')), new Delivery(1, 3, record('third'))];
  batch.deliveryOf.set([0, 1, 2]);
  batch.drop(1, 'test');

  await node.consume(batch);

  expect(outcomes.toSorted()).toEqual(['first 1 0', 'second 0 1', 'third 1 0']);
  expect(one.bodies).toEqual(['a', 'c']);
});

test('a bug in a branch is not taken for a refusal', async () => {
  const broken: Consumer = {
    mutates: false,
    consume: async () => {
      throw new TypeError('broken');
    },
  };
  const { node } = fanOut(broken, new LogsSink());
  const batch = batchOf('a');
  deliver(batch);

  await expect(node.consume(batch)).rejects.toThrow(TypeError);
});

test('rows that all branches drop before they refuse the rest are not settled twice when the batch is offered again', async () => {
  /** Drops rows that say so, and refuses the rest until it is open. */
  class Sieve extends LogsSink {
    override readonly mutates = true as never;

    override async consume(batch: LogBatch): Promise<void> {
      for (let row = 0; row < batch.length; row++) if (batch.bodyText(row) === 'drop') batch.drop(row, 'test');
      await super.consume(batch);
    }
  }
  const sinks = [new Sieve(), new Sieve()];
  const { node, clock } = fanOut(...sinks);
  const batch = batchOf('drop', 'keep');
  const outcomes: Outcome[] = [];
  batch.deliveries = [0, 1].map((source) => new Delivery(1, source, (outcome) => outcomes.push(outcome)));
  batch.deliveryOf[1] = 1;
  for (const sink of sinks) sink.isRefusing = true;
  await expect(node.consume(batch)).rejects.toThrow(RefusedError);
  expect(outcomes).toEqual([]);

  for (const sink of sinks) sink.isRefusing = false;
  await node.consume(batch);
  await clock.advance(0);

  expect(sinks.map(({ bodies }) => bodies)).toEqual([['keep'], ['keep']]);
  expect(outcomes.map(({ durable, dropped }) => [durable, [...dropped]])).toEqual([
    [1, []],
    [0, [['test', 1]]],
  ]);
});
