import { ValueType, scopeNameAndVersion, utcText, type LogBatch, type Origin } from '#model';
import type { MappingMode } from './config.ts';
import { ecsDocument } from './ecs.ts';
import { agentDocument } from './agent.ts';
import { ROUTING, type Target } from './target.ts';
import { attributesOf, attributesText, isMap, isWritable, jsonOf, objectOf, resourceMembers, resourceOf, type Members } from './values.ts';

/** What all mappings are made of. The maps belong to the document being made. */
export interface Source {
  readonly batch: LogBatch;
  readonly row: number;
  /** ISO 8601, in quotation marks. */
  readonly time: string;
  readonly target: Target;
  /** The attributes that are a part of the document. Read for those who ask, since it costs. */
  readonly attributes: () => Members;
}

/** Writes one document as a line of JSON, without its end. */
export function documentOf(mode: MappingMode, batch: LogBatch, row: number, target: Target, time: string): string {
  const attributes = (): Members => {
    const members = attributesOf(batch, row);
    for (const name of ROUTING) members.delete(name);
    return members;
  };
  return DOCUMENTS[mode]({ batch, row, time, target, attributes });
}

const DOCUMENTS: Readonly<Record<MappingMode, (source: Source) => string>> = {
  otel: otelDocument,
  ecs: ecsDocument,
  agent: agentDocument,
  bodymap: bodymapDocument,
};

/** The fields of OpenTelemetry, as Elasticsearch has templates for them. */
function otelDocument({ batch, row, time, target }: Source): string {
  let text = `{"@timestamp":${time}`;
  const observedMs = batch.observedMs[row] as number;
  const observedNs = batch.observedNs[row] as number;
  if (isWritable(observedMs, observedNs)) text += `,"observed_timestamp":"${utcText(observedMs, observedNs)}"`;
  if (target.dataStream) text += `,"data_stream":${dataStreamText(target)}`;
  const severity = batch.severity[row] as number;
  if (severity !== 0) text += `,"severity_number":${severity}`;
  if ((batch.severityTextSize[row] as number) > 0) text += `,"severity_text":${JSON.stringify(batch.severityText(row))}`;
  const eventName = batch.eventName(row);
  if (eventName !== '') text += `,"event_name":${JSON.stringify(eventName)}`;
  const dropped = batch.rare?.droppedAttributes[row] ?? 0;
  if (dropped > 0) text += `,"dropped_attributes_count":${dropped}`;
  const traceId = batch.traceId(row);
  if (traceId !== '') text += `,"trace_id":"${traceId}"`;
  const spanId = batch.spanId(row);
  if (spanId !== '') text += `,"span_id":"${spanId}"`;
  text += bodyText(batch, row);
  const attributes = attributesText(batch, row, ROUTING);
  if (attributes !== '') text += `,"attributes":{${attributes}}`;
  return `${text}${originTexts(resourceOf(batch, row), batch.scopes[batch.scopeOf[row] as number] as Origin)}}`;
}

function bodyText(batch: LogBatch, row: number): string {
  const type = batch.bodyType[row];
  if (type === ValueType.none) return '';
  if (type !== ValueType.encoded) return `,"body":{"text":${JSON.stringify(batch.bodyText(row))}}`;
  const body = batch.body(row);
  // An index has one type for each field: lists and numbers have a place of their own as text.
  if (!isMap(body)) return `,"body":{"text":${JSON.stringify(typeof body === 'string' ? body : jsonOf(body))}}`;
  return `,"body":{"structured":${jsonOf(body)}}`;
}

const originTextOf = new WeakMap<Origin, WeakMap<Origin, string>>();

/** `resource` and `scope`, written once for each pair. */
function originTexts(resource: Origin, scope: Origin): string {
  let byScope = originTextOf.get(resource);
  if (!byScope) originTextOf.set(resource, (byScope = new WeakMap()));
  let text = byScope.get(scope);
  if (text !== undefined) return text;
  const attributes = resourceMembers(resource);
  for (const name of ROUTING) attributes.delete(name);
  const schemaUrl = resource.schemaUrl === '' ? '' : `,"schema_url":${JSON.stringify(resource.schemaUrl)}`;
  text = `,"resource":{"attributes":${objectOf(attributes)}${schemaUrl}}`;
  const { name, version } = scopeNameAndVersion(scope);
  const members: Members = new Map();
  if (name !== '') members.set('name', JSON.stringify(name));
  if (version !== '') members.set('version', JSON.stringify(version));
  if (scope.schemaUrl !== '') members.set('schema_url', JSON.stringify(scope.schemaUrl));
  if (members.size > 0) text += `,"scope":${objectOf(members)}`;
  byScope.set(scope, text);
  return text;
}

function dataStreamText({ dataStream }: Target): string {
  const { dataset = '', namespace = '' } = dataStream ?? {};
  return `{"type":"logs","dataset":${JSON.stringify(dataset)},"namespace":${JSON.stringify(namespace)}}`;
}

/** The body is the document. */
function bodymapDocument({ batch, row, time }: Source): string {
  const body = batch.body(row);
  if (!isMap(body)) return `{"@timestamp":${time},"message":${JSON.stringify(batch.bodyText(row))}}`;
  const members: Members = new Map([['@timestamp', time]]);
  for (const [name, value] of Object.entries(body as object)) members.set(name, jsonOf(value));
  return objectOf(members);
}
