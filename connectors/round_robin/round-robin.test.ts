import { expect, test } from 'vitest';
import { ConnectorRig } from '../../test/helpers/connector-rig.ts';
import { factory } from './index.ts';

const PIPELINES = ['logs/a', 'logs/b', 'logs/c'];
const start = (): Promise<ConnectorRig> => new ConnectorRig(factory, {}, PIPELINES).start();
const sizes = (rig: ConnectorRig): number[] => PIPELINES.map((id) => rig.bodies(id).length);

async function give(rig: ConnectorRig, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) await rig.give(`record ${i}`).answered;
}

test('each pipeline gets as many batches as the others, each batch goes to one', async () => {
  const rig = await start();

  await give(rig, 9);

  expect(sizes(rig)).toEqual([3, 3, 3]);
  expect(rig.books.connectors).toMatchObject([{ accepted: 9, passed: 9, difference: 0 }]);
});

test('one that cannot deliver is left out until it can again', async () => {
  const rig = await start();
  rig.sinks['logs/b']?.report('recoverable');

  await give(rig, 6);
  expect(sizes(rig)).toEqual([3, 0, 3]);
  rig.sinks['logs/b']?.report('ok');
  await give(rig, 3);

  expect(sizes(rig)).toEqual([4, 1, 4]);
});

test('what one refuses the next one gets; what all refuse the source keeps', async () => {
  const rig = await start();
  const [a, b, c] = Object.values(rig.sinks);
  if (a) a.isRefusing = true;

  await give(rig, 2);
  expect(sizes(rig)).toEqual([0, 2, 0]);
  for (const sink of [b, c]) if (sink) sink.isRefusing = true;
  const given = rig.give('x');
  await given.answered;

  expect(given.answer).toBe('refused');
});

test('a source does not wait for one that goes down with its batch', async () => {
  const rig = await start();
  const [a] = Object.values(rig.sinks);
  a?.block();
  const stuck = rig.give('stuck');
  a?.report('recoverable');
  await rig.clock.advance(1000);

  expect(stuck.answer).toBe('taken');
  await give(rig, 2);
  expect(sizes(rig)).toEqual([0, 1, 1]);
  a?.unblock();
  expect((await stuck.outcome).durable).toBe(1);
});

test('what one has taken and not delivered is asked for again while another is up, and only then', async () => {
  const rig = await start();
  const [a, ...others] = Object.values(rig.sinks);
  if (a) a.mode = 'keep';
  const held = rig.give('x');
  await held.answered;
  for (const sink of [a, ...others]) sink?.report('recoverable');
  let isSettled = false;
  void held.outcome.then(() => (isSettled = true));

  await rig.clock.advance(3_600_000);
  expect(isSettled).toBe(false);
  others[0]?.report('ok');
  await rig.clock.advance(1000);

  expect(await held.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 1 });
});
