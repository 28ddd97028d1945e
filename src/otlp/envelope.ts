import { Buffer } from 'node:buffer';
import type { Origin } from '#model';
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

/** Puts the runs into ResourceLogs and ScopeLogs; neighbours of one resource share a ResourceLogs. */
export function enclose(runs: readonly Run[], records: Buffer): Buffer {
  const resources: { readonly resource: Origin; readonly runs: Run[]; bytes: number }[] = [];
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
  const body = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const { resource, runs: own, bytes } of resources) {
    at = writeHead(body, at, FIRST_FIELD, bytes);
    at = writeField(body, at, FIRST_FIELD, resource.encoded);
    for (const run of own) {
      at = writeHead(body, at, SECOND_FIELD, scopeLogsBytes(run));
      at = writeField(body, at, FIRST_FIELD, run.scope.encoded);
      records.copy(body, at, run.start, run.end);
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
  return (encoded.length > 0 ? fieldBytes(encoded.length) : 0) + (url > 0 ? fieldBytes(url) : 0);
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
  return writeField(out, at, SCHEMA_URL, Buffer.from(schemaUrl));
}
