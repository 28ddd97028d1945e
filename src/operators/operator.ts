import type { Host } from '#component';
import type { LogBatch } from '#model';

/** One operator of a chain, compiled. It works on a whole batch, so that its loop stays hot. */
export interface Operator {
  start?(host: Host): void;
  process(batch: LogBatch): void;
  /** After `process`: which of the operators it leads to a row goes to. Without it, there is only one. */
  outputOf?(row: number): number;
}

/** What a parser does to one row. After false, `describe` tells what hindered it. */
export interface RowStep {
  /** Called once before the rows of a batch, whose bytes may lie where those of the last one lay. */
  begin?(nowMs: number): void;
  apply(batch: LogBatch, row: number): boolean;
  describe(): string;
}
