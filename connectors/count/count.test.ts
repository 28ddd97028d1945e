import { expect, test } from 'vitest';
import { ConnectorRig, type RigRecord } from '../../test/helpers/connector-rig.ts';
import { factory } from './index.ts';

const start = (config: object): Promise<ConnectorRig> => new ConnectorRig(factory, config, ['logs/counts']).start();

/** Counts as they came out: name, attributes, value. */
function counts(rig: ConnectorRig): unknown[] {
  return (rig.sinks['logs/counts']?.records ?? []).map(({ body, attributes }) => {
    const { 'winnow.count.name': name, 'winnow.count.value': value, ...rest } = attributes;
    expect(name).toBe(body);
    return Object.keys(rest).length === 0 ? [name, value] : [name, value, rest];
  });
}

const records: RigRecord[] = [
  { body: 'a', severity: 9, attributes: { env: 'prod' }, resource: { 'service.name': 'shop' } },
  { body: 'b', severity: 17, attributes: { env: 'prod' }, resource: { 'service.name': 'shop' } },
  { body: 'c', severity: 17, attributes: { env: 'test' }, resource: { 'service.name': 'pay' } },
  { body: 'd', severity: 17 },
];

test('by default all records are counted, for each resource', async () => {
  const rig = await start({});

  const given = rig.give(...records);
  await given.answered;

  expect(counts(rig)).toEqual([
    ['log.record.count', 2],
    ['log.record.count', 1],
    ['log.record.count', 1],
  ]);
  expect(await given.outcome).toEqual({ durable: 4, dropped: new Map(), abandoned: 0 });
  expect(rig.books.connectors).toMatchObject([{ accepted: 4, created: 3, merged: 4, passed: 3, difference: 0 }]);
});

test('records are counted by condition and attribute; one without an attribute counts under the default value, or not at all', async () => {
  const rig = await start({
    logs: {
      errors: { conditions: ['severity_number >= SEVERITY_NUMBER_ERROR'], attributes: [{ key: 'env', default_value: 'none' }] },
      named: { attributes: [{ key: 'service.name' }, { key: 'severity', value: 'Concat(["s", String(severity_number)], "")' }] },
    },
  });

  await rig.give(...records).answered;

  expect(counts(rig)).toEqual([
    ['errors', 1, { env: 'prod' }],
    ['errors', 1, { env: 'test' }],
    ['errors', 1, { env: 'none' }],
    ['named', 1, { 'service.name': 'shop', severity: 's9' }],
    ['named', 1, { 'service.name': 'shop', severity: 's17' }],
    ['named', 1, { 'service.name': 'pay', severity: 's17' }],
  ]);
});

test('what no condition takes is settled at once', async () => {
  const rig = await start({ logs: { never: { conditions: ['body == "nothing"'] } } });

  expect(await rig.give(...records).outcome).toEqual({ durable: 4, dropped: new Map(), abandoned: 0 });

  expect(counts(rig)).toEqual([]);
  expect(rig.books.connectors).toMatchObject([{ accepted: 4, merged: 4, passed: 0, difference: 0 }]);
});

test('the source answers for its records until their counts are delivered, and gives them again when those are given up', async () => {
  const rig = await start({});
  const sink = rig.sinks['logs/counts'];
  if (sink) sink.mode = 'keep';
  const [delivered, givenUp] = [rig.give('a', 'b'), rig.give('c')];
  await givenUp.answered;
  let isSettled = false;
  void delivered.outcome.then(() => (isSettled = true));
  await rig.clock.advance(1000);
  expect(isSettled).toBe(false);

  sink?.release(1);
  sink?.release(1, false);

  expect(await delivered.outcome).toMatchObject({ durable: 2 });
  expect(await givenUp.outcome).toMatchObject({ abandoned: 1 });
});

test('counts that are refused leave the records with the source, which offers them again', async () => {
  const rig = await start({});
  const sink = rig.sinks['logs/counts'];
  if (sink) sink.isRefusing = true;
  const given = rig.give('a', 'b');
  await given.answered;
  expect(given.answer).toBe('refused');

  if (sink) sink.isRefusing = false;
  await rig.offer(given.batch).answered;

  expect(counts(rig)).toEqual([['log.record.count', 2]]);
  expect(rig.books.connectors).toMatchObject([{ accepted: 2, created: 1, merged: 2, passed: 1, difference: 0 }]);
});

test('a condition that cannot be answered is told, and its record is not counted', async () => {
  const rig = await start({ logs: { long: { conditions: ['Len(attributes["env"]) > 3'] } } });

  await rig.give(...records).answered;

  expect(counts(rig)).toEqual([
    ['long', 2],
    ['long', 1],
  ]);
  expect(rig.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('a number and a text that reads like it are counted apart', async () => {
  const rig = await start({ logs: { by: { attributes: [{ key: 'id' }] } } });

  await rig.give({ body: 'a', attributes: { id: 1 } }, { body: 'b', attributes: { id: '[1]' } }, { body: 'c', attributes: { id: 1 } })
    .answered;

  expect(counts(rig)).toEqual([
    ['by', 2, { id: 1 }],
    ['by', 1, { id: '[1]' }],
  ]);
});
