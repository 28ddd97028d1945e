import type { Claim } from '#model';
import type { Scheduled } from './schedule.ts';

/** Where the body lies on disk. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
  /** Of the description before the body. */
  readonly metaBytes: number;
}

/** One request in the queue. */
export interface Item extends Scheduled {
  readonly rows: number;
  readonly bytes: number;
  readonly encoding: string;
  readonly contentType: string;
  /** Who answers for the rows; empty once that is the queue itself. */
  claims: readonly Claim[];
  /** Missing when it is only on disk. */
  body: Buffer | undefined;
  place: Place | undefined;
  /** When the first attempt was made, by the monotonic clock. */
  triedAt: number | undefined;
}

/** What became of the rows of an item. What is in neither number was not answered. */
export interface Tally {
  requests: number;
  sent: number;
  readonly dropped: Map<string, number>;
}

/**
 * True when the one request that was made was taken as a whole. Only then nobody refers to the body any more: one that
 * failed may still be on its way out, and the halves of a divided one may be parts of it.
 */
export function isBodyFree({ requests, sent }: Tally, { rows }: Item): boolean {
  return requests === 1 && sent === rows;
}

/** Where items are kept. */
export interface Keeper {
  /** True when an item outlives the process. */
  readonly isPersistent: boolean;
  /** Bytes of an item that wait to be written. */
  unwrittenBytes(bytes: number): number;
  /** What was left from the life before, oldest first. */
  start(): Promise<Item[]>;
  /** Takes the item; `onKept` says that it may be sent, `onLost` that it could not be kept and is given back. */
  add(item: Item): void;
  /** The body, or nothing when the disk has lost it, or has not given it by the time `signal` aborts. */
  load(item: Item, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Every row was answered for. Calls back when the room it took is free. */
  finish(item: Item, tally: Tally, onFree: () => void): void;
  /** Returns when what was added is safe, or when `signal` aborts. */
  stop(signal: AbortSignal): Promise<void>;
}

// An item with rows of more sources than this conflicts with nearly every other one anyway; remembering them all
// would cost more memory than its order is worth.
const SOURCES_MAX = 256;

export function sourcesOf(claims: readonly Claim[]): readonly number[] | undefined {
  const sources = new Set<number>();
  for (const { delivery } of claims) sources.add(delivery.source);
  return sources.size > SOURCES_MAX ? undefined : [...sources];
}
