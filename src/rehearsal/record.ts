import { parseDuration } from '#component';
import {
  createResource,
  createScope,
  severityName,
  SeverityNumber,
  ValueType,
  type Attributes,
  type AttributeValue,
  type LogBatch,
} from '#model';

/** A record as a test file writes it. */
export interface WrittenRecord {
  readonly body?: AttributeValue;
  readonly attributes?: Attributes;
  readonly resource?: Attributes;
  readonly scope?: string;
  /** A name such as `WARN` or `warn2`, or a number from 0 to 24. */
  readonly severity?: string | number;
  readonly severity_text?: string;
  /** ISO 8601, or a duration after the start of the test. */
  readonly time?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly event_name?: string;
}

const NAMES = Object.keys(SeverityNumber).filter((name) => name !== 'unspecified');

/** Undefined for what is no severity. */
export function parseSeverity(written: string | number): number | undefined {
  if (typeof written === 'number') return Number.isInteger(written) && written >= 0 && written <= 24 ? written : undefined;
  const [, name = '', step = '1'] = /^([a-z]+)([1-4])?$/.exec(written.toLowerCase()) ?? [];
  const index = NAMES.indexOf(name === 'warning' ? 'warn' : name);
  return index < 0 ? undefined : 1 + 4 * index + (Number(step) - 1);
}

/** `INFO`, or the number where it has no name. */
export function saySeverity(severity: number): string {
  return severityName(severity) || String(severity);
}

/** Milliseconds since 1970; undefined for what is neither a date nor a duration after `start`. */
export function parseTime(written: string, start: number): number | undefined {
  const [, sign, amount] = /^([+-])(.+)$/.exec(written) ?? [];
  if (amount === undefined) {
    const ms = Date.parse(written);
    return Number.isNaN(ms) ? undefined : ms;
  }
  try {
    return start + (sign === '-' ? -1 : 1) * parseDuration(amount);
  } catch {
    return undefined;
  }
}

export interface Moment {
  readonly now: number;
  /** When the test began. */
  readonly start: number;
}

/** Appends the record to a batch. What it does not say stays empty; it was observed now. */
export function addRecord(batch: LogBatch, record: WrittenRecord, { now, start }: Moment): void {
  const row = batch.addRow(ValueType.none, 0, 0);
  if (record.body !== undefined) batch.setBody(row, record.body);
  for (const [key, value] of Object.entries(record.attributes ?? {})) batch.setAttribute(row, key, value);
  if (record.resource) batch.resourceOf[row] = batch.addResource(createResource(record.resource));
  if (record.scope !== undefined) batch.scopeOf[row] = batch.addScope(createScope(record.scope));
  const severity = record.severity === undefined ? 0 : (parseSeverity(record.severity) ?? 0);
  batch.severity[row] = severity;
  const text = record.severity_text ?? (typeof record.severity === 'string' ? record.severity : '');
  if (text !== '') batch.setSeverityText(row, text);
  const time = record.time === undefined ? 0 : (parseTime(record.time, start) ?? 0);
  batch.timeMs[row] = Math.floor(time);
  batch.observedMs[row] = now;
  if (record.trace_id) batch.traceIdColumn().set(Buffer.from(record.trace_id, 'hex').subarray(0, 16), row * 16);
  if (record.span_id) batch.spanIdColumn().set(Buffer.from(record.span_id, 'hex').subarray(0, 8), row * 8);
  if (record.event_name) batch.setEventName(row, record.event_name);
}
