import { expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { ConnectorRig, type RigRecord } from '../../test/helpers/connector-rig.ts';
import { factory } from './index.ts';

const PIPELINES = ['logs/a', 'logs/b', 'logs/c edits', 'logs/other'];

function start(config: object): Promise<ConnectorRig> {
  return new ConnectorRig(factory, config, PIPELINES).start();
}

/** What each pipeline has got. */
function came(rig: ConnectorRig): Record<string, string> {
  return Object.fromEntries(PIPELINES.map((id) => [id.replace(/^logs\/| edits$/g, ''), rig.bodies(id).map(String).join(' ')]));
}

const records: RigRecord[] = [
  { body: 'r0', severity: 9, resource: { 'service.name': 'shop' } },
  { body: 'r1', severity: 17, resource: { 'service.name': 'pay' } },
  { body: 'r2', severity: 9, attributes: { 'winnow.category': 'tool' } },
  { body: 'r3', severity: 17, attributes: { 'winnow.category': 'llm' } },
  { body: 'r4', severity: 5, attributes: { region: 'east' } },
];

test('the first route whose condition holds takes a record, and what none takes goes the default way', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [
      { condition: 'attributes["service.name"] == "shop"', pipelines: ['logs/a'] },
      { context: 'log', condition: 'severity_number >= SEVERITY_NUMBER_ERROR', pipelines: ['logs/b', 'logs/c edits'] },
      { statement: 'route() where attributes["service.name"] == "pay"', pipelines: ['logs/a'] },
    ],
  });

  const given = rig.give(...records);
  await given.answered;

  expect(came(rig)).toEqual({ a: 'r0', b: 'r1 r3', c: 'r1 r3', other: 'r2 r4' });
  expect(await given.outcome).toEqual({ durable: 5, dropped: new Map(), abandoned: 0 });
  expect(rig.books.connectors).toMatchObject([{ accepted: 5, passed: 7, created: 2, dropped: { unrouted: 0 }, difference: 0 }]);
});

test('routes go by category', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [
      { categories: ['tool', 'system'], pipelines: ['logs/a'] },
      { categories: ['llm'], pipelines: ['logs/b'] },
    ],
  });

  await rig.give(...records).answered;

  expect(came(rig)).toEqual({ a: 'r2', b: 'r3', c: '', other: 'r0 r1 r4' });
});

test('a route that copies leaves the record to the routes behind it; no pipeline gets it twice', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [
      { context: 'log', action: 'copy', condition: 'severity_number >= SEVERITY_NUMBER_ERROR', pipelines: ['logs/a'] },
      { categories: ['llm'], pipelines: ['logs/a', 'logs/b'] },
    ],
  });

  const given = rig.give(...records);
  await given.answered;

  expect(came(rig)).toEqual({ a: 'r1 r3', b: 'r3', c: '', other: 'r0 r1 r2 r4' });
  expect(await given.outcome).toEqual({ durable: 5, dropped: new Map(), abandoned: 0 });
});

