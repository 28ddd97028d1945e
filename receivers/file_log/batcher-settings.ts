import type { Clock, Consumer, Outcome, Transaction } from '#component';
import type { LogBatch, Origin } from '#model';
import type { Encoding } from './encoding.ts';
import type { Flow } from './flow.ts';
import type { Range } from './ranges.ts';
import type { RecordRules, Splitter } from './records.ts';
import type { Tail } from './tail.ts';

export interface BatcherSettings {
  readonly next: Consumer;
  readonly clock: Clock;
  readonly flow: Flow;
  readonly rules: RecordRules;
  readonly splitter: Splitter;
  readonly encoding: Encoding;
  readonly resource: Origin | undefined;
  readonly receiver: string;
  readonly chunkBytes: number;
  readonly includesNumber: boolean;
  readonly includesOffset: boolean;
  /** Runs the operators. */
  readonly process: ((batch: LogBatch) => void) | undefined;
  /** How long a refused batch is offered again, in milliseconds. */
  readonly retryElapsedMaxMs: number;
  readonly signal: AbortSignal;
  readonly onSettled: (tail: Tail, range: Range, outcome: Outcome, transaction: Transaction | undefined) => void;
  /** Nothing of the range became a row, or nothing of it is left. */
  readonly onEmpty: (tail: Tail, range: Range) => void;
  readonly onRefusedForGood: (rows: number) => void;
  /** The batch could not be worked on at all: a broken invariant. */
  readonly onBroken: (problem: unknown, ranges: readonly (readonly [Tail, Range])[]) => Promise<void>;
}
