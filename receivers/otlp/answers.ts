import { Buffer } from 'node:buffer';
import type { Outcome } from '#component';
import { field, type Signal } from '#model';
import { HttpProblem, type RequestHead, type ServerReply } from '#net';

/**
 * What OTLP/HTTP answers: ExportLogsServiceResponse, or a google.rpc.Status with the error, in the format that the
 * request came in.
 */

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

// ExportLogsServiceResponse
const PARTIAL_SUCCESS = 0x0a;
// ExportLogsPartialSuccess
const REJECTED = 0x08;
const ERROR_MESSAGE = 0x12;
// google.rpc.Status
const STATUS_CODE = 0x08;
const STATUS_MESSAGE = 0x12;

/** google.rpc.Code of each status. */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 12,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  429: 8,
  503: 14,
};
const INTERNAL = 13;

/** Why exporters drop records that no backend takes. The sender hears of those; what processors drop is as asked. */
const REFUSED_REASONS: readonly string[] = [
  'partial_success',
  'refused_by_backend',
  'retry_time_over',
  'destination_error',
  'damaged_on_disk',
];

const RETRY_AFTER_MS = 1000;
const NOTHING_REFUSED: Uint8Array = Buffer.alloc(0);

/** Throws HttpProblem when the sender has to send again. */
export function replyTo(outcome: Outcome, head: RequestHead, signal: Signal = 'logs'): ServerReply {
  if (head.contentType === JSON_TYPE) return { status: 200, contentType: JSON_TYPE, body: successOfJson(outcome, signal) };
  return { status: 200, contentType: PROTOBUF, body: successOfProtobuf(outcome) };
}

function successOfJson(outcome: Outcome, signal: Signal): string {
  const refused = refusedOf(outcome);
  const name = signal === 'traces' ? 'rejectedSpans' : 'rejectedLogRecords';
  const said = refused === 0 ? {} : { partialSuccess: { [name]: String(refused), errorMessage: messageOf(refused) } };
  return JSON.stringify(said);
}

/** The same as protobuf, for HTTP and gRPC. */
export function successOfProtobuf(outcome: Outcome): Uint8Array {
  const refused = refusedOf(outcome);
  if (refused === 0) return NOTHING_REFUSED;
  const partial = [varintField(REJECTED, refused), field(ERROR_MESSAGE, Buffer.from(messageOf(refused)))];
  return field(PARTIAL_SUCCESS, Buffer.concat(partial));
}

function refusedOf({ abandoned, dropped }: Outcome): number {
  if (abandoned > 0) throw HttpProblem.later(503, 'the records were given up before they were safe; send them again', RETRY_AFTER_MS);
  let refused = 0;
  for (const reason of REFUSED_REASONS) refused += dropped.get(reason) ?? 0;
  return refused;
}

function messageOf(refused: number): string {
  return `${refused} records were taken by no backend`;
}

/** A Status. A request that is neither protobuf nor JSON has no format of its own and gets JSON. */
export function describe({ status, message }: HttpProblem, { contentType }: RequestHead): ServerReply {
  const code = CODES[status] ?? INTERNAL;
  if (contentType !== PROTOBUF) return { status, contentType: JSON_TYPE, body: JSON.stringify({ code, message }) };
  return {
    status,
    contentType: PROTOBUF,
    body: Buffer.concat([varintField(STATUS_CODE, code), field(STATUS_MESSAGE, Buffer.from(message))]),
  };
}

export function varintField(tag: number, value: number): Buffer {
  const bytes = [tag];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
