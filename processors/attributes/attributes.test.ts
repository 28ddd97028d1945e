import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { Double, LogBatch, createResource, createScope, createSharedAttributes, keyOf } from '#model';
import type { ActionConfig } from '#operators';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { AttributesProcessor, type AttributesConfig } from './attributes.ts';
import { checkMatch, type MatchConfig } from './match-config.ts';

function batchOf(...rows: Record<string, string | number>[]): LogBatch {
  const batch = new LogBatch();
  for (const attributes of rows) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, `body ${row}`);
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  }
  return batch;
}

async function run(config: AttributesConfig, batch: LogBatch): Promise<Readonly<Record<string, unknown>>[]> {
  const sink = new LogsSink();
  deliver(batch);
  await new AttributesProcessor(config, sink).consume(batch);
  return sink.records.map(({ attributes }) => attributes);
}

const insert = (key: string, value: unknown): ActionConfig => ({ action: 'insert', key, value });

describe('a constant', () => {
  test('on all rows is stored once', async () => {
    const batch = batchOf({}, { a: 1 }, { env: 'own' });

    const result = await run({ actions: [insert('env', 'prod')] }, batch);

    expect(result).toEqual([{ env: 'prod' }, { env: 'prod', a: 1 }, { env: 'own' }]);
    expect(batch.shared).toHaveLength(2);
  });

  test('does not leak into the next batch of the same owner', async () => {
    const batch = batchOf({});
    await run({ actions: [insert('env', 'prod')] }, batch);

    batch.reset(Buffer.alloc(0));
    batch.addRow(0, 0, 0);

    expect(batch.attributesOf(0).size).toBe(0);
  });

  test('that rows share is updated and deleted for those that are meant only', async () => {
    const batch = batchOf({}, {}, {});
    const shared = batch.addShared(createSharedAttributes({ 'log.file.name': 'app.log', pid: 7 }));
    for (let row = 0; row < 3; row++) batch.sharedOf[row] = shared;
    batch.severity[1] = 17;

    const result = await run(
      {
        actions: [
          { action: 'delete', key: 'pid' },
          { action: 'update', key: 'log.file.name', value: 'x' },
        ],
        include: { match_type: 'strict', log_severity_number: { min: 17 } },
      },
      batch,
    );

    expect(result).toEqual([{ 'log.file.name': 'app.log', pid: 7 }, { 'log.file.name': 'x' }, { 'log.file.name': 'app.log', pid: 7 }]);
  });
});

test('edits the same as one row at a time would, whatever is shared', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom('x', 'y'));
  const action = fc.record({ action: fc.constantFrom('insert', 'update', 'upsert', 'delete'), key, value });
  const attributes = fc.dictionary(key, value, { maxKeys: 3 });
  const row = fc.record({ own: attributes, shared: fc.integer({ min: 0, max: 1 }), isDropped: fc.boolean() });

  return fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 5 }),
      attributes,
      fc.array(row, { maxLength: 6 }),
      async (actions, common, rows) => {
        const batch = new LogBatch();
        const shared = [0, batch.addShared(createSharedAttributes(common))];
        for (const { own, shared: of } of rows) {
          const at = batch.addRow(0, 0, 0);
          batch.sharedOf[at] = shared[of] ?? 0;
          for (const [name, own_value] of Object.entries(own)) batch.setAttribute(at, name, own_value);
        }
        const expected = rows
          .filter(({ isDropped }) => !isDropped)
          .map(({ own, shared: of }) => editSimply({ ...(of === 1 ? common : {}), ...own }, actions));
        if (rows.length > 0) deliver(batch);
        for (const [at, { isDropped }] of rows.entries()) if (isDropped) batch.drop(at, 'test');

        const sink = new LogsSink();
        const configs = actions.map(({ value: set, ...rest }) => (rest.action === 'delete' ? rest : { ...rest, value: set }));
        await new AttributesProcessor({ actions: configs }, sink).consume(batch);

        expect(sink.records.map((record) => record.attributes)).toEqual(expected);
      },
    ),
  );
});

function editSimply(
  attributes: Record<string, unknown>,
  actions: readonly { action: string; key: string; value: unknown }[],
): Record<string, unknown> {
  const all = { ...attributes };
  for (const { action, key, value } of actions) {
    if (action === 'delete') delete all[key];
    else if (action === 'upsert' || key in all === (action === 'update')) all[key] = value;
  }
  return all;
}

