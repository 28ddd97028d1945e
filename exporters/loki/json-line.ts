import { ValueType, resourceAttributes, scopeNameAndVersion, toJson, type LogBatch, type Origin } from '#model';

const originTexts = new WeakMap<Origin, string>();

/** A record as an object, with the names that the Collector's exporter for Loki had. */
export function jsonLine(batch: LogBatch, row: number): string {
  let text = `{"body":${bodyText(batch, row)}`;
  const traceId = batch.traceId(row);
  if (traceId !== '') text += `,"traceid":"${traceId}"`;
  const spanId = batch.spanId(row);
  if (spanId !== '') text += `,"spanid":"${spanId}"`;
  const severity = batch.severityText(row);
  if (severity !== '') text += `,"severity":${JSON.stringify(severity)}`;
  const eventName = batch.eventName(row);
  if (eventName !== '') text += `,"event_name":${JSON.stringify(eventName)}`;
  const attributes = batch.attributesOf(row);
  if (attributes.size > 0) text += `,"attributes":${toJson(Object.fromEntries(attributes))}`;
  text += remembered(batch.resources[batch.resourceOf[row] as number] as Origin, 'resources', resourceAttributes);
  text += remembered(batch.scopes[batch.scopeOf[row] as number] as Origin, 'instrumentation_scope', scopeOf);
  return `${text}}`;
}

function bodyText(batch: LogBatch, row: number): string {
  return batch.bodyType[row] === ValueType.encoded ? batch.bodyText(row) : JSON.stringify(batch.bodyText(row));
}

function scopeOf(scope: Origin): Record<string, string> {
  const { name, version } = scopeNameAndVersion(scope);
  return { ...(name !== '' && { name }), ...(version !== '' && { version }) };
}

/** The member with what all records of an origin have, written once; nothing when that is nothing. */
function remembered(origin: Origin, name: string, read: (origin: Origin) => Parameters<typeof toJson>[0]): string {
  if (origin.encoded.length === 0) return '';
  let text = originTexts.get(origin);
  if (text === undefined) {
    const json = toJson(read(origin));
    text = json === '{}' ? '' : `,"${name}":${json}`;
    originTexts.set(origin, text);
  }
  return text;
}
