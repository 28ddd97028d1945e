import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildBatch, rowSpec, saidByRow } from '../../test/helpers/row-arbitrary.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { ValueType } from './attribute-table.ts';
import { LogBatch } from './log-batch.ts';
import { reorderRows } from './reorder-rows.ts';

/**
 * Goal: a row says the same after it has moved, whatever columns the batch has, and the Delivery answers for as many.
 * Method: random rows, some dropped, in a random order; what each row says is compared with what it said before.
 */
test('each row keeps what it says, its mark and its template', () => {
  const shuffled = fc
    .array(rowSpec, { minLength: 1, maxLength: 40 })
    .chain((specs) => fc.tuple(fc.constant(specs), fc.shuffledSubarray([...specs.keys()], { minLength: specs.length })));
  fc.assert(
    fc.property(shuffled, ([specs, order]) => {
      const batch = buildBatch(specs);
      const { delivery } = deliver(batch);
      for (const [row, { isDropped }] of specs.entries()) if (isDropped) batch.drop(row, 'test');
      batch.templateOf = specs.map((_, row) => ({ id: String(row), text: '' }));
      batch.spanIdColumn().fill(7, 0, 8);
      const said = specs.map((_, row) => ({ row: saidByRow(batch, row), isDropped: batch.isDropped[row] }));

      reorderRows(batch, Int32Array.from(order));

      const now = specs.map((_, row) => ({ row: saidByRow(batch, row), isDropped: batch.isDropped[row] }));
      expect(now).toEqual(order.map((old) => said[old]));
      expect(batch.templateOf.map((template) => template?.id)).toEqual(order.map(String));
      expect(batch.claims().reduce((sum, { rows }) => sum + rows, 0)).toBe(batch.liveRows);
      expect(delivery.outstanding).toBe(batch.liveRows);
    }),
  );
});

test('a row that has moved is no place any more where a source could divide', () => {
  const batch = new LogBatch();
  batch.addRow(ValueType.string, 0, 0);
  batch.divideAt = () => {};
  expect(batch.clone([]).divideAt).toBeUndefined();
  expect(batch.view([]).divideAt).toBeUndefined();
  expect(batch.divideAt).toBeDefined();

  reorderRows(batch, Int32Array.of(0));
  expect(batch.divideAt).toBeUndefined();
});
