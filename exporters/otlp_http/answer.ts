import { DestinationError } from '#component';
import { quoteWithout, toStatusFault, wrongServerAdvice, type HttpAnswer } from '#net';
import type { SendResult } from '#queue';
import { readStatusMessage, resultOf } from './response-body.ts';

export interface Question {
  /** Who asked, for messages. */
  readonly id: string;
  /** Where, without secrets. */
  readonly where: string;
  readonly rows: number;
  readonly nowMs: number;
  /** Values that must not be repeated, should a backend quote them. */
  readonly secrets: () => readonly string[];
}

/** What an answer means for the records. Throws what `toStatusFault` says when it is no success, and when it is not the backend's. */
export function interpretAnswer(answer: HttpAnswer, question: Question): SendResult {
  const { status } = answer;
  const wrong = wrongServerAdvice(answer);
  if (status >= 200 && status < 300 && wrong === undefined) return resultOf(answer);
  const said = quoteWithout(readStatusMessage(answer), question.secrets());
  const message = `${question.id}: ${status} from ${question.where}: ${wrong ?? adviceFor(answer, question)}${said}`;
  throw wrong === undefined ? toStatusFault(answer, message, question.nowMs) : new DestinationError(message);
}

/** What the operator should know or do. */
function adviceFor({ status, headers }: HttpAnswer, { rows }: Question): string {
  switch (status) {
    case 401:
      return 'it does not know us; check "headers" or "auth" for a missing or expired token';
    case 403:
      return 'it knows us but does not let us write; have the permission granted, or check the token in "headers"';
    case 404:
      return 'there is nothing that takes them; check the endpoint ("endpoint" gets /v1/logs or /v1/traces added, a full address is used as it is)';
    case 405:
      return 'it does not take POST here; check the endpoint';
    case 407:
      return 'the proxy does not know us; give a user and a password in "proxy_url"';
    case 408:
      return 'it waited too long for the request';
    case 413:
      return `a request of ${rows} records is too large; lower "request_bytes_max"`;
    case 429:
      return 'it asks for fewer requests';
    default:
  }
  if (status < 400) return `it is elsewhere${locationOf(headers.location)}; redirects are not followed, correct the endpoint`;
  return status < 500 ? `it refuses ${rows} records for good` : 'it cannot take the request now';
}

function locationOf(location: string | undefined): string {
  const url = location === undefined ? null : URL.parse(location);
  return url ? `, at ${url.protocol}//${url.host}${url.pathname}` : '';
}
