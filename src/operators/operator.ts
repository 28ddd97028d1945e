import type { Host } from '#component';
import type { LogBatch } from '#model';

/** One operator of a chain, compiled. It works on a whole batch, so that its loop stays hot. */
export interface Operator {
  start?(host: Host): void;
  process(batch: LogBatch): void;
}

/** What a parser does to one row. After false, `describe` tells what hindered it. */
export interface RowStep {
  /** Called once before the rows of a batch, whose bytes may lie where those of the last one lay. */
  begin?(nowMs: number): void;
  apply(batch: LogBatch, row: number): boolean;
  describe(): string;
}
