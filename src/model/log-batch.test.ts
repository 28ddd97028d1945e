import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Delivery } from '#component';
import {
  RESOURCES,
  SCOPES,
  SHARED,
  attributeValue,
  buildBatch,
  rowSpec,
  saidByRow,
  type RowSpec,
} from '../../test/helpers/row-arbitrary.ts';
import type { AttributeValue } from './any-value.ts';
import { ValueType } from './attribute-table.ts';
import { keyOf } from './key.ts';
import { EMPTY_ORIGIN } from './resource.ts';
import { LogBatch } from './log-batch.ts';

/** A row as a simple program would keep it. */
interface ModelRow {
  body: AttributeValue;
  severityText: string;
  eventName: string;
  readonly attributes: Map<string, AttributeValue>;
  isDropped: boolean;
  readonly spec: RowSpec;
}

type Edit =
  | { readonly kind: 'body'; readonly row: number; readonly value: AttributeValue }
  | { readonly kind: 'set'; readonly row: number; readonly key: string; readonly value: AttributeValue }
  | { readonly kind: 'delete'; readonly row: number; readonly key: string }
  | { readonly kind: 'severityText' | 'eventName'; readonly row: number; readonly text: string }
  | { readonly kind: 'drop'; readonly row: number };

const row = fc.nat({ max: 100 });
const key = fc.constantFrom('a', 'b', 'f', '__proto__');
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('body' as const), row, value: attributeValue }),
  fc.record({ kind: fc.constant('set' as const), row, key, value: attributeValue }),
  fc.record({ kind: fc.constant('delete' as const), row, key }),
  fc.record({ kind: fc.constantFrom('severityText', 'eventName'), row, text: fc.string({ maxLength: 5 }) }),
  fc.record({ kind: fc.constant('drop' as const), row }),
);

function toModel(spec: RowSpec): ModelRow {
  const attributes = new Map<string, AttributeValue>();
  for (const [name, value] of SHARED[spec.sharedIndex]?.entries ?? []) attributes.set(name.text, value);
  for (const [name, value] of spec.own) attributes.set(name, value);
  if (spec.gap !== 'side' && spec.own.size === 0 && spec.body !== '') attributes.set('part', firstByteOf(spec.body));
  return { body: spec.body, severityText: spec.severityText, eventName: spec.eventName, attributes, isDropped: false, spec };
}

function firstByteOf(text: string): string {
  return Buffer.from(text).subarray(0, 1).toString();
}

function editModel(model: ModelRow, change: Edit): void {
  if (model.isDropped) return;
  if (change.kind === 'body') model.body = change.value;
  else if (change.kind === 'set') model.attributes.set(change.key, change.value);
  else if (change.kind === 'delete') model.attributes.delete(change.key);
  else if (change.kind === 'severityText') model.severityText = change.text;
  else if (change.kind === 'eventName') model.eventName = change.text;
  else model.isDropped = true;
}

function editBatch(batch: LogBatch, at: number, change: Edit): void {
  if (batch.isDropped[at] === 1) return;
  if (change.kind === 'body') batch.setBody(at, change.value);
  else if (change.kind === 'set') batch.setAttribute(at, change.key, change.value);
  else if (change.kind === 'delete') batch.deleteAttribute(at, change.key);
  else if (change.kind === 'severityText') batch.setSeverityText(at, change.text);
  else if (change.kind === 'eventName') batch.setEventName(at, change.text);
  else batch.drop(at, 'test');
}

function expectSame(batch: LogBatch, models: readonly ModelRow[]): void {
  expect(batch.length).toBe(models.length);
  expect(batch.liveRows).toBe(models.filter(({ isDropped }) => !isDropped).length);
  for (const [at, { body, severityText, eventName, attributes, isDropped, spec }] of models.entries()) {
    expect(batch.isDropped[at]).toBe(isDropped ? 1 : 0);
    if (isDropped) continue;
    expect(batch.body(at)).toEqual(body);
    expect(batch.severityText(at)).toBe(severityText);
    expect(batch.attributesOf(at)).toEqual(attributes);
    for (const [name, value] of attributes) expect(batch.attribute(at, name)).toEqual(value);
    expect(batch.attribute(at, 'none')).toBeUndefined();
    expect(batch.resources[batch.resourceOf[at] as number]).toBe(RESOURCES[spec.resourceIndex] ?? EMPTY_ORIGIN);
    expect(batch.scopes[batch.scopeOf[at] as number]).toBe(SCOPES[spec.scopeIndex] ?? EMPTY_ORIGIN);
    expect(batch.eventName(at)).toBe(eventName);
    expect(batch.traceId(at)).toBe(spec.traceId);
  }
}

/**
 * Goal: edits of a batch are what edits of plain maps would be, and a clone is a batch of its own.
 * Method: the same random edits on both, some before and some after cloning; the original must not feel the latter.
 */
test('edits like a map for each row; a clone is independent', () => {
  fc.assert(
    fc.property(
      fc.array(rowSpec, { maxLength: 12 }),
      fc.array(edit, { maxLength: 30 }),
      fc.array(edit, { maxLength: 30 }),
      (specs, before, after) => {
        const batch = buildBatch(specs);
        const models = specs.map(toModel);
        const apply = (to: LogBatch, of: readonly ModelRow[], edits: readonly Edit[]): void => {
          for (const change of edits) {
            if (of.length === 0) return;
            const at = change.row % of.length;
            editBatch(to, at, change);
            editModel(of[at] as ModelRow, change);
          }
        };

        apply(batch, models, before);
        expectSame(batch, models);
        const clone = batch.clone([]);
        const cloned = models.map((model) => ({ ...model, attributes: new Map(model.attributes) }));
        apply(clone, cloned, after);

        expectSame(clone, cloned);
        expectSame(batch, models);
        expect(clone.space).not.toBe(batch.space);
      },
    ),
  );
});

