import { Buffer } from 'node:buffer';
import { DEPTH_MAX, encodeAnyValue, field, keyOf } from '#model';
import { ARRAY, BOOL, BYTES, KVLIST, STRING, VALUE } from './reader-values.ts';
import { varintLength, writeVarint } from './varint.ts';

/** From parsed OTLP/JSON to the bytes of protobuf: values, attributes, resources and scopes. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** What is wrong with a value; the reader adds where. */
export class Mismatch extends RangeError {}

/** An integer that JSON.parse has rounded. Reading begins again, with such numbers in quotes. */
export class Rounded extends Mismatch {}

export function rounded(): Rounded {
  return new Rounded('expected an integer up to 2^53, or one in quotes');
}

const NO_BYTES = new Uint8Array(0);
const INT64_MAX = 2n ** 63n - 1n;
const ELEMENT = 0x0a;

/** `member(record, 'traceId')` also finds `trace_id`, as the Collector does. `null` is as good as absent. */
export function member(object: JsonObject, name: string): Json | undefined {
  return object[name] ?? object[snakeCase(name)] ?? undefined;
}

const snakeNames = new Map<string, string>();

// Only called with the names of the protocol, so the map stays small.
function snakeCase(name: string): string {
  let snake = snakeNames.get(name);
  if (snake === undefined) snakeNames.set(name, (snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)));
  return snake;
}

export function asObject(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || isArray(value)) throw mismatch('an object', value);
  return value;
}

export function asArray(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  if (!isArray(value)) throw mismatch('an array', value);
  return value;
}

export function asText(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw mismatch('a string', value);
  return value;
}

export function asUint32(value: Json | undefined): number {
  if (value === undefined) return 0;
  const number = typeof value === 'string' && /^[0-9]{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 4_294_967_295) {
    throw mismatch('a whole number from 0 to 4294967295', value);
  }
  return number;
}

/** An int64: digits in a string, or a number. One that does not fit into 64 bits comes back as the double next to it. */
export function asInt64(value: Json | undefined): number | bigint {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    if (Number.isInteger(value)) throw rounded();
  }
  if (typeof value === 'string' && /^-?[0-9][0-9.eE+-]*$/.test(value)) {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    if (Number.isInteger(number)) return /^-?[0-9]{1,19}$/.test(value) ? exact(value, number) : number;
  }
  throw mismatch('a 64-bit integer', value);
}

function exact(digits: string, nearest: number): number | bigint {
  const integer = BigInt(digits);
  return integer <= INT64_MAX && integer >= -INT64_MAX - 1n ? integer : nearest;
}

export function asDouble(value: Json | undefined): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (typeof value === 'string' && /^-?(?:[0-9]|Infinity$)/.test(value) && !Number.isNaN(Number(value))) return Number(value);
  throw mismatch('a number', value);
}

export function asBoolean(value: Json | undefined): boolean {
  if (typeof value !== 'boolean') throw mismatch('true or false', value);
  return value;
}

export function asBytes(value: Json | undefined): Buffer {
  const text = asText(value);
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw mismatch('base64', value);
  return Buffer.from(text, 'base64');
}

/** An id in hex, `width` bytes long or empty. */
export function asId(value: Json | undefined, width: number): Buffer {
  const text = asText(value);
  if (!/^[0-9A-Fa-f]*$/.test(text) || (text.length !== width * 2 && text !== '')) throw mismatch(`${width * 2} hexadecimal digits`, value);
  return Buffer.from(text, 'hex');
}

