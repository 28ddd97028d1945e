import { EMPTY_ORIGIN, resourceAttributes, scopeNameAndVersion, toJson, type Attributes, type AttributeValue, type LogBatch } from '#model';

/** A row in plain values, for people to read: bytes in base64, integers beyond 2^53 as text, times in ISO 8601. */
export interface PlainRecord {
  readonly time: string;
  readonly observed_time: string;
  readonly severity: number;
  readonly severity_text: string;
  readonly body: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly event_name: string;
}

export function toPlainRecord(batch: LogBatch, row: number): PlainRecord {
  return {
    time: isoOf(batch.timeMs[row] as number),
    observed_time: isoOf(batch.observedMs[row] as number),
    severity: batch.severity[row] as number,
    severity_text: batch.severityText(row),
    body: plain(batch.body(row)),
    attributes: plainMap(Object.fromEntries(batch.attributesOf(row))),
    resource: plainMap(resourceAttributes(batch.resources[batch.resourceOf[row] as number] ?? EMPTY_ORIGIN)),
    scope: scopeNameAndVersion(batch.scopes[batch.scopeOf[row] as number] ?? EMPTY_ORIGIN).name,
    trace_id: batch.traceId(row),
    span_id: batch.spanId(row),
    event_name: batch.eventName(row),
  };
}

function isoOf(ms: number): string {
  // The latest moment a Date can hold; a damaged clock must not end a reader.
  return ms > 0 && ms <= 8.64e15 ? new Date(ms).toISOString() : '';
}

function plain(value: AttributeValue): unknown {
  return typeof value === 'string' ? value : JSON.parse(toJson(value));
}

function plainMap(values: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, plain(value)]));
}
