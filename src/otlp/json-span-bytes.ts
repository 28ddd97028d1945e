import { Buffer } from 'node:buffer';
import { field } from '#model';
import {
  asArray,
  asId,
  asObject,
  asUint32,
  attributesBytes,
  member,
  mismatch,
  rounded,
  textBytes,
  uint32Bytes,
  type Json,
  type JsonObject,
} from './json-bytes.ts';

/** Spans of OTLP/JSON as the bytes of protobuf (opentelemetry.proto.trace.v1.Span). */

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`);
const CODES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);
const UINT64_MAX = 2n ** 64n - 1n;

export function spanBytes(span: JsonObject): Buffer {
  return Buffer.concat([
    idBytes(0x0a, member(span, 'traceId'), 16),
    idBytes(0x12, member(span, 'spanId'), 8),
    textBytes(0x1a, member(span, 'traceState')),
    idBytes(0x22, member(span, 'parentSpanId'), 8),
    textBytes(0x2a, member(span, 'name')),
    uint32Bytes(0x30, asEnum(member(span, 'kind'), KINDS)),
    timeBytes(0x39, member(span, 'startTimeUnixNano')),
    timeBytes(0x41, member(span, 'endTimeUnixNano')),
    ...attributesBytes(span, 0x4a),
    uint32Bytes(0x50, asUint32(member(span, 'droppedAttributesCount'))),
    ...asArray(member(span, 'events')).map((event) => field(0x5a, eventBytes(asObject(event)))),
    uint32Bytes(0x60, asUint32(member(span, 'droppedEventsCount'))),
    ...asArray(member(span, 'links')).map((link) => field(0x6a, linkBytes(asObject(link)))),
    uint32Bytes(0x70, asUint32(member(span, 'droppedLinksCount'))),
    statusBytes(member(span, 'status')),
    fixed32Bytes([0x85, 0x01], asUint32(member(span, 'flags'))),
  ]);
}

function eventBytes(event: JsonObject): Buffer {
  return Buffer.concat([
    timeBytes(0x09, member(event, 'timeUnixNano')),
    textBytes(0x12, member(event, 'name')),
    ...attributesBytes(event, 0x1a),
    uint32Bytes(0x20, asUint32(member(event, 'droppedAttributesCount'))),
  ]);
}

function linkBytes(link: JsonObject): Buffer {
  return Buffer.concat([
    idBytes(0x0a, member(link, 'traceId'), 16),
    idBytes(0x12, member(link, 'spanId'), 8),
    textBytes(0x1a, member(link, 'traceState')),
    ...attributesBytes(link, 0x22),
    uint32Bytes(0x28, asUint32(member(link, 'droppedAttributesCount'))),
    fixed32Bytes([0x35], asUint32(member(link, 'flags'))),
  ]);
}

function statusBytes(status: Json | undefined): Uint8Array {
  if (status === undefined) return Buffer.alloc(0);
  const object = asObject(status);
  const code = uint32Bytes(0x18, asEnum(member(object, 'code'), CODES));
  return field(0x7a, Buffer.concat([textBytes(0x12, member(object, 'message')), code]));
}

function idBytes(tag: number, value: Json | undefined, width: number): Uint8Array {
  const id = asId(value, width);
  return id.length === 0 ? id : field(tag, id);
}

/** A number, or one of these names. Numbers that came later than this list pass through. */
function asEnum(value: Json | undefined, names: readonly string[]): number {
  const index = typeof value === 'string' ? names.indexOf(value) : -1;
  return index >= 0 ? index : asUint32(value);
}

/** Nanoseconds since 1970 as fixed64. */
function timeBytes(tag: number, value: Json | undefined): Uint8Array {
  if (value === undefined) return Buffer.alloc(0);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw rounded();
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^[0-9]{1,20}$/.test(text) || BigInt(text) > UINT64_MAX) {
    throw mismatch('nanoseconds since 1970', value);
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = tag;
  bytes.writeBigUInt64LE(BigInt(text), 1);
  return bytes;
}

function fixed32Bytes(tag: readonly number[], value: number): Uint8Array {
  if (value === 0) return Buffer.alloc(0);
  const bytes = Buffer.alloc(tag.length + 4);
  bytes.set(tag);
  bytes.writeUInt32LE(value, tag.length);
  return bytes;
}