test('without default pipelines a record that no route takes is dropped, counted, and told of once', async () => {
  const rig = await start({ table: [{ categories: ['tool'], pipelines: ['logs/a'] }] });

  const given = [rig.give(...records), rig.give('x')];
  await given[0]?.answered;

  expect(came(rig)).toEqual({ a: 'r2', b: '', c: '', other: '' });
  expect(await given[0]?.outcome).toEqual({ durable: 1, dropped: new Map([['unrouted', 4]]), abandoned: 0 });
  expect(await given[1]?.outcome).toEqual({ durable: 0, dropped: new Map([['unrouted', 1]]), abandoned: 0 });
  expect(rig.books.connectors).toMatchObject([{ accepted: 6, passed: 1, dropped: { unrouted: 5 }, difference: 0 }]);
  expect(rig.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test.each([
  ['ignore', { other: 'x' }, { unrouted: 0, ottl_error: 0 }, 1],
  ['silent', { other: 'x' }, { unrouted: 0, ottl_error: 0 }, 0],
  ['propagate', { other: '' }, { unrouted: 0, ottl_error: 1 }, 1],
])('a condition that fails does not hold, unless it is told to drop: %s', async (mode, expected, dropped, warnings) => {
  const rig = await start({
    error_mode: mode,
    default_pipelines: ['logs/other'],
    table: [{ context: 'log', condition: 'ParseJSON(body)["a"] == 1', pipelines: ['logs/a'] }],
  });

  const given = rig.give('x');
  await given.answered;
  await given.outcome;

  expect(came(rig)).toMatchObject({ a: '', ...expected });
  expect(rig.books.connectors).toMatchObject([{ dropped, difference: 0 }]);
  expect(rig.lines.filter(({ level }) => level === 'warn')).toHaveLength(warnings);
});

test('a batch is refused as a whole when every part is; offered again, no record comes twice', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [{ categories: ['tool'], pipelines: ['logs/a'] }],
  });
  const [a, , , other] = Object.values(rig.sinks);
  for (const sink of [a, other]) if (sink) sink.isRefusing = true;
  const given = rig.give(...records);
  await given.answered;
  expect(given.answer).toBe('refused');

  for (const sink of [a, other]) if (sink) sink.isRefusing = false;
  const again = rig.offer(given.batch);
  await again.answered;

  expect(came(rig)).toEqual({ a: 'r2', b: '', c: '', other: 'r0 r1 r3 r4' });
  expect(await again.outcome).toEqual({ durable: 5, dropped: new Map(), abandoned: 0 });
});

test('a part that is refused while another was taken is offered until it is taken; the source waits', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [{ categories: ['tool'], pipelines: ['logs/a'] }],
  });
  const other = rig.sinks['logs/other'];
  if (other) other.isRefusing = true;

  const given = rig.give(...records);
  await rig.clock.advance(5000);
  expect([given.answer, came(rig)]).toEqual([undefined, { a: 'r2', b: '', c: '', other: '' }]);
  if (other) other.isRefusing = false;
  await rig.clock.advance(5000);

  expect([given.answer, came(rig)]).toEqual(['taken', { a: 'r2', b: '', c: '', other: 'r0 r1 r3 r4' }]);
  expect(await given.outcome).toEqual({ durable: 5, dropped: new Map(), abandoned: 0 });
});

test('the condition of a resource is asked once for each resource of a batch', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    error_mode: 'propagate',
    table: [{ condition: 'ParseJSON(attributes["json"])["a"] == 1', pipelines: ['logs/a'] }],
  });
  const good = { json: '{"a":1}' };
  const bad = { json: 'no' };

  const given = rig.give({ body: 'x', resource: good }, { body: 'y', resource: bad }, { body: 'z', resource: good });
  await given.answered;

  expect(came(rig)).toMatchObject({ a: 'x z', other: '' });
  expect((await given.outcome).dropped).toEqual(new Map([['ottl_error', 1]]));
});

test('rows that were dropped before go nowhere, and nobody answers for them twice', async () => {
  const rig = await start({
    default_pipelines: ['logs/other'],
    table: [{ context: 'log', condition: 'severity_number >= SEVERITY_NUMBER_ERROR', pipelines: ['logs/a', 'logs/c edits'] }],
  });
  const batch = new LogBatch();
  for (const [row, severity] of [17, 9, 17, 9, 17].entries()) {
    batch.setBody(batch.addRow(ValueType.none, 0, 0), `r${row}`);
    batch.severity[row] = severity;
  }
  for (const row of [0, 3]) batch.drop(row, 'noise');

  const given = rig.offer(batch);
  await given.answered;

  expect(came(rig)).toEqual({ a: 'r2 r4', b: '', c: 'r2 r4', other: 'r1' });
  expect(await given.outcome).toEqual({ durable: 3, dropped: new Map(), abandoned: 0 });
  expect(rig.books.connectors).toMatchObject([{ accepted: 3, passed: 5, created: 2, difference: 0 }]);
});
