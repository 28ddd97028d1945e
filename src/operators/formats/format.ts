import type { LogBatch } from '#model';
import type { TextSource } from '../text-source.ts';
import type { FieldWriter } from './field-writer.ts';

/** Reads texts of one format. */
export interface Format {
  /** Called before the rows of a batch. */
  begin?(nowMs: number): void;
  /**
   * Reads the text that `source` has found, writes its fields and perhaps time, severity and body of the row. Returns
   * undefined, or what is wrong with the text; the row is as it was then.
   */
  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined;
}
