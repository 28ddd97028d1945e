import { RefusedError, type Consumer } from '#component';
import { toJson, type Claim, type LogBatch } from '#model';
import { POISON } from './rows.ts';

export type Settling = 'durable' | 'keep' | 'abandon';
export type Taking = 'takes' | 'refuses' | 'waits';

interface Kept {
  readonly claim: Claim;
  readonly ids: readonly string[];
}

/** What comes next in a world: takes, refuses or does not answer; settles at once, later, or gives up. */
export class WorldSink implements Consumer {
  readonly mutates: boolean;
  taking: Taking = 'takes';
  settling: Settling = 'durable';
  /** The process it lives in was killed: nothing it is given counts. */
  isDead = false;
  /** How often a row with this span id came out. */
  readonly came: Map<string, number> = new Map();
  /** The same for rows that were settled as durable here. */
  readonly safe: Map<string, number> = new Map();
  rowsSafe = 0;
  batches = 0;
  /** Rows whose span id is none that a source has given. */
  strangers = 0;
  readonly problems: string[] = [];
  readonly #known: ReadonlySet<string>;
  readonly #kept: Kept[] = [];
  #open: (() => void)[] = [];

  constructor(known: ReadonlySet<string>, mutates: boolean) {
    this.#known = known;
    this.mutates = mutates;
  }

  async consume(batch: LogBatch): Promise<void> {
    while (this.taking === 'waits' && !this.isDead) await new Promise<void>((resolve) => void this.#open.push(resolve));
    // A killed process neither answers nor hears.
    if (this.isDead) return new Promise(() => {});
    if (this.taking === 'refuses') throw new RefusedError('the test says no', { retryAfterMs: 500 });
    if (batch.liveRows === 0) this.problems.push('an empty batch came out');
    this.batches++;
    const ids = this.#record(batch);
    if (this.mutates) for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) batch.setBody(row, 'edited downstream');
    let at = 0;
    for (const claim of batch.claims()) {
      this.#kept.push({ claim, ids: ids.slice(at, at + claim.rows) });
      at += claim.rows;
    }
    if (this.settling !== 'keep') this.release(this.settling === 'durable');
  }

  answer(taking: Taking): void {
    this.taking = taking;
    if (taking !== 'waits') for (const open of this.#open.splice(0)) open();
  }

  release(isDurable: boolean = true): void {
    for (const { claim, ids } of this.#kept.splice(0)) {
      if (isDurable) {
        for (const id of ids) this.safe.set(id, (this.safe.get(id) ?? 0) + 1);
        this.rowsSafe += ids.length;
      }
      try {
        if (isDurable) claim.delivery.durable(claim.rows);
        else claim.delivery.abandoned(claim.rows);
      } catch (error) {
        this.problems.push(`settling what came out fails: ${String(error)}`);
      }
    }
  }

  #record(batch: LogBatch): string[] {
    const ids: string[] = [];
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const id = batch.spanId(row);
      ids.push(id);
      if (this.#known.has(id)) this.came.set(id, (this.came.get(id) ?? 0) + 1);
      else this.strangers++;
      const said = `${batch.bodyText(row)} ${toJson(Object.fromEntries(batch.attributesOf(row)))}`;
      if (said.includes(POISON)) this.problems.push(`a row refers to a batch that was given back: ${said.slice(0, 200)}`);
    }
    return ids;
  }
}