describe('what is meant', () => {
  const mark = [insert('hit', true)];

  async function hits(match: MatchConfig, batch: LogBatch): Promise<boolean[]> {
    expect(checkMatch('include', match)).toEqual([]);
    return (await run({ actions: mark, include: match }, batch)).map((attributes) => 'hit' in attributes);
  }

  test('attributes: all must match; strict looks at the type', async () => {
    const batch = batchOf({ a: 1, b: 'x' }, { a: '1', b: 'x' }, { a: 1 }, {});
    batch.setAttribute(3, 'a', new Double(1));
    batch.setAttribute(3, 'b', 'x');

    const attributes = [{ key: 'a', value: 1 }, { key: 'b' }];

    expect(await hits({ match_type: 'strict', attributes }, batch)).toEqual([true, false, false, false]);
  });

  test('attributes by pattern: unanchored, numbers as text', async () => {
    const batch = batchOf({ a: 4711 }, { a: 'x47y' }, { a: 'no' });

    expect(await hits({ match_type: 'regexp', attributes: [{ key: 'a', value: '47' }] }, batch)).toEqual([true, true, false]);
  });

  test('bodies and severity texts: one of them must match', async () => {
    const batch = batchOf({}, {}, {});
    batch.setSeverityText(0, 'Warn');
    batch.setSeverityText(1, 'Warn');

    expect(await hits({ match_type: 'regexp', log_bodies: ['0$', '2$'], log_severity_texts: ['^Warn$', 'x'] }, batch)).toEqual([
      true,
      false,
      false,
    ]);
    expect(await hits({ match_type: 'strict', log_bodies: ['body 1'] }, batchOf({}, {}))).toEqual([false, true]);
  });

  test('severity numbers from min on; none only by option', async () => {
    const batch = batchOf({}, {}, {});
    batch.severity.set([9, 13, 0]);

    expect(await hits({ match_type: 'strict', log_severity_number: { min: 13 } }, batch)).toEqual([false, true, false]);
    batch.sharedOf.fill(0);
    expect(await hits({ match_type: 'strict', log_severity_number: { min: 13, match_undefined: true } }, batch)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('resources and libraries', async () => {
    const batch = batchOf({}, {});
    batch.resourceOf[1] = batch.addResource(createResource({ 'service.name': 'shop' }));
    batch.scopeOf[1] = batch.addScope(createScope('lib', '1.0'));
    const resources = [{ key: 'service.name', value: 'shop' }];

    expect(await hits({ match_type: 'strict', resources, libraries: [{ name: 'lib' }] }, batch)).toEqual([false, true]);
    batch.sharedOf.fill(0);
    expect(await hits({ match_type: 'strict', libraries: [{ name: 'lib', version: '' }] }, batch)).toEqual([false, false]);
  });

  test('exclude wins over include; a record is asked as it came in', async () => {
    const batch = batchOf({ a: 1 }, { a: 1, b: 1 });
    const config: AttributesConfig = {
      actions: [{ action: 'delete', key: 'a' }, ...mark],
      include: { match_type: 'strict', attributes: [{ key: 'a' }] },
      exclude: { match_type: 'strict', attributes: [{ key: 'b' }] },
    };

    expect(await run(config, batch)).toEqual([{ hit: true }, { a: 1, b: 1 }]);
  });

  test.each<[MatchConfig, string]>([
    [{ match_type: 'strict' }, 'include'],
    [{ match_type: 'regexp', log_bodies: ['('] }, 'include.log_bodies.0'],
    [{ match_type: 'regexp', attributes: [{ key: 'a', value: 1 }] }, 'include.attributes.0.value'],
  ])('%o is refused', (match, path) => {
    expect(checkMatch('include', match).map((problem) => problem.path)).toEqual([path]);
  });
});

test('a batch that was refused is not edited again', async () => {
  const sink = new LogsSink();
  const processor = new AttributesProcessor({ actions: [{ action: 'hash', key: 'user' }] }, sink);
  const batch = batchOf({ user: 'ann' });
  deliver(batch);

  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  const once = batch.attribute(0, 'user');
  sink.isRefusing = false;
  await processor.consume(batch);
  expect(sink.records[0]?.attributes).toEqual({ user: once });

  // The same object with other rows is another batch.
  batch.reset(Buffer.alloc(0));
  batch.setAttribute(batch.addRow(0, 0, 0), keyOf('user'), 'ann');
  deliver(batch);
  await processor.consume(batch);
  expect(sink.records[1]?.attributes).toEqual({ user: once });
});

test('shutdown twice, and without start', async () => {
  const processor = new AttributesProcessor({ actions: [insert('a', 1)] }, new LogsSink());

  await processor.shutdown();
  await processor.start();

  await expect(processor.shutdown()).resolves.toBeUndefined();
});
