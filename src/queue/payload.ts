import type { DestinationError, PermanentError, RetryableError } from '#component';

/** One request to a backend, ready to go. */
export interface Payload {
  /** Belongs to the queue from `offer` on. */
  readonly body: Buffer;
  /** What the body is compressed with, in words of the exporter, e.g. `gzip`, or empty. */
  readonly encoding: string;
  readonly contentType: string;
  readonly rows: number;
}

/** The backend took the request; `rejected` of its rows it will never take, nor those named below. */
export interface SendResult {
  readonly rejected: number;
  readonly message?: string;
  /** Rows it refuses for good, as a request of their own, for the dead letter. */
  readonly refused?: { readonly payload: Payload; readonly problem: PermanentError };
  /** Rows it did not take this time, as a request of their own, which is tried again. */
  readonly again?: { readonly payload: Payload; readonly problem: RetryableError | DestinationError };
}

/** Throws RetryableError, DestinationError or PermanentError. */
export type Send = (payload: Payload, signal: AbortSignal) => Promise<SendResult>;

/** Two requests with the first and the second half of the rows, or nothing when it cannot be divided. */
export type Split = (payload: Payload) => readonly [Payload, Payload] | undefined | Promise<readonly [Payload, Payload] | undefined>;
