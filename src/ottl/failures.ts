import assert from 'node:assert';
import { messageOf, type Counter, type Host } from '#component';
import type { LogBatch } from '#model';

export const ERROR_MODES = ['ignore', 'silent', 'propagate'] as const;
export type ErrorMode = (typeof ERROR_MODES)[number];

/** Why a record is gone whose statement failed under `error_mode: propagate`. */
const REASON = 'ottl_error';
const REPORT_EVERY_MS = 60_000;

/**
 * What becomes of records on which an expression fails: counted, told of at once the first time and then summed up once
 * a minute, and under `propagate` dropped.
 */
export class OttlFailures {
  readonly #metric: string;
  #host: Host | undefined;
  #errors: Counter | undefined;
  #dropped: Counter | undefined;
  #pending = 0;
  #pendingDropped = 0;
  #sample = { expression: '', problem: '' };
  #nextReport = 0;

  /** `component` is a type such as `filter`, for the name of the metric. */
  constructor(component: string) {
    this.#metric = `winnow_${component}_errors`;
  }

  start(host: Host): void {
    this.#host = host;
    this.#nextReport = host.clock.monotonic();
    this.#errors = host.metrics.counter(this.#metric, 'Expressions that failed on a record.');
    this.#dropped = host.metrics.counter('winnow_processor_dropped_log_records', 'Log records dropped on purpose.', { reason: REASON });
  }

  /** Throws what is our own mistake and not the record's. */
  add(batch: LogBatch, row: number, failure: { readonly mode: ErrorMode; readonly expression: string; readonly problem: unknown }): void {
    const { mode, expression, problem } = failure;
    if (problem instanceof assert.AssertionError) throw problem;
    this.#errors?.add(1);
    if (mode === 'propagate' && batch.isDropped[row] === 0) {
      batch.drop(row, REASON);
      this.#dropped?.add(1);
      this.#pendingDropped++;
    }
    if (mode === 'silent') return;
    if (this.#pending++ === 0) this.#sample = { expression, problem: messageOf(problem) };
  }

  /** Tells of what has gathered, if the last time is long enough ago. To be called after each batch. */
  report(): void {
    const host = this.#host;
    if (this.#pending === 0 || !host || host.clock.monotonic() < this.#nextReport) return;
    this.flush();
    this.#nextReport = host.clock.monotonic() + REPORT_EVERY_MS;
  }

  /** Tells of what has gathered. */
  flush(): void {
    const host = this.#host;
    if (this.#pending === 0 || !host) return;
    const facts = { ...this.#sample, failures: this.#pending, dropped: this.#pendingDropped };
    if (this.#pendingDropped > 0) host.log.error('An expression failed on records; they were dropped.', facts);
    else host.log.warn('An expression failed on records; they went on without it.', facts);
    this.#pending = 0;
    this.#pendingDropped = 0;
  }
}
