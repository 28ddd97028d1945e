import { expect, test } from 'vitest';
import { ConnectorRig, type RigExporter } from '../../test/helpers/connector-rig.ts';
import { factory } from './index.ts';

const LEVELS = [['logs/first'], ['logs/second']];

interface Rig {
  readonly rig: ConnectorRig;
  readonly first: RigExporter;
  readonly second: RigExporter;
}

async function start(config: object = {}): Promise<Rig> {
  const rig = await new ConnectorRig(factory, { priority_levels: LEVELS, ...config }, LEVELS.flat()).start();
  const [first, second] = LEVELS.flat().map((id) => rig.sinks[id]) as [RigExporter, RigExporter];
  return { rig, first, second };
}

test('the first level gets everything as long as it is up', async () => {
  const { rig, second } = await start();

  const given = rig.give('x', 'y');
  await given.answered;

  expect(rig.bodies('logs/first')).toEqual(['x', 'y']);
  expect(second.batches).toBe(0);
  expect(await given.outcome).toEqual({ durable: 2, dropped: new Map(), abandoned: 0 });
  expect(rig.lines).toEqual([]);
  expect(rig.metrics.samples('winnow_connector_failover_changes').map(({ value }) => value)).toEqual([0]);
});

test('while an exporter of the first level says that it cannot deliver, the second level gets the records', async () => {
  const { rig, first } = await start();

  first.report('recoverable');
  await rig.give('x').answered;
  first.report('ok');
  await rig.give('y').answered;

  expect([rig.bodies('logs/first'), rig.bodies('logs/second')]).toEqual([['y'], ['x']]);
  expect(rig.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'A level cannot deliver; the next one takes the records.'],
    ['info', 'A preferred level takes the records again.'],
  ]);
});

test('a level that refuses is passed over until retry_interval is over', async () => {
  const { rig, first } = await start({ retry_interval: '1m' });

  first.isRefusing = true;
  await rig.give('a').answered;
  first.isRefusing = false;
  await rig.give('b').answered;
  await rig.clock.advance(60_000);
  await rig.give('c').answered;

  expect([rig.bodies('logs/first'), rig.bodies('logs/second')]).toEqual([['c'], ['a', 'b']]);
  expect(rig.books.connectors).toMatchObject([{ accepted: 3, passed: 3, difference: 0 }]);
});

test('when all refuse the source keeps the records', async () => {
  const { rig, first, second } = await start();
  first.isRefusing = second.isRefusing = true;

  const given = rig.give('x');
  await given.answered;

  expect(given.answer).toBe('refused');
  second.isRefusing = false;
  const again = rig.offer(given.batch);
  await again.answered;
  expect(rig.bodies('logs/second')).toEqual(['x']);
});

test('a source does not wait for a level that goes down with its batch: the next batch goes to the second level', async () => {
  const { rig, first } = await start();
  first.block();
  const stuck = rig.give('stuck');
  await rig.clock.advance(10_000);
  expect(stuck.answer).toBe(undefined);

  first.report('recoverable');
  await rig.clock.advance(1000);
  expect(stuck.answer).toBe('taken');
  expect(rig.books.connectors).toMatchObject([{ accepted: 1, held: 1, difference: 0 }]);
  await rig.give('next').answered;
  expect(rig.bodies('logs/second')).toEqual(['next']);

  first.unblock();
  first.report('ok');
  expect(await stuck.outcome).toEqual({ durable: 1, dropped: new Map(), abandoned: 0 });
  await rig.clock.advance(0);
  expect(rig.bodies('logs/first')).toEqual(['stuck']);
  await rig.give('last').answered;
  expect(rig.bodies('logs/first')).toEqual(['stuck', 'last']);
  expect(rig.books.connectors).toMatchObject([{ accepted: 3, passed: 3, held: 0, difference: 0 }]);
});

test('what a level refuses after its caller was let go, the source gives again', async () => {
  const { rig, first } = await start();
  first.block();
  const stuck = rig.give('stuck');
  first.report('recoverable');
  await rig.clock.advance(1000);

  first.isRefusing = true;
  first.unblock();

  expect(await stuck.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 1 });
  expect(rig.books.connectors).toMatchObject([{ accepted: 1, passed: 0, abandoned: 1, held: 0, difference: 0 }]);
});

test('what a level has taken and not delivered when it has been down for take_back_after, the source gives again', async () => {
  const { rig, first } = await start({ take_back_after: '30s' });
  first.mode = 'keep';
  const held = rig.give('x', 'y');
  await held.answered;
  first.report('recoverable');

  await rig.clock.advance(29_000);
  let isSettled = false;
  void held.outcome.then(() => (isSettled = true));
  await rig.clock.advance(0);
  expect(isSettled).toBe(false);
  await rig.clock.advance(2000);

  expect(await held.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 2 });
  // It delivers after all; that nobody hears.
  first.release();
  expect(rig.fatals).toEqual([]);
});

test('nothing is taken back while no other level is up, or when it is told never to', async () => {
  for (const config of [{}, { take_back_after: '0s' }]) {
    const { rig, first, second } = await start(config);
    first.mode = 'keep';
    const held = rig.give('x');
    await held.answered;
    first.report('permanent');
    if (!('take_back_after' in config)) second.report('recoverable');
    await rig.clock.advance(3_600_000);

    first.release();

    expect(await held.outcome).toEqual({ durable: 1, dropped: new Map(), abandoned: 0 });
  }
});

test('when all are down each level gets what it has room for, in order; then the source has to wait', async () => {
  const { rig, first, second } = await start();
  for (const level of [first, second]) {
    level.block();
    level.report('recoverable');
  }

  const answers: unknown[] = [];
  for (const body of ['a', 'b', 'c']) {
    const given = rig.give(body);
    await rig.clock.advance(1000);
    answers.push(given.answer);
  }

  expect(answers).toEqual(['taken', 'taken', 'refused']);
  second.unblock();
  second.report('ok');
  await rig.clock.advance(0);
  await rig.give('e').answered;
  expect(rig.bodies('logs/second')).toContain('e');
});

test('a level that stays down is tried again after retry_interval', async () => {
  const { rig, first } = await start({ retry_interval: '5m' });
  await rig.give('a').answered;
  first.report('permanent');
  await rig.give('b').answered;
  await rig.clock.advance(300_000);
  await rig.give('c').answered;
  await rig.give('d').answered;

  expect([rig.bodies('logs/first'), rig.bodies('logs/second')]).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ]);
});
