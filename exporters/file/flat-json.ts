import {
  ValueType,
  decodeAnyValue,
  resourceAttributes,
  severityName,
  toJson,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
  utcText,
} from '#model';

const sharedTexts = new WeakMap<SharedAttributes, string>();
const resourceTexts = new WeakMap<Origin, string>();

/**
 * One record as one line of JSON that a person or a script can read. What is empty is left out.
 *
 *   {"time":"2026-01-30T14:39:06.711Z","severity":"INFO","body":"…","attributes":{…},"resource":{…}}
 */
export function flatJsonLine(batch: LogBatch, row: number): string {
  const time = timeText(batch, row);
  let text = time === '' ? '{' : `{"time":"${time}",`;
  const severity = severityOf(batch, row);
  if (severity !== '') text += `"severity":${JSON.stringify(severity)},`;
  text += `"body":${bodyText(batch, row)}`;
  const eventName = batch.eventName(row);
  if (eventName !== '') text += `,"event_name":${JSON.stringify(eventName)}`;
  const attributes = attributesText(batch, row);
  if (attributes !== '') text += `,"attributes":{${attributes}}`;
  const traceId = batch.traceId(row);
  if (traceId !== '') text += `,"trace_id":"${traceId}"`;
  const spanId = batch.spanId(row);
  if (spanId !== '') text += `,"span_id":"${spanId}"`;
  return `${text}${resourceText(batch.resources[batch.resourceOf[row] as number] as Origin)}}\n`;
}

/** The record's time; when it has none, the time it was seen. Empty when its sender told of neither, as OTLP allows. */
export function timeText(batch: LogBatch, row: number): string {
  return instantText(batch.timeMs[row] as number, batch.timeNs[row] as number) || observedTimeText(batch, row);
}

export function observedTimeText(batch: LogBatch, row: number): string {
  return instantText(batch.observedMs[row] as number, batch.observedNs[row] as number);
}

function instantText(ms: number, ns: number): string {
  return ms === 0 && ns === 0 ? '' : utcText(ms, ns);
}

export function severityOf(batch: LogBatch, row: number): string {
  return batch.severityText(row) || severityName(batch.severity[row] as number);
}

function bodyText(batch: LogBatch, row: number): string {
  const type = batch.bodyType[row];
  if (type === ValueType.string || type === ValueType.bytes) return JSON.stringify(batch.bodyText(row));
  return type === ValueType.encoded ? batch.bodyText(row) : 'null';
}

/** The members of an object with all attributes. */
export function attributesText(batch: LogBatch, row: number): string {
  let text = sharedText(batch.shared[batch.sharedOf[row] as number] as SharedAttributes);
  const { head, next, type, key, start, size, number } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const valueType = type[slot] as number;
    if (valueType === ValueType.none) continue;
    const value = valueText(batch, valueType, start[slot] as number, size[slot] as number, number[slot] as number);
    text += `${text === '' ? '' : ','}${JSON.stringify((key[slot] as Key).text)}:${value}`;
  }
  return text;
}

function valueText(batch: LogBatch, type: number, start: number, size: number, number: number): string {
  switch (type) {
    case ValueType.string:
      return JSON.stringify(batch.space.text(start, size));
    case ValueType.bytes:
      return JSON.stringify(batch.space.view(start, size).toString('base64'));
    case ValueType.bool:
      return number === 0 ? 'false' : 'true';
    case ValueType.int:
    case ValueType.double:
      // JSON has no NaN and no Infinity.
      return Number.isFinite(number) ? String(number) : `"${number}"`;
    case ValueType.encoded:
      return toJson(decodeAnyValue(batch.space.view(start, size), 0, size));
    default:
      return 'null';
  }
}

function sharedText(shared: SharedAttributes): string {
  let text = sharedTexts.get(shared);
  if (text === undefined) {
    text = Array.from(shared.entries, ([key, value]) => `${JSON.stringify(key.text)}:${toJson(value)}`).join(',');
    sharedTexts.set(shared, text);
  }
  return text;
}

function resourceText(resource: Origin): string {
  let text = resourceTexts.get(resource);
  if (text === undefined) {
    const json = resource.encoded.length === 0 ? '{}' : toJson(resourceAttributes(resource));
    text = json === '{}' ? '' : `,"resource":${json}`;
    resourceTexts.set(resource, text);
  }
  return text;
}
