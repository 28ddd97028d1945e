import type { Counter, Host } from '#component';
import type { LogBatch } from '#model';

export type OnError = 'send' | 'send_quiet' | 'drop' | 'drop_quiet';

/** How long failures are summed up before they are told again. */
const REPORT_EVERY_MS = 60_000;
const SAMPLE_LENGTH_MAX = 200;

/**
 * What becomes of rows that an operator cannot handle: they are counted, told of at once the first time and then summed
 * up, and sent on as they are or dropped.
 */
export class Failures {
  readonly #id: string;
  readonly #type: string;
  readonly #onError: OnError;
  #host: Host | undefined;
  #errors: Counter | undefined;
  #dropped: Counter | undefined;
  #pending = 0;
  #sample = '';
  #nextReport = 0;

  constructor(id: string, type: string, onError: OnError) {
    this.#id = id;
    this.#type = type;
    this.#onError = onError;
  }

  start(host: Host): void {
    this.#host = host;
    this.#nextReport = host.clock.monotonic();
    const labels = { operator: this.#id, type: this.#type };
    this.#errors = host.metrics.counter('winnow_operator_errors', 'Records an operator could not handle.', labels);
    if (!this.#onError.startsWith('drop')) return;
    this.#dropped = host.metrics.counter('winnow_operator_dropped_log_records', 'Records dropped because of on_error.', labels);
  }

  /** `describe` is asked only for the first of many. */
  add(batch: LogBatch, row: number, describe: () => string): void {
    if (this.#pending++ === 0) this.#sample = describe();
    this.#errors?.add(1);
    if (!this.#onError.startsWith('drop')) return;
    this.#dropped?.add(1);
    batch.drop(row, 'operator_error');
  }

  /** Tells of what has gathered, if the last time is long enough ago. */
  report(): void {
    const host = this.#host;
    if (this.#pending === 0 || !host || host.clock.monotonic() < this.#nextReport) return;
    this.flush();
    this.#nextReport = host.clock.monotonic() + REPORT_EVERY_MS;
  }

  /** Tells of what has gathered. */
  flush(): void {
    if (this.#pending === 0 || !this.#host) return;
    const facts = { operator: this.#id, type: this.#type, records: this.#pending, on_error: this.#onError, problem: this.#sample };
    this.#pending = 0;
    if (this.#onError === 'drop') this.#host.log.error('An operator could not handle records; they were dropped.', facts);
    else if (this.#onError === 'send') this.#host.log.warn('An operator could not handle records; they were sent on as they are.', facts);
    else this.#host.log.debug('An operator could not handle records.', facts);
  }
}

/** The first part of a text, for a message. */
export function excerpt(text: string): string {
  return text.length <= SAMPLE_LENGTH_MAX ? text : `${text.slice(0, SAMPLE_LENGTH_MAX)}…`;
}