export function mismatch(expected: string, value: Json | undefined): Mismatch {
  const got = value === undefined ? 'nothing' : JSON.stringify(value);
  return new Mismatch(`expected ${expected}, got ${got.length > 80 ? `${got.slice(0, 80)}…` : got}`);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

// ---- messages ----

/** Bytes of an AnyValue message. */
export function anyValueBytes(value: Json | undefined, depth: number): Uint8Array {
  if (depth > DEPTH_MAX) throw new Mismatch(`expected a value nested no deeper than ${DEPTH_MAX}`);
  if (value === undefined || value === null) return NO_BYTES;
  const object = asObject(value);
  let inner = member(object, 'stringValue');
  if (inner !== undefined) return field(STRING, Buffer.from(asText(inner)));
  inner = member(object, 'intValue');
  if (inner !== undefined) return integerBytes(asInt64(inner));
  inner = member(object, 'doubleValue');
  if (inner !== undefined) return doubleBytes(asDouble(inner));
  inner = member(object, 'boolValue');
  if (inner !== undefined) return Uint8Array.of(BOOL, asBoolean(inner) ? 1 : 0);
  inner = member(object, 'bytesValue');
  if (inner !== undefined) return field(BYTES, asBytes(inner));
  inner = member(object, 'arrayValue');
  if (inner !== undefined) {
    const elements = asArray(member(asObject(inner), 'values')).map((element) => field(ELEMENT, anyValueBytes(element, depth + 1)));
    return field(ARRAY, Buffer.concat(elements));
  }
  inner = member(object, 'kvlistValue');
  if (inner === undefined) return NO_BYTES;
  const entries = asArray(member(asObject(inner), 'values')).map((entry) => field(ELEMENT, keyValueBytes(entry, depth + 1)));
  return field(KVLIST, Buffer.concat(entries));
}

function integerBytes(value: number | bigint): Uint8Array {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? encodeAnyValue(BigInt(value)) : doubleBytes(value);
}

function doubleBytes(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = 0x21;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function keyValueBytes(entry: Json | undefined, depth: number): Uint8Array {
  const object = asObject(entry);
  return Buffer.concat([keyOf(asText(member(object, 'key'))).encoded, field(VALUE, anyValueBytes(member(object, 'value'), depth))]);
}

export function resourceBytes(resource: Json | undefined): Buffer {
  if (resource === undefined) return Buffer.alloc(0);
  const object = asObject(resource);
  return Buffer.concat([
    ...attributesBytes(object, 0x0a),
    uint32Bytes(0x10, asUint32(member(object, 'droppedAttributesCount'))),
    ...asArray(member(object, 'entityRefs')).map((entity) => field(0x1a, entityBytes(asObject(entity)))),
  ]);
}

export function scopeBytes(scope: Json | undefined): Buffer {
  if (scope === undefined) return Buffer.alloc(0);
  const object = asObject(scope);
  return Buffer.concat([
    textBytes(0x0a, member(object, 'name')),
    textBytes(0x12, member(object, 'version')),
    ...attributesBytes(object, 0x1a),
    uint32Bytes(0x20, asUint32(member(object, 'droppedAttributesCount'))),
  ]);
}

function entityBytes(entity: JsonObject): Uint8Array {
  return Buffer.concat([
    textBytes(0x0a, member(entity, 'schemaUrl')),
    textBytes(0x12, member(entity, 'type')),
    ...asArray(member(entity, 'idKeys')).map((key) => field(0x1a, Buffer.from(asText(key)))),
    ...asArray(member(entity, 'descriptionKeys')).map((key) => field(0x22, Buffer.from(asText(key)))),
  ]);
}

export function attributesBytes(object: JsonObject, tag: number): Uint8Array[] {
  return asArray(member(object, 'attributes')).map((entry) => field(tag, keyValueBytes(entry, 0)));
}

export function textBytes(tag: number, value: Json | undefined): Uint8Array {
  const text = asText(value);
  return text === '' ? NO_BYTES : field(tag, Buffer.from(text));
}

export function uint32Bytes(tag: number, value: number): Uint8Array {
  if (value === 0) return NO_BYTES;
  const bytes = new Uint8Array(1 + varintLength(value));
  bytes[0] = tag;
  writeVarint(bytes, 1, value);
  return bytes;
}
