import * as fc from 'fast-check';
import {
  LogBatch,
  ValueType,
  createResource,
  createScope,
  createSharedAttributes,
  keyOf,
  type AttributeValue,
  type Origin,
  type SharedAttributes,
} from '#model';

/** A row as plain values, and where its bytes are to lie. */
export interface RowSpec {
  readonly body: string;
  /** In the batch's own bytes with this many of nobody's before it, or on the side. */
  readonly gap: number | 'side';
  readonly own: ReadonlyMap<string, AttributeValue>;
  readonly sharedIndex: number;
  readonly resourceIndex: number;
  readonly scopeIndex: number;
  readonly severity: number;
  readonly severityText: string;
  readonly timeMs: number;
  readonly timeNs: number;
  readonly traceId: string;
  readonly eventName: string;
  readonly isDropped: boolean;
}

const key = fc.constantFrom('a', 'b', 'c', 'd.e', '__proto__', 'schlüssel');

export const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.string({ maxLength: 8, unit: 'binary' }),
  fc.integer(),
  fc.constantFrom<AttributeValue>(0.5, -1e300, Number.MAX_SAFE_INTEGER, true, false, null, 2n ** 60n),
  fc.uint8Array({ maxLength: 5 }),
  fc.constantFrom<AttributeValue>(['x', 1], { k: 'v', n: [true] }, []),
);

export const SHARED: readonly (SharedAttributes | undefined)[] = [
  undefined,
  createSharedAttributes({ a: 'shared', f: 'file' }),
  createSharedAttributes({ f: 'other' }),
];
export const RESOURCES: readonly (Origin | undefined)[] = [undefined, createResource({ s: 'x' }), createResource({ s: 'y' })];
export const SCOPES: readonly (Origin | undefined)[] = [undefined, createScope('lib')];

export const rowSpec: fc.Arbitrary<RowSpec> = fc.record({
  body: fc.string({ maxLength: 40, unit: 'binary' }),
  gap: fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom<number | 'side'>('side', 700, 3000) },
  ),
  own: fc.array(fc.tuple(key, attributeValue), { maxLength: 4 }).map((entries) => new Map(entries)),
  sharedIndex: fc.nat({ max: SHARED.length - 1 }),
  resourceIndex: fc.nat({ max: RESOURCES.length - 1 }),
  scopeIndex: fc.nat({ max: SCOPES.length - 1 }),
  severity: fc.nat({ max: 24 }),
  severityText: fc.constantFrom('', 'INFO', 'schlimm'),
  timeMs: fc.constantFrom(0, 1_769_000_000_123),
  timeNs: fc.nat({ max: 999_999 }),
  traceId: fc.constantFrom('', '0123456789abcdef0123456789abcdef'),
  eventName: fc.constantFrom('', '', 'started'),
  isDropped: fc.boolean(),
});

/** A batch of these rows, none of them dropped yet and without Delivery. */
export function buildBatch(specs: readonly RowSpec[]): LogBatch {
  const batch = new LogBatch();
  const parts: Buffer[] = [];
  let length = 0;
  const put = (text: string | Buffer): number => {
    const part = Buffer.from(text);
    parts.push(part);
    length += part.length;
    return length - part.length;
  };
  const places = specs.map(({ body, gap }) => {
    if (gap === 'side') return -1;
    put(Buffer.alloc(gap, '.'));
    return put(body);
  });
  put('tail');
  batch.reset(Buffer.concat(parts));
  for (const [i, spec] of specs.entries()) fillRow(batch, spec, places[i] as number);
  return batch;
}

function fillRow(batch: LogBatch, spec: RowSpec, place: number): void {
  const row = place < 0 ? batch.addRow(ValueType.none, 0, 0) : batch.addRow(ValueType.string, place, Buffer.byteLength(spec.body));
  if (place < 0) batch.setBody(row, spec.body);
  const shared = SHARED[spec.sharedIndex];
  if (shared) batch.sharedOf[row] = batch.addShared(shared);
  const resource = RESOURCES[spec.resourceIndex];
  if (resource) batch.resourceOf[row] = batch.addResource(resource);
  const scope = SCOPES[spec.scopeIndex];
  if (scope) batch.scopeOf[row] = batch.addScope(scope);
  for (const [name, value] of spec.own) batch.setAttribute(row, keyOf(name), value);
  if (place >= 0 && spec.own.size === 0 && spec.body !== '') {
    // What a parser does: an attribute that is a part of the line.
    batch.attributes.add(row, keyOf('part'), ValueType.string, place, 1, 0);
  }
  batch.severity[row] = spec.severity;
  if (spec.severityText !== '') batch.setSeverityText(row, spec.severityText);
  batch.timeMs[row] = spec.timeMs;
  batch.timeNs[row] = spec.timeNs;
  batch.observedMs[row] = 5;
  batch.observedNs[row] = 6;
  if (spec.traceId !== '') batch.traceIdColumn().set(Buffer.from(spec.traceId, 'hex'), row * 16);
  if (spec.eventName !== '') {
    batch.setEventName(row, spec.eventName);
    const rare = batch.rareColumns();
    rare.flags[row] = 1;
    rare.droppedAttributes[row] = 2;
  }
}

/** Everything a row says, with what it refers to. */
export function saidByRow(batch: LogBatch, row: number): unknown {
  return {
    body: batch.body(row),
    attributes: batch.attributesOf(row),
    resource: batch.resources[batch.resourceOf[row] as number],
    scope: batch.scopes[batch.scopeOf[row] as number],
    severity: batch.severity[row],
    severityText: batch.severityText(row),
    time: [batch.timeMs[row], batch.timeNs[row], batch.observedMs[row], batch.observedNs[row]],
    ids: [batch.traceId(row), batch.spanId(row)],
    rare: [batch.eventName(row), batch.rare?.flags[row] ?? 0, batch.rare?.droppedAttributes[row] ?? 0],
  };
}
