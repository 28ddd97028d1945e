import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import type { LogBatch, Origin } from '#model';
import { varintLength, writeVarint } from './varint.ts';

/** Rows of equal resource and scope; `start` and `end` are their place among the records written. */
export interface Run {
  readonly resource: Origin;
  readonly scope: Origin;
  readonly start: number;
  end: number;
}

const FIRST_FIELD = 0x0a;
const SECOND_FIELD = 0x12;
const SCHEMA_URL = 0x1a;

// A tag and the longest length.
const HEAD_BYTES_MAX = 6;

/** Room that one resource and scope need before and behind their records. Rows that were dropped have no say in it. */
export function envelopeRoom(batch: LogBatch, from: number, next: number): { before: number; after: number } {
  let first = from;
  while (first < next && batch.isDropped[first] === 1) first++;
  if (first >= next) return { before: 0, after: 0 };
  const resource = batch.resources[batch.resourceOf[first] as number] as Origin;
  const scope = batch.scopes[batch.scopeOf[first] as number] as Origin;
  return {
    before: 4 * HEAD_BYTES_MAX + resource.encoded.length + scope.encoded.length,
    after: 2 * HEAD_BYTES_MAX + Buffer.byteLength(resource.schemaUrl) + Buffer.byteLength(scope.schemaUrl),
  };
}

/**
 * Puts the runs of records in `out` into ResourceLogs and ScopeLogs; neighbours of one resource share a ResourceLogs. A
 * single run stays where it is and gets its head and tail around it, if there is the room that `envelopeRoom` asks for.
 */
export function enclose(runs: readonly Run[], out: Buffer): Buffer {
  const [only] = runs;
  return runs.length === 1 && only ? encloseInPlace(only, out) : encloseAll(runs, out);
}

function encloseInPlace(run: Run, out: Buffer): Buffer {
  const { resource, scope } = run;
  const scopeBytes = scopeLogsBytes(run);
  const resourceBytes = originBytes(resource) + fieldBytes(scopeBytes);
  const headBytes = 1 + varintLength(resourceBytes) + payloadBytes(resource) + 1 + varintLength(scopeBytes) + payloadBytes(scope);
  const start = run.start - headBytes;
  assert(start >= 0, 'room for the head was left');
  let at = writeHead(out, start, FIRST_FIELD, resourceBytes);
  at = writeField(out, at, FIRST_FIELD, resource.encoded);
  at = writeHead(out, at, SECOND_FIELD, scopeBytes);
  at = writeField(out, at, FIRST_FIELD, scope.encoded);
  assert(at === run.start, 'the head ends where the records begin');
  at = writeSchemaUrl(out, run.end, scope.schemaUrl);
  return out.subarray(start, writeSchemaUrl(out, at, resource.schemaUrl));
}

function encloseAll(runs: readonly Run[], records: Buffer): Buffer {
  return encloseRuns(
    runs,
    (bytes) => Buffer.allocUnsafeSlow(bytes),
    (run, body, at) => void records.copy(body, at, run.start, run.end),
  );
}

/** Puts runs into a body of exactly their length; `copy` writes the records of one, of which there are `end - start` bytes. */
export function encloseRuns<Of extends Run>(
  runs: readonly Of[],
  take: (bytes: number) => Buffer,
  copy: (run: Of, body: Buffer, at: number) => void,
): Buffer {
  const resources: { readonly resource: Origin; readonly runs: Of[]; bytes: number }[] = [];
  for (const run of runs) {
    let last = resources.at(-1);
    if (last?.resource !== run.resource) {
      last = { resource: run.resource, runs: [], bytes: originBytes(run.resource) };
      resources.push(last);
    }
    last.runs.push(run);
    last.bytes += fieldBytes(scopeLogsBytes(run));
  }
  let total = 0;
  for (const { bytes } of resources) total += fieldBytes(bytes);
  const body = take(total).subarray(0, total);
  let at = 0;
  for (const { resource, runs: own, bytes } of resources) {
    at = writeHead(body, at, FIRST_FIELD, bytes);
    at = writeField(body, at, FIRST_FIELD, resource.encoded);
    for (const run of own) {
      at = writeHead(body, at, SECOND_FIELD, scopeLogsBytes(run));
      at = writeField(body, at, FIRST_FIELD, run.scope.encoded);
      copy(run, body, at);
      at += run.end - run.start;
      at = writeSchemaUrl(body, at, run.scope.schemaUrl);
    }
    at = writeSchemaUrl(body, at, resource.schemaUrl);
  }
  return body;
}

function scopeLogsBytes(run: Run): number {
  return originBytes(run.scope) + run.end - run.start;
}

/** Bytes of a resource or scope and its schema URL within ResourceLogs or ScopeLogs. Empty ones are left out. */
function originBytes({ encoded, schemaUrl }: Origin): number {
  const url = Buffer.byteLength(schemaUrl);
  return payloadBytes({ encoded }) + (url > 0 ? fieldBytes(url) : 0);
}

function payloadBytes({ encoded }: Pick<Origin, 'encoded'>): number {
  return encoded.length > 0 ? fieldBytes(encoded.length) : 0;
}

function fieldBytes(length: number): number {
  return 1 + varintLength(length) + length;
}

function writeHead(out: Buffer, at: number, tag: number, length: number): number {
  out[at] = tag;
  return writeVarint(out, at + 1, length);
}

function writeField(out: Buffer, start: number, tag: number, payload: Uint8Array): number {
  if (payload.length === 0) return start;
  const at = writeHead(out, start, tag, payload.length);
  out.set(payload, at);
  return at + payload.length;
}

function writeSchemaUrl(out: Buffer, at: number, schemaUrl: string): number {
  if (schemaUrl === '') return at;
  return writeField(out, at, SCHEMA_URL, Buffer.from(schemaUrl));
}
