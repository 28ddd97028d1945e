import { Buffer } from 'node:buffer';
import { Metadata, status as Code, type StatusObject } from '@grpc/grpc-js';
import { field } from '#model';
import { HttpProblem } from '#net';
import { varintField } from './answers.ts';

/**
 * What OTLP/gRPC answers to a problem. UNAVAILABLE says "send again", and carries when in a google.rpc.RetryInfo; the
 * other codes say that sending again would not help.
 */

const CODES: Readonly<Record<number, Code>> = {
  400: Code.INVALID_ARGUMENT,
  401: Code.UNAUTHENTICATED,
  403: Code.PERMISSION_DENIED,
  404: Code.UNIMPLEMENTED,
  408: Code.DEADLINE_EXCEEDED,
  413: Code.RESOURCE_EXHAUSTED,
  // OTLP keeps UNAVAILABLE for a receiver that cannot keep up; RESOURCE_EXHAUSTED may be taken for good.
  429: Code.UNAVAILABLE,
  503: Code.UNAVAILABLE,
};

// google.rpc.Status
const STATUS_CODE = 0x08;
const STATUS_MESSAGE = 0x12;
const STATUS_DETAILS = 0x1a;
// google.protobuf.Any
const ANY_TYPE = 0x0a;
const ANY_VALUE = 0x12;
// google.rpc.RetryInfo, google.protobuf.Duration
const RETRY_DELAY = 0x0a;
const SECONDS = 0x08;
const RETRY_INFO = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');

// It travels percent-encoded in a header, and heads are short.
const MESSAGE_LENGTH_MAX = 1000;

export function statusOf(problem: unknown): StatusObject {
  const metadata = new Metadata();
  if (!(problem instanceof HttpProblem)) return { code: Code.INTERNAL, details: 'a fault of the agent; its log says more', metadata };
  const code = CODES[problem.status] ?? Code.INTERNAL;
  // A half of a surrogate pair cannot be percent-encoded.
  const details = problem.message.slice(0, MESSAGE_LENGTH_MAX).toWellFormed();
  const seconds = Number(problem.headers['retry-after'] ?? 0);
  if (code === Code.UNAVAILABLE && seconds > 0) metadata.set('grpc-status-details-bin', retryInfo(code, details, seconds));
  return { code, details, metadata };
}

function retryInfo(code: Code, message: string, seconds: number): Buffer {
  const delay = field(RETRY_DELAY, varintField(SECONDS, seconds));
  const details = Buffer.concat([field(ANY_TYPE, RETRY_INFO), field(ANY_VALUE, delay)]);
  return Buffer.concat([varintField(STATUS_CODE, code), field(STATUS_MESSAGE, Buffer.from(message)), field(STATUS_DETAILS, details)]);
}
