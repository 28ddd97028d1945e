import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Delivery } from '#component';
import { buildBatch, rowSpec, saidByRow } from '../../test/helpers/row-arbitrary.ts';
import { appendRows, hasTableRoom } from './append-rows.ts';
import { ValueType } from './attribute-table.ts';
import { createResource } from './resource.ts';
import { LogBatch } from './log-batch.ts';
import { TABLE_MAX } from './table.ts';

/**
 * Goal: what has been appended says the same as the rows it was copied from, whatever became of those, and the same
 * Deliveries answer for as many rows.
 * Method: random batches, rows dropped at random, appended in parts one after the other; then the sources are emptied
 * and their bytes overwritten.
 */
test('copies live rows with everything they refer to', () => {
  const source = fc.record({ rows: fc.array(rowSpec, { minLength: 1, maxLength: 30 }), from: fc.nat({ max: 5 }), cut: fc.nat({ max: 5 }) });

  fc.assert(
    fc.property(fc.array(source, { maxLength: 4 }), (sources) => {
      const target = new LogBatch();
      const expected: unknown[] = [];
      const owed: [Delivery, number][] = [];

      for (const { rows, from, cut } of sources) {
        const batch = buildBatch(rows);
        const half = Math.ceil(rows.length / 2);
        batch.deliveries = [half, rows.length - half].filter((count) => count > 0).map((count) => new Delivery(count, 1, () => {}));
        batch.deliveryOf.fill(1, half, rows.length);
        for (const [row, { isDropped }] of rows.entries()) if (isDropped) batch.drop(row, 'test');
        const to = Math.max(from, rows.length - cut);
        for (let row = from; row < to && row < rows.length; row++) if (batch.isDropped[row] === 0) expected.push(saidByRow(batch, row));
        for (const { delivery, rows: claimed } of batch.claims(from, Math.min(to, rows.length))) owed.push([delivery, claimed]);

        appendRows(target, batch, Math.min(from, rows.length), Math.min(to, rows.length));

        batch.space.bytes.fill(0xff);
        batch.space.side.fill(0xff);
        batch.reset(Buffer.alloc(0));
      }

      expect(Array.from({ length: target.length }, (_, row) => saidByRow(target, row))).toEqual(expected);
      expect(target.claims().map(({ delivery, rows }) => [delivery, rows])).toEqual(owed);
    }),
  );
});

describe('bytes', () => {
  test('of neighbouring lines are copied in one go, line ends included', () => {
    const source = new LogBatch();
    source.reset(Buffer.from('first\nsecond\nthird\n'));
    source.addRow(ValueType.string, 0, 5);
    source.addRow(ValueType.string, 6, 6);
    source.addRow(ValueType.string, 13, 5);
    const target = new LogBatch();

    appendRows(target, source);

    expect(target.space.sideLength).toBe(18);
    expect([0, 1, 2].map((row) => target.body(row))).toEqual(['first', 'second', 'third']);
  });

  test('between rows far apart are not copied', () => {
    const source = new LogBatch();
    source.reset(Buffer.alloc(100_000, 'x'));
    source.addRow(ValueType.string, 0, 10);
    source.addRow(ValueType.string, 90_000, 10);
    const target = new LogBatch();

    appendRows(target, source);

    expect(target.space.sideLength).toBe(20);
  });

  test('between parts of one row far apart are not copied either', () => {
    const source = new LogBatch();
    source.reset(Buffer.alloc(100_000, 'x'));
    const row = source.addRow(ValueType.string, 0, 10);
    source.setAttribute(row, 'a', 'side');
    source.severityTextStart[row] = 90_000;
    source.severityTextSize[row] = 4;
    const target = new LogBatch();

    appendRows(target, source);

    expect(target.space.sideLength).toBeLessThan(100);
    expect(target.severityText(0)).toBe('xxxx');
  });
});

describe('tables', () => {
  test('stay small when a few sources take turns', () => {
    const target = new LogBatch();
    const resources = Array.from({ length: 4 }, (_, i) => createResource({ i }));

    for (let i = 0; i < 40; i++) {
      const source = new LogBatch();
      source.resourceOf[source.addRow(ValueType.none, 0, 0)] = source.addResource(resources[i % 4] ?? createResource({}));
      appendRows(target, source);
    }

    expect(target.resources).toHaveLength(5);
  });

  test('have no room for more than rows can refer to', () => {
    const target = new LogBatch();
    const source = new LogBatch();
    target.resources = Array.from({ length: TABLE_MAX - 1 }, () => createResource({}));

    expect(hasTableRoom(target, source)).toBe(true);
    source.resources.push(createResource({ a: 1 }), createResource({ a: 2 }));

    expect(hasTableRoom(target, source)).toBe(false);
    expect(() => appendRows(target, source)).toThrow('room');
    expect(hasTableRoom(new LogBatch(), target)).toBe(true);
  });
});

test('rows keep their templates, and those without one stay without', () => {
  const template = { id: '0123456789abcdef', text: 'job <*> done' };
  const source = new LogBatch();
  source.reset(Buffer.from('job 1 done'));
  for (let row = 0; row < 3; row++) source.addRow(ValueType.string, 0, 10);
  source.templateOf[1] = template;
  const target = new LogBatch();
  target.addRow(ValueType.string, 0, 0);

  appendRows(target, source);
  source.reset(Buffer.alloc(0));

  expect([0, 1, 2, 3].map((row) => target.templateOf[row])).toEqual([undefined, undefined, template, undefined]);
});
