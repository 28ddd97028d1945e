import { decompress, type Compressor } from '#net';
import { readJsonRequest, readSealedRequest, writeJsonRequest, writeRequest } from '#otlp';
import type { LogBatch } from '#model';
import type { Payload } from '#queue';
import { JSON_TYPE, readPayloadType } from './payload-type.ts';

/**
 * Halves a request that a backend finds too large, or that holds a record it refuses. A queue on disk may hold bodies of
 * an earlier configuration, so what a body is, and how it is compressed, is taken from the body's own description.
 */
export async function splitPayload(payload: Payload, compressor: Compressor): Promise<readonly [Payload, Payload] | undefined> {
  if (payload.rows < 2) return undefined;
  const body = await decompress(payload.body, payload.encoding);
  const half = Math.ceil(payload.rows / 2);
  const first = readAny(body, payload.contentType);
  for (let row = half; row < first.length; row++) first.drop(row, 'other half');
  const halves = [writeAny(first, 0, payload.contentType), writeAny(readAny(body, payload.contentType), half, payload.contentType)];
  const [head, tail] = await Promise.all(halves.map((part) => compressor.compress(part)));
  if (!head || !tail) return undefined;
  const { contentType, rows } = payload;
  const { encoding } = compressor;
  return [
    { body: head, encoding, contentType, rows: half },
    { body: tail, encoding, contentType, rows: rows - half },
  ];
}

function readAny(body: Buffer, type: string): LogBatch {
  const { contentType, signal } = readPayloadType(type);
  return contentType === JSON_TYPE ? readJsonRequest(body, signal) : readSealedRequest(body, undefined, signal);
}

function writeAny(batch: LogBatch, from: number, type: string): Buffer {
  const write = readPayloadType(type).contentType === JSON_TYPE ? writeJsonRequest : writeRequest;
  return write(batch, from, Number.POSITIVE_INFINITY).body;
}
