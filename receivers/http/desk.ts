import type { Clock, Counter } from '#component';
import type { ServerRequest } from '#net';
import { Complaints } from './complaints.ts';
import type { Entrance } from './entrance.ts';
import type { RowReader } from './json-rows.ts';
import type { Origins } from './origin.ts';
import type { Feed, Rows } from './rows.ts';

interface DeskParts {
  readonly entrance: Entrance;
  readonly rows: Rows;
  readonly reader: RowReader;
  readonly origins: Origins;
  readonly waits: boolean;
  readonly bodyBytesMax: number;
  readonly invalid: Counter;
  readonly clock: Clock;
}

interface TakeOptions {
  /** What the rows refer to, if not the body. */
  readonly bytes?: Buffer;
  readonly waits?: boolean;
}

/** What all routes work with. */
export class Desk {
  readonly rows: Rows;
  readonly reader: RowReader;
  readonly origins: Origins;
  /** Whether answers wait until the records are settled. */
  readonly waits: boolean;
  /** Longest body after decompression. */
  readonly bodyBytesMax: number;
  readonly clock: Clock;
  readonly #entrance: Entrance;
  readonly #invalid: Counter;
  #nextAck: number;
  readonly #idPrefix: string;
  #lastId = 0;

  constructor({ entrance, rows, reader, origins, waits, bodyBytesMax, invalid, clock }: DeskParts) {
    this.#entrance = entrance;
    this.clock = clock;
    // More than one request a millisecond, all the time, is beyond this receiver.
    this.#nextAck = clock.now();
    this.#idPrefix = `winnow-${clock.now().toString(36)}-`;
    this.#invalid = invalid;
    this.rows = rows;
    this.reader = reader;
    this.origins = origins;
    this.waits = waits;
    this.bodyBytesMax = bodyBytesMax;
  }

  complaints(keptMax?: number): Complaints {
    return new Complaints(this.#invalid, keptMax);
  }

  /** An id for a record, as clients of Elasticsearch expect one. */
  nextId(): string {
    return this.#idPrefix + ++this.#lastId;
  }

  /** An id for a request that is settled. */
  nextAck(): number {
    return this.#nextAck++;
  }

  /** Ids are given out for settled requests only, from one upwards that no life of the agent before has reached. */
  isAcknowledged(id: number): boolean {
    return id < this.#nextAck;
  }

  /** `feed` runs when it is this request's turn: not before may it touch the rows. Afterwards the body is another's. */
  take(request: ServerRequest, feed: () => Feed, { bytes = request.body, waits = this.waits }: TakeOptions = {}): Promise<void> {
    return this.#entrance.take({ bytes, feed: feed(), gone: request.signal, waits, done: () => request.release() });
  }
}
