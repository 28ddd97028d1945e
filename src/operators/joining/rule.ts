import type { LogBatch } from '#model';
import type { Group } from './group.ts';

/** What a row does, as flags. */
export const Verdict = { starts: 0, joins: 1, ends: 2 } as const;

/** Decides where groups of rows begin and end. */
export interface Rule {
  /** The state of the group that the row is in afterwards; set by `decide`. */
  readonly stateAfter: number;
  /**
   * What the row whose text is `bytes[from, to)` does: it joins the group that is open in its source or starts one, and
   * perhaps it is the last of it.
   */
  decide(batch: LogBatch, row: number, text: Text, group: Group | undefined): number;
}

/** The text of a row. One object is used for all. */
export interface Text {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}