test('grows beyond its first columns, and is as new after reset', () => {
  fc.assert(
    fc.property(fc.array(rowSpec, { minLength: 300, maxLength: 700 }), fc.array(rowSpec, { maxLength: 5 }), (many, few) => {
      const batch = buildBatch(many);
      expectSame(batch, many.map(toModel));
      const fresh = buildBatch(few);

      batch.reset(Buffer.alloc(0));
      for (const [at, { body }] of few.entries()) {
        batch.addRow(ValueType.none, 0, 0);
        batch.setBody(at, body);
      }

      expect(batch.attributes.count).toBe(0);
      expect(batch.liveRows).toBe(few.length);
      for (let at = 0; at < few.length; at++) {
        expect(batch.body(at)).toBe(fresh.body(at));
        expect(saidByRow(batch, at)).toMatchObject({
          attributes: new Map(),
          severityText: '',
          ids: ['', ''],
          rare: ['', 0, 0],
          resource: EMPTY_ORIGIN,
        });
      }
    }),
    { numRuns: 20 },
  );
});

describe('claims', () => {
  function batchFor(...counts: number[]): { batch: LogBatch; deliveries: Delivery[] } {
    const batch = new LogBatch();
    const deliveries = counts.map((count) => new Delivery(count, 1, () => {}));
    batch.deliveries = deliveries;
    for (const [index, count] of counts.entries()) {
      for (let i = 0; i < count; i++) batch.deliveryOf[batch.addRow(ValueType.none, 0, 0)] = index;
    }
    return { batch, deliveries };
  }

  test('name who answers for the live rows, in row order', () => {
    const { batch, deliveries } = batchFor(3, 2);

    batch.drop(1, 'test');

    expect(batch.claims()).toEqual([
      { delivery: deliveries[0], rows: 2 },
      { delivery: deliveries[1], rows: 2 },
    ]);
    expect(batch.claims(2, 4)).toEqual([
      { delivery: deliveries[0], rows: 1 },
      { delivery: deliveries[1], rows: 1 },
    ]);
    expect(batch.claims(1, 2)).toEqual([]);
  });

  test('a dropped row is settled at once, and once', () => {
    const { batch, deliveries } = batchFor(2);

    batch.drop(0, 'noise');
    batch.drop(0, 'noise');
    expect(deliveries[0]?.outstanding).toBe(1);
    batch.settleDurable();

    expect(deliveries[0]?.outstanding).toBe(0);
  });

  test('settling all leaves nothing outstanding, however the rows are mixed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 30 }), fc.array(fc.nat({ max: 29 })), (owners, dropped) => {
        const outcomes: number[] = [];
        const batch = new LogBatch();
        const used = [...new Set(owners)];
        batch.deliveries = used.map((owner) => {
          const rows = owners.filter((other) => other === owner).length;
          return new Delivery(rows, owner, ({ durable, dropped: lost }) => outcomes.push(durable + (lost.get('test') ?? 0)));
        });
        for (const owner of owners) batch.deliveryOf[batch.addRow(ValueType.none, 0, 0)] = used.indexOf(owner);
        for (const at of dropped) if (at < batch.length) batch.drop(at, 'test');

        batch.settleDurable();

        expect(outcomes).toHaveLength(used.length);
        expect(outcomes.reduce((sum, rows) => sum + rows, 0)).toBe(owners.length);
      }),
    );
  });
});

test('a Delivery must answer for exactly the live rows', () => {
  const batch = new LogBatch();
  batch.addRow(ValueType.none, 0, 0);

  expect(() => batch.setDelivery(new Delivery(2, 1, () => {}))).toThrow('answers for each row');
});

describe('a row with many attributes', () => {
  const name = fc.integer({ min: 0, max: 150 }).map((i) => `k${i}`);
  const change = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), key: name, value: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: name, value: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), key: name, value: fc.nat(150) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('other row' as const), key: name, value: fc.nat() }) },
  );

  test('has what a map would have', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 200, maxLength: 400 }), (changes) => {
        const batch = new LogBatch();
        batch.addRow(ValueType.none, 0, 0);
        batch.addRow(ValueType.none, 0, 0);
        const model = new Map<string, number>();
        for (let i = 0; i < 90; i++) batch.setAttribute(1, `k${i}`, 0);
        for (const { kind, key: own, value } of changes) {
          if (kind === 'other row') batch.setAttribute(1, own, value);
          else if (kind === 'set') {
            batch.setAttribute(0, own, value);
            model.set(own, value);
          } else if (kind === 'delete') {
            batch.deleteAttribute(0, own);
            model.delete(own);
          } else if (model.has(own) && !model.has(`k${value}`)) {
            batch.attributes.rename(batch.attributes.find(0, keyOf(own)), keyOf(`k${value}`));
            model.set(`k${value}`, model.get(own) as number);
            model.delete(own);
          }
        }
        for (let i = 0; i <= 150; i++) expect(batch.attribute(0, `k${i}`)).toBe(model.get(`k${i}`));
      }),
      { numRuns: 200 },
    );
  });
});
