import { keyOf } from './key.ts';

/**
 * A value of opentelemetry.proto.common.v1.AnyValue as JavaScript sees it. Integers beyond 2^53 are bigints, `null` is
 * the empty value.
 */
export type AttributeValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** A double that must stay a double though it is whole: `3.0` is not `3` on the wire. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

// Field tags of AnyValue, ArrayValue, KeyValueList and KeyValue.
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const KVLIST = 0x32;
const BYTES = 0x3a;
const ELEMENT = 0x0a;
const VALUE = 0x12;

/** Deeper values are refused by the decoder: a message can nest as deep as it is long, our stack cannot. */
export const DEPTH_MAX = 64;

/** Bytes of the AnyValue message. */
export function encodeAnyValue(value: AttributeValue | Double): Uint8Array {
  if (typeof value === 'string') return field(STRING, Buffer.from(value, 'utf8'));
  if (typeof value === 'boolean') return Uint8Array.of(BOOL, value ? 1 : 0);
  if (typeof value === 'bigint') return Uint8Array.of(INT, ...varintOf(value));
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? Uint8Array.of(INT, ...varintOf(BigInt(value))) : encodeDouble(value);
  }
  if (value === null) return new Uint8Array(0);
  if (value instanceof Double) return encodeDouble(value.value);
  if (value instanceof Uint8Array) return field(BYTES, value);
  if (Array.isArray(value)) {
    return field(ARRAY, Buffer.concat(value.map((element: AttributeValue) => field(ELEMENT, encodeAnyValue(element)))));
  }
  const entries = Object.entries(value as { readonly [key: string]: AttributeValue });
  return field(KVLIST, Buffer.concat(entries.map(([key, element]) => field(ELEMENT, encodeKeyValue(key, element)))));
}

/** Bytes of the KeyValue message. */
export function encodeKeyValue(key: string, value: AttributeValue | Double): Uint8Array {
  return Buffer.concat([keyOf(key).encoded, field(VALUE, encodeAnyValue(value))]);
}

/** `tag`, length, `payload`. */
export function field(tag: number, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, ...varintOf(BigInt(payload.length))), payload]);
}

function encodeDouble(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = DOUBLE;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function varintOf(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

/**
 * Reads the AnyValue in `bytes[start, end)`. Throws RangeError on malformed or too deeply nested input. Of several
 * values the last one counts, as protobuf has it for a oneof.
 */
export function decodeAnyValue(bytes: Uint8Array, start: number, end: number, depth: number = 0): AttributeValue {
  if (depth > DEPTH_MAX) throw new RangeError(`a value is nested deeper than ${DEPTH_MAX}`);
  let value: AttributeValue = null;
  for (const { tag, from, to, number } of fields(bytes, start, end)) {
    if (tag === STRING) value = text(bytes, from, to);
    else if (tag === BOOL) value = number !== 0n;
    else if (tag === INT) value = safeInteger(BigInt.asIntN(64, number));
    else if (tag === DOUBLE) value = Buffer.from(bytes.buffer, bytes.byteOffset + from, 8).readDoubleLE(0);
    else if (tag === ARRAY) value = decodeArray(bytes, from, to, depth);
    else if (tag === KVLIST) value = decodeKeyValueList(bytes, from, to, depth + 1);
    else if (tag === BYTES) value = Uint8Array.from(bytes.subarray(from, to));
  }
  return value;
}

function decodeArray(bytes: Uint8Array, start: number, end: number, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  for (const { tag, from, to } of fields(bytes, start, end)) {
    if (tag === ELEMENT) values.push(decodeAnyValue(bytes, from, to, depth + 1));
  }
  return values;
}

/** Reads repeated KeyValue messages of field 1, as in KeyValueList and Resource. */
export function decodeKeyValueList(bytes: Uint8Array, start: number, end: number, depth: number = 0): { [key: string]: AttributeValue } {
  const values: { [key: string]: AttributeValue } = {};
  for (const { tag, from, to } of fields(bytes, start, end)) {
    if (tag !== ELEMENT) continue;
    const [key, value] = decodeKeyValue(bytes, from, to, depth);
    // defineProperty, not assignment: the key may be "__proto__".
    Object.defineProperty(values, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return values;
}

/** Reads one KeyValue message. */
export function decodeKeyValue(bytes: Uint8Array, start: number, end: number, depth: number = 0): [string, AttributeValue] {
  let key = '';
  let value: AttributeValue = null;
  for (const { tag, from, to } of fields(bytes, start, end)) {
    if (tag === ELEMENT) key = text(bytes, from, to);
    else if (tag === VALUE) value = decodeAnyValue(bytes, from, to, depth);
  }
  return [key, value];
}

interface Field {
  readonly tag: number;
  /** Where the payload lies (length-delimited and fixed fields). */
  readonly from: number;
  readonly to: number;
  /** The value of a varint field. */
  readonly number: bigint;
}

/** The fields of a message, unknown ones included. The slow, general walk: hot paths have their own. */
export function* fields(bytes: Uint8Array, start: number, end: number): Generator<Field> {
  let at = start;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= end || shift > 63n) throw new RangeError('malformed varint');
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const tag = Number(varint());
    let number = 0n;
    let from = at;
    switch (tag & 7) {
      case 0:
        number = varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        from = at;
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new RangeError(`unknown wire type ${tag & 7}`);
    }
    if (at > end) throw new RangeError('a field runs past the end of its message');
    yield { tag, from, to: at, number };
  }
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

function safeInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A value as JSON: bytes in base64, big integers as strings, as in OTLP/JSON. */
export function toJson(value: AttributeValue): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString();
    return inner instanceof Uint8Array ? Buffer.from(inner).toString('base64') : inner;
  });
}
