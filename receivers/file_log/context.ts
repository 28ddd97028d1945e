import type { Clock, Counter, FileSystem, Logger } from '#component';
import type { FileAttributes } from './attributes.ts';
import type { FileLogConfig, Limits } from './config.ts';
import type { Descriptors } from './descriptors.ts';
import type { Flow } from './flow.ts';
import type { Positions } from './positions.ts';
import type { Problems } from './problems.ts';
import type { Tail } from './tail.ts';
import type { Tails } from './tails.ts';

export interface Counters {
  readonly rotations: Counter;
  readonly truncations: Counter;
  readonly readBytes: Counter;
  /** Bytes that were in a file and went before they were read or safe. */
  readonly lostBytes: Counter;
  readonly refused: Counter;
  readonly deadLetters: Counter;
}

/** What the parts of one receiver share. */
export interface Context {
  readonly id: string;
  readonly config: FileLogConfig;
  readonly limits: Limits;
  /** First bytes of a file that are looked at: more than `fingerprint_size` while files are known by more, from before it was lowered. */
  readonly headBytes: number;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tails: Tails;
  readonly positions: Positions;
  readonly descriptors: Descriptors;
  readonly flow: Flow;
  readonly attributes: FileAttributes;
  readonly counters: Counters;
  /** Says once what is wrong with a path, until it is well again. */
  readonly problems: Problems;
  /** True for a path that the patterns name. */
  readonly isWanted: (path: string) => boolean;
  /** Hands a file to the lane that is to read it. */
  readonly assign: (tail: Tail) => void;
}
