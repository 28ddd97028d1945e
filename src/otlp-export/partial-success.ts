import type { Buffer } from 'node:buffer';
import { fields } from '#model';
import type { SendResult } from '#queue';

// ExportLogsServiceResponse, and that of traces, which has the same shape
const PARTIAL_SUCCESS = 0x0a;
// ExportLogsPartialSuccess, or ExportTracePartialSuccess
const REJECTED = 0x08;
const ERROR_MESSAGE = 0x12;

const MESSAGE_LENGTH_MAX = 1000;

/** How many records a backend that took the request will never take, from its answer in protobuf. Throws RangeError if it is none. */
export function readPartialSuccess(body: Buffer): SendResult {
  let rejected = 0;
  let message = '';
  for (const outer of fields(body, 0, body.length)) {
    if (outer.tag !== PARTIAL_SUCCESS) continue;
    for (const { tag, from, to, number } of fields(body, outer.from, outer.to)) {
      if (tag === REJECTED) rejected = Number(BigInt.asIntN(64, number));
      else if (tag === ERROR_MESSAGE) message = body.toString('utf8', from, to);
    }
  }
  return partialSuccess(rejected, message);
}

export function partialSuccess(rejected: number, message: string): SendResult {
  const count = Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  return message === '' ? { rejected: count } : { rejected: count, message: message.slice(0, MESSAGE_LENGTH_MAX) };
}
