import type { Counter } from '#component';
import type { ServerRequest } from '#net';
import { Complaints } from './complaints.ts';
import type { Intake } from './intake.ts';
import type { RowReader } from './json-rows.ts';
import type { Origins } from './origin.ts';
import type { Feed, Rows } from './rows.ts';

interface DeskParts {
  readonly intake: Intake;
  readonly rows: Rows;
  readonly reader: RowReader;
  readonly origins: Origins;
  readonly waits: boolean;
  readonly bodyBytesMax: number;
  readonly invalid: Counter;
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
  readonly #intake: Intake;
  readonly #invalid: Counter;

  constructor({ intake, rows, reader, origins, waits, bodyBytesMax, invalid }: DeskParts) {
    this.#intake = intake;
    this.#invalid = invalid;
    this.rows = rows;
    this.reader = reader;
    this.origins = origins;
    this.waits = waits;
    this.bodyBytesMax = bodyBytesMax;
  }

  complaints(): Complaints {
    return new Complaints(this.#invalid);
  }

  /** `feed` runs when it is this request's turn: not before may it touch the rows. */
  take({ body, signal }: ServerRequest, feed: () => Feed, bytes: Buffer = body): Promise<void> {
    return this.#intake.take({ bytes, feed: feed(), gone: signal, waits: this.waits });
  }
}
