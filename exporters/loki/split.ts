import type { Buffer } from 'node:buffer';
import { fields } from '#model';
import { compressSnappy, decompressSnappy, ProtobufWriter } from '#net';
import type { Payload } from '#queue';
import { Tag } from './push.ts';

const PROTOBUF = 'application/x-protobuf';
// What we wrote ourselves; the bound only guards against a damaged body.
const DECOMPRESSED_BYTES_MAX = 512 * 1024 * 1024;

/** A push is always protobuf in Snappy, and says so by its type alone. */
export function packPush(body: Buffer, rows: number): Payload {
  return { body: compressSnappy(body), rows, encoding: '', contentType: PROTOBUF };
}

/** Halves a request, entries in their order. */
export function splitPush(payload: Payload): readonly [Payload, Payload] | undefined {
  if (payload.rows < 2) return undefined;
  const body = decompressSnappy(payload.body, DECOMPRESSED_BYTES_MAX);
  const half = Math.ceil(payload.rows / 2);
  return [packPush(entriesOf(body, 0, half), half), packPush(entriesOf(body, half, payload.rows), payload.rows - half)];
}

/** The entries `[from, to)` of a PushRequest, in streams as they were. */
function entriesOf(body: Buffer, from: number, to: number): Buffer {
  const request = new ProtobufWriter();
  const stream = new ProtobufWriter();
  let entry = 0;
  for (const outer of fields(body, 0, body.length)) {
    if (outer.tag !== Tag.STREAM) continue;
    stream.clear();
    let isEmpty = true;
    for (const { tag, from: start, to: end } of fields(body, outer.from, outer.to)) {
      if (tag === Tag.ENTRY && (entry++ < from || entry > to)) continue;
      if (tag === Tag.ENTRY) isEmpty = false;
      stream.bytes(tag, body.subarray(start, end));
    }
    if (!isEmpty) request.bytes(Tag.STREAM, stream.view);
  }
  return request.view;
}
