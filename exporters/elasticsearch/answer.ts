import { DestinationError, PermanentError, RetryableError } from '#component';

export interface BulkAnswer {
  readonly taken: number;
  /** Numbers of documents that may be taken later, and why they were not. */
  readonly again: ReadonlySet<number>;
  readonly againProblem: RetryableError | DestinationError | undefined;
  /** Numbers of documents that will never be taken, and why the first of them. */
  readonly refused: ReadonlySet<number>;
  readonly refusedProblem: PermanentError | undefined;
}

export interface Asked {
  /** Who asked and where, for messages: `elasticsearch/a: …`. */
  readonly id: string;
  readonly rows: number;
  readonly retriedStatuses: ReadonlySet<number>;
  readonly hide: (text: string) => string;
}

const CONFLICT = 409;

/**
 * What became of each document. One whose id is there already (409) counts as taken: mostly it came with a request
 * whose answer was lost.
 */
export function readBulkAnswer(answer: unknown, asked: Asked): BulkAnswer {
  const { id, rows } = asked;
  const errors = memberOf(answer, 'errors');
  if (typeof errors !== 'boolean') {
    throw new DestinationError(`${id}: the answer to _bulk is not one of Elasticsearch; check the address and what stands before it`);
  }
  const items = memberOf(answer, 'items');
  const again = new Set<number>();
  const refused = new Set<number>();
  let againProblem: RetryableError | DestinationError | undefined;
  let refusedProblem: PermanentError | undefined;
  if (!errors) return { taken: rows, again, againProblem, refused, refusedProblem };
  if (!Array.isArray(items) || items.length !== rows) {
    throw new RetryableError(
      `${id}: expected an answer for each of ${rows} documents, got ${Array.isArray(items) ? items.length : 'none'}`,
    );
  }
  for (const [number, item] of items.entries()) {
    const { status, reason } = readItem(item);
    if (status < 300 || status === CONFLICT) continue;
    const message = `${id}: ${status} for a document: ${asked.hide(reason)}`;
    if (isPassing(status, asked.retriedStatuses)) {
      again.add(number);
      againProblem ??= new RetryableError(message);
    } else if (isDestinationFault(status)) {
      again.add(number);
      // What an operator has to mend weighs more than what mends itself.
      if (!(againProblem instanceof DestinationError)) againProblem = new DestinationError(`${message}; ${ADVICE[status]}`);
    } else {
      refused.add(number);
      refusedProblem ??= new PermanentError(message);
    }
  }
  return { taken: rows - again.size - refused.size, again, againProblem, refused, refusedProblem };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'check "user", "password" and "api_key"',
  403: 'have the privilege "create_doc" granted, and "auto_configure" where the index is to be made; or the index is locked',
  404: 'there is no such index, and none may be made',
  405: 'check the address',
};

function isDestinationFault(status: number): boolean {
  return status in ADVICE;
}

function isPassing(status: number, retried: ReadonlySet<number>): boolean {
  return status === 408 || status === 429 || status >= 500 || retried.has(status);
}

/** What an error of the whole request means. */
export function problemOfStatus(status: number, text: string, { id, rows, retriedStatuses }: Asked): Error {
  const said = text === '' ? '' : `; it says: ${text}`;
  if (isDestinationFault(status) || (status >= 300 && status < 400) || status === 407) {
    const advice = ADVICE[status] ?? 'check the address and the proxy';
    return new DestinationError(`${id}: ${status}: ${advice}${said}`);
  }
  if (isPassing(status, retriedStatuses)) return new RetryableError(`${id}: ${status}: it cannot take the request now${said}`);
  if (status === 413) {
    return new PermanentError(`${id}: 413: a request of ${rows} documents is too large; lower "flush.bytes"${said}`, { tooLarge: true });
  }
  return new PermanentError(`${id}: ${status}: it refuses ${rows} documents for good${said}`);
}

const REASON_CHARACTERS_MAX = 300;

function readItem(item: unknown): { readonly status: number; readonly reason: string } {
  const [result] = typeof item === 'object' && item !== null ? Object.values(item) : [];
  const status = memberOf(result, 'status');
  return { status: typeof status === 'number' ? status : 500, reason: reasonOf(memberOf(result, 'error')) };
}

/** `type: reason (cause)` of an error of Elasticsearch, on one line and cut. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'string') return oneLine(error);
  const type = memberOf(error, 'type');
  const reason = memberOf(error, 'reason');
  const cause = memberOf(memberOf(error, 'caused_by'), 'reason');
  const parts = [typeof type === 'string' ? type : '', typeof reason === 'string' ? reason : ''].filter((part) => part !== '');
  return oneLine(`${parts.join(': ')}${typeof cause === 'string' ? ` (${cause})` : ''}`);
}

export function oneLine(text: string): string {
  // Control characters could rewrite the terminal of whoever reads the log.
  // oxlint-disable-next-line no-control-regex -- they are what is looked for.
  const line = text.replaceAll(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').trim();
  return line.length > REASON_CHARACTERS_MAX ? `${line.slice(0, REASON_CHARACTERS_MAX)}…` : line;
}

export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
