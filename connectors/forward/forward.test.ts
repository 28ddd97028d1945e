import { expect, test } from 'vitest';
import { ConnectorRig } from '../../test/helpers/connector-rig.ts';
import { factory } from './index.ts';

test('all pipelines behind it get every record, and the source hears when all have delivered it', async () => {
  const rig = await new ConnectorRig(factory, {}, ['logs/a', 'logs/b edits']).start();

  const given = rig.give('x', 'y');
  await given.answered;

  expect([rig.bodies('logs/a'), rig.bodies('logs/b edits')]).toEqual([
    ['x', 'y'],
    ['x', 'y'],
  ]);
  expect(await given.outcome).toEqual({ durable: 2, dropped: new Map(), abandoned: 0 });
  expect(rig.books.connectors).toMatchObject([{ connector: 'connector', accepted: 2, passed: 2, difference: 0 }]);
  expect(rig.books.pipelines.map(({ pipeline, passed }) => [pipeline, passed])).toEqual([
    ['logs/a', 2],
    ['logs/b edits', 2],
    ['logs', 2],
  ]);
});

test('a refusal of all pipelines reaches the source', async () => {
  const rig = await new ConnectorRig(factory, {}, ['logs/a']).start();
  const [sink] = Object.values(rig.sinks);
  if (sink) sink.isRefusing = true;

  const given = rig.give('x');
  await given.answered;

  expect(given.answer).toBe('refused');
  expect(rig.books.connectors).toMatchObject([{ accepted: 0, passed: 0, difference: 0 }]);
});
