import type { Level } from './level.ts';

/** One line of the agent's own log: a log record, secrets taken out, ready to be written or sent. */
export interface Line {
  readonly time: Date;
  readonly level: Level;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Where lines go. Called for each line, at once. */
export type LineSink = (line: Line) => void;
