import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import {
  decodeRequestFully,
  type ProtoAnyValue,
  type ProtoKeyValue,
  type ProtoLogRecord,
  type ProtoRequest,
  type ProtoResourceLogs,
} from './otlp-proto.ts';

/** Arbitrary OTLP requests for property tests. See also saidBy, to compare them by. */

const text = fc.string({ unit: 'binary', maxLength: 20 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const time = fc.oneof(fc.constant(undefined), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String), fc.constant('1774000000000000001'));
const count = fc.nat({ max: 4_294_967_295 });

const { value } = fc.letrec<{ value: ProtoAnyValue; keyValue: ProtoKeyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.oneof(int64, fc.integer().map(String)).map((intValue) => ({ intValue })),
    fc.double().map((doubleValue) => ({ doubleValue })),
    fc.uint8Array({ maxLength: 10 }).map((bytes) => ({ bytesValue: Buffer.from(bytes) })),
    fc.constant({}),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })),
    fc.array(tie('keyValue'), { maxLength: 4 }).map((values) => ({ kvlistValue: { values } })),
  ),
  keyValue: fc.record({ key: text, value: tie('value') }),
}));

const attributes = fc.uniqueArray(fc.record({ key: text, value }), { selector: ({ key }) => key, maxLength: 6 });
const id = (width: number): fc.Arbitrary<Buffer | undefined> =>
  fc.option(
    fc.uint8Array({ minLength: width, maxLength: width }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  );

const record: fc.Arbitrary<ProtoLogRecord> = fc
  .record({
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: fc.nat({ max: 24 }),
    severityText: text,
    body: fc.option(value, { nil: undefined }),
    attributes,
    droppedAttributesCount: fc.oneof(fc.constant(0), count),
    flags: fc.oneof(fc.constant(0), count),
    traceId: id(16),
    spanId: id(8),
    eventName: text,
  })
  .map((given) => withoutUndefined(given));

const resource = fc.record({
  attributes,
  droppedAttributesCount: fc.oneof(fc.constant(0), count),
  entityRefs: fc.array(fc.record({ schemaUrl: text, type: text, idKeys: fc.array(text, { maxLength: 2 }) }), { maxLength: 1 }),
});
const scope = fc.record({ name: text, version: text, attributes, droppedAttributesCount: count });
const scopeLogs = fc.record({ scope, schemaUrl: fc.constantFrom('', 'https://a.example'), logRecords: fc.array(record, { maxLength: 4 }) });
const resourceLogs: fc.Arbitrary<ProtoResourceLogs> = fc.record({
  resource,
  schemaUrl: fc.constantFrom('', 'https://b.example'),
  scopeLogs: fc.array(scopeLogs, { maxLength: 3 }),
});

export const requests: fc.Arbitrary<ProtoRequest> = fc.record({ resourceLogs: fc.array(resourceLogs, { maxLength: 3 }) });

/**
 * What an encoded request says, without how: each record with its resource and scope, every member spelled out, an
 * attribute without a value as one with an empty value, an id of zeros as none.
 */
export function saidBy(encoded: Uint8Array): unknown[] {
  const said: unknown[] = [];
  for (const { resource: ownResource, schemaUrl, scopeLogs: scopes = [] } of decodeRequestFully(encoded).resourceLogs ?? []) {
    for (const { scope: ownScope, schemaUrl: scopeUrl, logRecords = [] } of scopes) {
      for (const { attributes: own = [], traceId, spanId, ...rest } of logRecords) {
        const values = own.map(({ key, value: given }) => ({ key, value: given ?? {} }));
        const ids = [traceId, spanId].map((bytes) =>
          Buffer.from(bytes ?? [])
            .toString('hex')
            .replace(/^0+$/, ''),
        );
        said.push({ resource: ownResource ?? NO_RESOURCE, schemaUrl, scope: ownScope ?? NO_SCOPE, scopeUrl, values, ids, rest });
      }
    }
  }
  return said;
}

const NO_RESOURCE = { attributes: [], droppedAttributesCount: 0, entityRefs: [] };
const NO_SCOPE = { attributes: [], droppedAttributesCount: 0, name: '', version: '' };

function withoutUndefined(given: { readonly [Name in keyof ProtoLogRecord]: ProtoLogRecord[Name] | undefined }): ProtoLogRecord {
  return Object.fromEntries(Object.entries(given).filter(([, inner]) => inner !== undefined));
}
