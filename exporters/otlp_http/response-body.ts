import type { Buffer } from 'node:buffer';
import { fields } from '#model';
import type { HttpAnswer } from '#net';
import { partialSuccess, readPartialSuccess } from '#otlp-export';
import type { SendResult } from '#queue';

/** Reads what backends answer: ExportLogsServiceResponse and google.rpc.Status, each in protobuf or JSON. */

// google.rpc.Status
const STATUS_MESSAGE = 0x12;

/**
 * How many records a backend that took the request will never take. An answer that cannot be read counts as plain
 * success: the status has said so, and sending again would repeat records.
 */
export function resultOf(answer: HttpAnswer): SendResult {
  try {
    if (isProtobuf(answer)) return readPartialSuccess(answer.body);
    return isJson(answer) && answer.body.length > 0 ? partialOfJson(JSON.parse(answer.body.toString('utf8'))) : { rejected: 0 };
  } catch {
    return { rejected: 0, message: 'the answer could not be read' };
  }
}

/** The message of a Status, else the body as text. */
export function readStatusMessage(answer: HttpAnswer): string {
  try {
    if (isProtobuf(answer)) return textField(answer.body, STATUS_MESSAGE);
    if (isJson(answer)) return memberOf(JSON.parse(answer.body.toString('utf8')), 'message') ?? answer.body.toString('utf8');
  } catch {
    // Then it is something else, which may still be readable.
  }
  return answer.body.toString('utf8');
}

function isProtobuf({ headers }: HttpAnswer): boolean {
  return /^application\/x-protobuf\b/i.test(headers['content-type'] ?? '');
}

function isJson({ headers }: HttpAnswer): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}

function partialOfJson(root: unknown): SendResult {
  const partial = typeof root === 'object' && root !== null && 'partialSuccess' in root ? root.partialSuccess : undefined;
  if (typeof partial !== 'object' || partial === null) return { rejected: 0 };
  const members = new Map<string, unknown>(Object.entries(partial));
  const rejected = members.get('rejectedLogRecords') ?? members.get('rejectedSpans') ?? 0;
  return partialSuccess(Number(rejected), memberOf(partial, 'errorMessage') ?? '');
}

function memberOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = new Map<string, unknown>(Object.entries(value)).get(name);
  return typeof found === 'string' ? found : undefined;
}

function textField(body: Buffer, wanted: number): string {
  let text = '';
  for (const { tag, from, to } of fields(body, 0, body.length)) if (tag === wanted) text = body.toString('utf8', from, to);
  return text;
}
