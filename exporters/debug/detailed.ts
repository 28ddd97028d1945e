import {
  decodeKeyValue,
  fields,
  resourceAttributes,
  scopeNameAndVersion,
  severityName,
  toJson,
  utcText,
  type AttributeValue,
  type LogBatch,
  type Origin,
} from '#model';
import { printable } from './printable.ts';

/** All fields of rows of a batch, grouped as in OTLP and worded as the Collector's debug exporter does it. */
export class DetailedText {
  #resource: Origin | undefined;
  #scope: Origin | undefined;
  #resources = 0;
  #scopes = 0;
  #records = 0;

  record(batch: LogBatch, row: number): string {
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    const scope = batch.scopes[batch.scopeOf[row] as number] as Origin;
    let text = '';
    if (resource !== this.#resource) {
      text += resourceText(resource, this.#resources++);
      this.#scope = undefined;
      this.#scopes = 0;
    }
    if (scope !== this.#scope) {
      text += scopeText(scope, this.#scopes++);
      this.#records = 0;
    }
    this.#resource = resource;
    this.#scope = scope;
    return `${text}LogRecord #${this.#records++}\n${recordText(batch, row)}`;
  }
}

function resourceText(resource: Origin, index: number): string {
  const attributes = Object.entries(resourceAttributes(resource));
  return `ResourceLog #${index}\nResource SchemaURL: ${resource.schemaUrl}\n${attributesText('Resource attributes', attributes)}`;
}

const SCOPE_ATTRIBUTE = 0x1a;

function scopeText(scope: Origin, index: number): string {
  const { name, version } = scopeNameAndVersion(scope);
  const attributes: [string, AttributeValue][] = [];
  for (const { tag, from, to } of fields(scope.encoded, 0, scope.encoded.length)) {
    if (tag === SCOPE_ATTRIBUTE) attributes.push(decodeKeyValue(scope.encoded, from, to));
  }
  const head = `ScopeLogs #${index}\nScopeLogs SchemaURL: ${scope.schemaUrl}\nInstrumentationScope ${printable(name)} ${printable(version)}\n`;
  return head + attributesText('InstrumentationScope attributes', attributes);
}

function recordText(batch: LogBatch, row: number): string {
  const severity = batch.severity[row] as number;
  const eventName = batch.eventName(row);
  const body = batch.body(row);
  const lines = [
    `ObservedTimestamp: ${timeText(batch.observedMs[row] as number, batch.observedNs[row] as number)}`,
    `Timestamp: ${timeText(batch.timeMs[row] as number, batch.timeNs[row] as number)}`,
    `SeverityText: ${printable(batch.severityText(row))}`,
    `SeverityNumber: ${severityLabel(severity)}(${severity})`,
    ...(eventName === '' ? [] : [`EventName: ${printable(eventName)}`]),
    `Body: ${valueText(body)}`,
  ];
  const attributes = attributesText('Attributes', [...batch.attributesOf(row)]);
  const ids = `Trace ID: ${batch.traceId(row)}\nSpan ID: ${batch.spanId(row)}\nFlags: ${batch.rare?.flags[row] ?? 0}\n`;
  return `${lines.join('\n')}\n${attributes}${ids}`;
}

function attributesText(title: string, attributes: readonly (readonly [string, AttributeValue])[]): string {
  if (attributes.length === 0) return '';
  return `${title}:\n${attributes.map(([key, value]) => `     -> ${printable(key)}: ${valueText(value)}\n`).join('')}`;
}

/** As the Collector prints a time: `2020-02-11 20:26:13.000000789 +0000 UTC`, without trailing zeros. */
function timeText(ms: number, ns: number): string {
  const text = utcText(ms);
  const fraction = `${text.slice(20, 23)}${String(ns).padStart(6, '0')}`.replace(/0+$/, '');
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`;
}

function severityLabel(severity: number): string {
  const name = severityName(severity);
  return name === '' ? 'Unspecified' : name.charAt(0) + name.slice(1).toLowerCase();
}

function valueText(value: AttributeValue): string {
  if (value === null) return 'Empty()';
  if (typeof value === 'string') return `Str(${printable(value)})`;
  if (typeof value === 'boolean') return `Bool(${value})`;
  if (typeof value === 'bigint') return `Int(${value})`;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `Int(${value})` : `Double(${value})`;
  if (value instanceof Uint8Array) return `Bytes(${Buffer.from(value).toString('base64')})`;
  return `${Array.isArray(value) ? 'Slice' : 'Map'}(${printable(toJson(value))})`;
}
