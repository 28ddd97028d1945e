import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { DEPTH_MAX, Double, decodeAnyValue, encodeAnyValue, encodeKeyValue, field, toJson, type AttributeValue } from './any-value.ts';
import { createResource, resourceAttributes, withResourceAttributes } from './resource.ts';

const definitions = protobuf.loadSync(fileURLToPath(new URL('../../test/fixtures/otlp/logs.proto', import.meta.url)));
const anyValue = definitions.lookupType('AnyValue');

type Typed = AttributeValue | Double;

/** The same value as protobufjs writes it. */
function toProto(value: Typed): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: value.toString() };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value instanceof Double) return { doubleValue: value.value };
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((element: AttributeValue) => toProto(element)) } };
  return { kvlistValue: { values: Object.entries(value).map(([key, element]) => ({ key, value: toProto(element) })) } };
}

function saidBy(bytes: Uint8Array): object {
  return anyValue.toObject(anyValue.decode(bytes), { longs: String, bytes: Array, defaults: true });
}

const name = fc.oneof(fc.string({ maxLength: 5, unit: 'binary' }), fc.constant('__proto__'));

const { value: anyAttributeValue } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.string({ maxLength: 200, unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.double({ noInteger: true }),
    fc.boolean(),
    fc.constant(null),
    fc.oneof(fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }), fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) })),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map(toObject),
  ),
}));

function toObject(entries: readonly (readonly [string, AttributeValue])[]): { [key: string]: AttributeValue } {
  const object: { [key: string]: AttributeValue } = {};
  for (const [key, value] of entries) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

/** Goal: our bytes and those of protobufjs mean the same, in both directions. Method: random nested values. */
describe('against protobufjs', () => {
  test('what it writes we read', () => {
    fc.assert(
      fc.property(anyAttributeValue, (value) => {
        const bytes = anyValue.encode(anyValue.fromObject(toProto(value))).finish();

        expect(decodeAnyValue(bytes, 0, bytes.length)).toEqual(value);
      }),
    );
  });

  test('what we write it reads', () => {
    fc.assert(
      fc.property(anyAttributeValue, (value) => {
        const bytes = encodeAnyValue(value);

        expect(saidBy(bytes)).toEqual(saidBy(anyValue.encode(anyValue.fromObject(toProto(value))).finish()));
        expect(decodeAnyValue(bytes, 0, bytes.length)).toEqual(value);
      }),
    );
  });

  test('a double that is whole stays a double', () => {
    const bytes = encodeAnyValue(new Double(3));

    expect(anyValue.toObject(anyValue.decode(bytes))).toEqual({ doubleValue: 3 });
    expect(anyValue.toObject(anyValue.decode(encodeAnyValue(-0.5)))).toEqual({ doubleValue: -0.5 });
  });
});

describe('decoding', () => {
  test('malformed bytes is a RangeError or a value, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        let problem: unknown = new RangeError('none');
        try {
          decodeAnyValue(bytes, 0, bytes.length);
        } catch (thrown) {
          problem = thrown;
        }

        expect(problem).toBeInstanceOf(RangeError);
      }),
      { numRuns: 2000 },
    );
  });

  test('a message cut short is a RangeError', () => {
    const bytes = encodeAnyValue({ a: ['text', 1.5, 2n ** 60n] });

    for (let end = 1; end < bytes.length; end++) expect(() => decodeAnyValue(bytes, 0, end)).toThrow(RangeError);
  });

  test('too deep is a RangeError, not the end of the stack', () => {
    let bytes = encodeAnyValue('bottom');
    for (let depth = 0; depth < DEPTH_MAX + 10; depth++) bytes = field(0x2a, field(0x0a, bytes));

    expect(() => decodeAnyValue(bytes, 0, bytes.length)).toThrow(`deeper than ${DEPTH_MAX}`);
  });

  test('of several values the last one counts, unknown fields do not', () => {
    const bytes = Buffer.concat([encodeAnyValue('first'), field(0x7a, Buffer.from('later')), encodeAnyValue(2)]);

    expect(decodeAnyValue(bytes, 0, bytes.length)).toBe(2);
  });
});

test('a resource keeps the fields that are not attributes when its attributes change', () => {
  const unknown = field(0x3a, Buffer.from('later'));
  const { encoded } = createResource({ a: 1 });
  const resource = { encoded: Buffer.concat([unknown, encoded]), schemaUrl: 'https://a.example' };

  const changed = withResourceAttributes(resource, { ...resourceAttributes(resource), b: 'two' });

  expect(resourceAttributes(changed)).toEqual({ a: 1, b: 'two' });
  expect(Buffer.from(changed.encoded).includes(unknown)).toBe(true);
  expect(changed.schemaUrl).toBe('https://a.example');
});

test('as JSON, bytes are base64 and large integers are text', () => {
  expect(toJson({ a: Uint8Array.of(1, 2), b: 2n ** 60n, c: [null, true, 1.5] })).toBe(
    '{"a":"AQI=","b":"1152921504606846976","c":[null,true,1.5]}',
  );
});

test('a KeyValue has its key first', () => {
  expect(Buffer.from(encodeKeyValue('k', 'v')).toString('hex')).toBe('0a016b12030a0176');
});
