import type { Source } from './document.ts';
import { valuesOf } from './index-name.ts';
import { ROUTING } from './target.ts';
import { jsonOf, objectOf, resourceMembers, resourceOf, severityOf, withoutConflicts, type Members } from './values.ts';

const SERVICE = 'service.name';
const EXCEPTION = { type: 'exception.type', message: 'exception.message', traceback: 'exception.stacktrace' } as const;
const CORRELATION = ['winnow.correlation.id', 'correlation_id', 'correlation.id'];

/**
 * The schema of central logging for many agents, which the preset `central_json` of the processor `parse` reads:
 *
 *   timestamp, agent_name, event_type, severity, message, metadata { …, correlation_id, exception { type, message, traceback [] } }
 */
export function agentDocument({ batch, row, time, attributes: read }: Source): string {
  const attributes = read();
  const resource = resourceOf(batch, row);
  const agent = take(attributes, ['agent_name']) ?? jsonOf(valuesOf(resource)[SERVICE] ?? 'unknown');
  const named = batch.eventName(row);
  const event = take(attributes, ['event_type', 'event.name']);
  const document: Members = new Map([
    ['@timestamp', time],
    ['timestamp', time],
    ['agent_name', agent],
    ['event_type', named === '' ? (event ?? '"log"') : JSON.stringify(named)],
    ['severity', JSON.stringify(severityOf(batch, row).toUpperCase() || 'UNSPECIFIED')],
    ['message', JSON.stringify(batch.bodyText(row))],
  ]);
  const metadata: Members = new Map();
  const correlation = take(attributes, CORRELATION);
  if (correlation !== undefined) metadata.set('correlation_id', correlation);
  const exception = takeException(attributes);
  if (exception !== '') metadata.set('exception', exception);
  const traceId = batch.traceId(row);
  if (traceId !== '') metadata.set('trace_id', `"${traceId}"`);
  const spanId = batch.spanId(row);
  if (spanId !== '') metadata.set('span_id', `"${spanId}"`);
  // Whatever has one of these names already keeps its value beside.
  for (const [name, value] of attributes) metadata.set(metadata.has(name) ? `attributes.${name}` : name, value);
  const origin = resourceText(resource);
  if (origin !== '{}') metadata.set(metadata.has('resource') ? 'resource.attributes' : 'resource', origin);
  if (metadata.size > 0) document.set('metadata', objectOf(withoutConflicts(metadata)));
  return objectOf(document);
}

function take(attributes: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (value === undefined) continue;
    attributes.delete(name);
    return value;
  }
  return undefined;
}

function takeException(attributes: Members): string {
  const exception: Members = new Map();
  for (const [member, name] of Object.entries(EXCEPTION)) {
    const value = take(attributes, [name]);
    if (value === undefined) continue;
    exception.set(member, member === 'traceback' ? linesOf(value) : value);
  }
  return exception.size === 0 ? '' : objectOf(exception);
}

/** A stack trace as the list of its lines. */
function linesOf(json: string): string {
  const value: unknown = JSON.parse(json);
  return typeof value === 'string' ? JSON.stringify(value.split(/\r?\n/)) : json;
}

function resourceText(resource: Parameters<typeof resourceMembers>[0]): string {
  const members = resourceMembers(resource);
  for (const name of [SERVICE, ...ROUTING]) members.delete(name);
  return objectOf(members);
}
