import type { LogBatch } from '#model';
import type { FieldMaker, Fields, Path, Steps } from './expression.ts';
import { OriginTarget } from './map-target.ts';
import { nestedPath, ofText, plainField } from './make-path.ts';
import {
  OriginAttributeWriter,
  changedOrigin,
  decodedOf,
  encodeValue,
  originAttribute,
  originAttributes,
  originOf,
  setOrigin,
  toCount,
  type OriginChange,
  type OriginKind,
} from './origin.ts';
import { expectMap, type Value } from './value.ts';

function change(batch: LogBatch, row: number, kind: OriginKind, by: OriginChange): void {
  setOrigin(batch, row, kind, changedOrigin(originOf(batch, row, kind), kind, by));
}

function attributesOf(kind: OriginKind): FieldMaker {
  return (text, steps) => {
    const [first] = steps;
    if (!first) {
      return {
        text,
        get: (batch, row) => originAttributes(originOf(batch, row, kind), kind),
        set: (batch, row, value) => {
          const entries = Object.entries(expectMap(value, text)).map(([key, inner]) => [key, encodeValue(inner)] as const);
          change(batch, row, kind, { attributes: new Map(entries) });
        },
        map: new OriginTarget(kind),
      };
    }
    const name = first.constant;
    return first.isConstant && typeof name === 'string'
      ? attributeOf(kind, text, name, steps.slice(1))
      : dynamicAttribute(kind, text, steps);
  };
}

/** The value is decoded once for each origin: rows of one file or service share it. */
function attributeOf(kind: OriginKind, text: string, name: string, steps: Steps): Path {
  const writer = new OriginAttributeWriter(kind, name);
  let last: unknown;
  let lastValue: Value = null;
  const get = (batch: LogBatch, row: number): Value => {
    const origin = originOf(batch, row, kind);
    if (origin === last) return lastValue;
    lastValue = originAttribute(origin, kind, name);
    last = origin;
    return lastValue;
  };
  return nestedPath(text, steps, get, (batch, row, value) => setOrigin(batch, row, kind, writer.write(originOf(batch, row, kind), value)));
}

function dynamicAttribute(kind: OriginKind, text: string, steps: Steps): Path {
  return nestedPath(
    text,
    steps,
    (batch, row) => originAttributes(originOf(batch, row, kind), kind),
    (batch, row, value) => {
      const entries = Object.entries(expectMap(value, text)).map(([key, inner]) => [key, encodeValue(inner)] as const);
      change(batch, row, kind, { attributes: new Map(entries) });
    },
  );
}

function fieldsOf(kind: OriginKind): readonly (readonly [string, FieldMaker])[] {
  return [
    ['attributes', attributesOf(kind)],
    [
      'dropped_attributes_count',
      plainField(
        (batch, row) => decodedOf(originOf(batch, row, kind), kind).dropped,
        (batch, row, value) => change(batch, row, kind, { dropped: toCount(value, `${kind}.dropped_attributes_count`) }),
      ),
    ],
    [
      'schema_url',
      plainField(
        (batch, row) => originOf(batch, row, kind).schemaUrl,
        ofText(`${kind}.schema_url`, (batch, row, schemaUrl) => change(batch, row, kind, { schemaUrl })),
      ),
    ],
    [
      'cache',
      (text, steps, { cache }) =>
        nestedPath(
          text,
          steps,
          () => cache.values,
          (_batch, _row, value) => void (cache.values = expectMap(value, 'cache')),
        ),
    ],
  ];
}

const scopeFields: readonly (readonly [string, FieldMaker])[] = [
  [
    'name',
    plainField(
      (batch, row) => decodedOf(originOf(batch, row, 'scope'), 'scope').name,
      ofText('scope.name', (batch, row, name) => change(batch, row, 'scope', { name })),
    ),
  ],
  [
    'version',
    plainField(
      (batch, row) => decodedOf(originOf(batch, row, 'scope'), 'scope').version,
      ofText('scope.version', (batch, row, version) => change(batch, row, 'scope', { version })),
    ),
  ],
];

export const ORIGIN_FIELDS: Readonly<Record<OriginKind, Fields>> = {
  resource: new Map(fieldsOf('resource')),
  scope: new Map([...scopeFields, ...fieldsOf('scope')]),
};
