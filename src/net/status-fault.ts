import { DestinationError, PermanentError, RetryableError } from '#component';
import type { HttpAnswer } from './http-client.ts';
import { parseRetryAfter } from './retry-after.ts';

/**
 * What an answer without success means for the records of its request, as OTLP has it with three exceptions, which lose
 * less:
 *
 * - 401, 403, 404, 405, 407 and redirects are faults of the destination: the records are held until somebody mends it.
 * - 408 and 5xx other than 502, 503 and 504 are tried again, within `max_elapsed_time`.
 * - 413 asks for smaller requests.
 */
export function toStatusFault(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  message: string,
  nowMs: number,
): DestinationError | RetryableError | PermanentError {
  if (status < 400 || [401, 403, 404, 405, 407].includes(status)) return new DestinationError(message);
  if (status !== 408 && status !== 429 && status < 500) return new PermanentError(message, { tooLarge: status === 413 });
  const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
  return new RetryableError(message, retryAfterMs === undefined ? {} : { retryAfterMs });
}
