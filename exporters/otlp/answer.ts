import { Buffer } from 'node:buffer';
import { DestinationError, PermanentError, RetryableError } from '#component';
import { fields } from '#model';
import { quoteWithout } from '#net';
import { readPartialSuccess } from '#otlp-export';
import type { SendResult } from '#queue';
import { Code } from './code.ts';

/** How a call ended, as the backend says. */
export interface GrpcAnswer {
  readonly code: number;
  readonly message: string;
  /** A google.rpc.Status in protobuf; empty when none came. */
  readonly details: Buffer;
  /** The message; undefined when none came, or one that cannot be read. */
  readonly body: Buffer | undefined;
}

export interface Question {
  /** Who asked, for messages. */
  readonly id: string;
  /** Where, without secrets. */
  readonly where: string;
  readonly rows: number;
  /** Values that must not be repeated, should a backend quote them. */
  readonly secrets: () => readonly string[];
}

// google.rpc.Status, google.protobuf.Any, google.rpc.RetryInfo, google.protobuf.Duration
const STATUS_DETAILS = 0x1a;
const ANY_TYPE = 0x0a;
const ANY_VALUE = 0x12;
const RETRY_DELAY = 0x0a;
const SECONDS = 0x08;
const NANOS = 0x10;
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

const DESTINATION_FAULTS: ReadonlySet<number> = new Set([Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.UNIMPLEMENTED, Code.NOT_FOUND]);
const REFUSALS: ReadonlySet<number> = new Set([Code.INVALID_ARGUMENT, Code.ALREADY_EXISTS, Code.FAILED_PRECONDITION]);

/**
 * What an answer of the backend means for the records, as OTLP/gRPC has it (specification, "OTLP/gRPC Response") with the same
 * exceptions as over HTTP:
 *
 * - UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED and NOT_FOUND are faults of the destination: the records are held.
 * - UNKNOWN and INTERNAL are tried again, within `max_elapsed_time`; so is RESOURCE_EXHAUSTED without a RetryInfo.
 * - RESOURCE_EXHAUSTED because of a message's size asks for smaller requests.
 */
export function interpretAnswer(answer: GrpcAnswer, question: Question): SendResult {
  const { code } = answer;
  if (code === Code.OK) return resultOf(answer);
  const tooLarge = code === Code.RESOURCE_EXHAUSTED && /larger than|too large|max.{0,20} size|exceeds.{0,40}size/i.test(answer.message);
  const quote = quoteWithout(answer.message, question.secrets());
  const message = `${question.id}: ${nameOf(code)} from ${question.where}: ${adviceFor(code, tooLarge, question)}${quote}`;
  if (DESTINATION_FAULTS.has(code)) throw new DestinationError(message);
  const retryAfterMs = readRetryDelay(answer.details);
  if (tooLarge && retryAfterMs === undefined) throw new PermanentError(message, { tooLarge });
  if (REFUSALS.has(code)) throw new PermanentError(message);
  throw new RetryableError(message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** The call has succeeded: an answer that cannot be read changes nothing about that, and sending again would repeat records. */
function resultOf({ body }: GrpcAnswer): SendResult {
  try {
    if (body) return readPartialSuccess(body);
  } catch {
    // Told below.
  }
  return { rejected: 0, message: 'the answer could not be read' };
}

function nameOf(code: number): string {
  return Object.entries(Code).find(([, number]) => number === code)?.[0] ?? `status ${code}`;
}

/** What the operator should know or do. */
function adviceFor(code: number, tooLarge: boolean, { rows }: Question): string {
  if (tooLarge) return `a request of ${rows} records is too large; lower "request_bytes_max"`;
  switch (code) {
    case Code.UNAUTHENTICATED:
      return 'it does not know us; check "headers" or "auth" for a missing or expired token';
    case Code.PERMISSION_DENIED:
      return 'it knows us but does not let us write; have the permission granted, or check the token in "headers"';
    case Code.UNIMPLEMENTED:
    case Code.NOT_FOUND:
      return 'there is nothing that takes them; check the endpoint (OTLP over gRPC is on port 4317 by custom)';
    case Code.RESOURCE_EXHAUSTED:
      return 'it asks for fewer requests';
    case Code.DEADLINE_EXCEEDED:
      return 'it was not done in time; see the option "timeout"';
    default:
      return REFUSALS.has(code) ? `it refuses ${rows} records for good` : 'it cannot take the request now';
  }
}

/** The pause that a RetryInfo among the details asks for, in milliseconds. */
function readRetryDelay(details: Buffer): number | undefined {
  try {
    for (const { tag, from, to } of fields(details, 0, details.length)) {
      if (tag !== STATUS_DETAILS) continue;
      const delay = delayOf(details.subarray(from, to));
      if (delay !== undefined) return delay;
    }
  } catch {
    // Then it asks for none.
  }
  return undefined;
}

function delayOf(any: Buffer): number | undefined {
  let type = '';
  let value: Buffer = Buffer.alloc(0);
  for (const { tag, from, to } of fields(any, 0, any.length)) {
    if (tag === ANY_TYPE) type = any.toString('utf8', from, to);
    else if (tag === ANY_VALUE) value = any.subarray(from, to);
  }
  if (type !== RETRY_INFO) return undefined;
  let ms = 0;
  for (const info of fields(value, 0, value.length)) {
    if (info.tag !== RETRY_DELAY) continue;
    for (const { tag, number } of fields(value, info.from, info.to)) {
      if (tag === SECONDS) ms += Number(BigInt.asIntN(64, number)) * 1000;
      else if (tag === NANOS) ms += Number(BigInt.asIntN(64, number)) / 1e6;
    }
  }
  return Math.max(0, ms);
}
