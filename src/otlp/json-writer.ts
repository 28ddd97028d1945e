import { Buffer } from 'node:buffer';
import { ValueType, type Key, type LogBatch, type Origin, type SharedAttributes } from '#model';
import { spanText } from './json-span-text.ts';
import { anyValueText, doubleText, resourceText, scopeText, sharedText } from './json-text.ts';
import { NAMES, type LevelNames } from './json-names.ts';
import { Wire } from './reader-wire.ts';
import { freshBuffers, type BodyBuffers } from './body-pool.ts';
import { hasTime } from './time.ts';
import type { Request } from './writer.ts';

/**
 * Writes ExportLogsServiceRequest in OTLP/JSON: names in lowerCamelCase, 64-bit numbers as strings, ids in hex, bytes in
 * base64. Rows keep their order as in the protobuf writer. JSON has no place for invalid UTF-8, which becomes U+FFFD,
 * nor for protobuf fields that we do not know.
 */
export function writeJsonRequest(batch: LogBatch, from: number, bytesMax: number, buffers: BodyBuffers = freshBuffers): Request {
  const names = NAMES[batch.signal];
  const toText = batch.signal === 'traces' ? spanText : recordText;
  if (batch.signal === 'logs') batch.open();
  const parts: string[] = [];
  let tail = `{"${names.resources}":[]}`;
  let resource: Origin | undefined;
  let scope: Origin | undefined;
  let bytes = 0;
  let rows = 0;
  let row = from;
  for (; row < batch.length; row++) {
    if (batch.isDropped[row] === 1) continue;
    const ownResource = batch.resources[batch.resourceOf[row] as number] as Origin;
    const ownScope = batch.scopes[batch.scopeOf[row] as number] as Origin;
    const isSameResource = ownResource === resource;
    const isSameScope = isSameResource && ownScope === scope;
    const part =
      (isSameScope ? ',' : between(resource, scope, isSameResource, names) + opening(ownResource, ownScope, isSameResource, names)) +
      toText(batch, row);
    const ownTail = isSameScope ? tail : `${scopeTail(ownScope)}${resourceTail(ownResource)}]}`;
    bytes += Buffer.byteLength(part);
    if (rows > 0 && bytes + Buffer.byteLength(ownTail) > bytesMax) break;
    parts.push(part);
    tail = ownTail;
    resource = ownResource;
    scope = ownScope;
    rows++;
  }
  parts.push(tail);
  const text = parts.join('');
  const body = buffers.take(Buffer.byteLength(text));
  return { body: body.subarray(0, body.write(text)), next: row, rows };
}

/** What closes the scope before, and the resource before if there is a new one. */
function between(resource: Origin | undefined, scope: Origin | undefined, isSameResource: boolean, { resources }: LevelNames): string {
  if (!resource || !scope) return `{"${resources}":[`;
  return `${scopeTail(scope)}${isSameResource ? '' : resourceTail(resource)},`;
}

function opening(resource: Origin, scope: Origin, isSameResource: boolean, { scopes, records }: LevelNames): string {
  const head = isSameResource ? '' : `{"resource":${resourceText(resource)},"${scopes}":[`;
  return `${head}{"scope":${scopeText(scope)},"${records}":[`;
}

function scopeTail({ schemaUrl }: Origin): string {
  return `]${schemaUrlMember(schemaUrl)}}`;
}

function resourceTail({ schemaUrl }: Origin): string {
  return `]${schemaUrlMember(schemaUrl)}}`;
}

function schemaUrlMember(schemaUrl: string): string {
  return schemaUrl === '' ? '' : `,"schemaUrl":${JSON.stringify(schemaUrl)}`;
}

function recordText(batch: LogBatch, row: number): string {
  let text = '';
  const timeMs = batch.timeMs[row] as number;
  const timeNs = batch.timeNs[row] as number;
  if (hasTime(timeMs, timeNs)) text += `,"timeUnixNano":"${timeText(timeMs, timeNs)}"`;
  const observedMs = batch.observedMs[row] as number;
  const observedNs = batch.observedNs[row] as number;
  if (hasTime(observedMs, observedNs)) text += `,"observedTimeUnixNano":"${timeText(observedMs, observedNs)}"`;
  const severity = batch.severity[row] as number;
  if (severity !== 0) text += `,"severityNumber":${severity}`;
  if ((batch.severityTextSize[row] as number) > 0) text += `,"severityText":${JSON.stringify(batch.severityText(row))}`;
  const bodyType = batch.bodyType[row] as number;
  if (bodyType !== ValueType.none) {
    text += `,"body":${rangeText(batch, bodyType, batch.bodyStart[row] as number, batch.bodySize[row] as number, 0)}`;
  }
  const attributes = attributesText(batch, row);
  if (attributes !== '') text += `,"attributes":[${attributes}]`;
  if (batch.rare) text += rareText(batch, row);
  const traceId = batch.traceId(row);
  if (traceId !== '') text += `,"traceId":"${traceId}"`;
  const spanId = batch.spanId(row);
  if (spanId !== '') text += `,"spanId":"${spanId}"`;
  return `{${text.slice(1)}}`;
}

function rareText(batch: LogBatch, row: number): string {
  const dropped = batch.rare?.droppedAttributes[row] ?? 0;
  const flags = batch.rare?.flags[row] ?? 0;
  const eventName = batch.eventName(row);
  let text = '';
  if (dropped !== 0) text += `,"droppedAttributesCount":${dropped}`;
  if (flags !== 0) text += `,"flags":${flags}`;
  if (eventName !== '') text += `,"eventName":${JSON.stringify(eventName)}`;
  return text;
}

function attributesText(batch: LogBatch, row: number): string {
  let text = sharedText(batch.shared[batch.sharedOf[row] as number] as SharedAttributes);
  const { head, next, type, key, start, size, number } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const valueType = type[slot] as number;
    if (valueType === ValueType.none) continue;
    const value = rangeText(batch, valueType, start[slot] as number, size[slot] as number, number[slot] as number);
    text += `${text === '' ? '' : ','}{"key":${JSON.stringify((key[slot] as Key).text)},"value":${value}}`;
  }
  return text;
}

/** The AnyValue of a body or attribute. */
function rangeText(batch: LogBatch, type: number, start: number, size: number, number: number): string {
  switch (type) {
    case ValueType.string:
      return `{"stringValue":${JSON.stringify(batch.space.text(start, size))}}`;
    case ValueType.bytes:
      return `{"bytesValue":"${batch.space.view(start, size).toString('base64')}"}`;
    case ValueType.bool:
      return `{"boolValue":${number !== 0}}`;
    case ValueType.int:
      return `{"intValue":"${number}"}`;
    case ValueType.double:
      return `{"doubleValue":${doubleText(number)}}`;
    case ValueType.encoded:
      return anyValueText(new Wire(batch.space.view(start, size)), size);
    default:
      return '{}';
  }
}

/** Nanoseconds since 1970, which a number cannot hold. */
function timeText(ms: number, ns: number): string {
  return ms === 0 ? String(ns) : `${ms}${String(ns).padStart(6, '0')}`;
}
