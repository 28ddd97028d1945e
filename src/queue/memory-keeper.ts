import type { Claim } from '#model';
import { isBodyFree, type Item, type Keeper, type Tally } from './item.ts';

/** Keeps items in memory: whoever gave them stays responsible until the backend has answered. */
export class MemoryKeeper implements Keeper {
  readonly isPersistent = false;
  readonly #onKept: (item: Item) => void;
  readonly #recycle: (body: Buffer) => void;

  constructor(onKept: (item: Item) => void, recycle: (body: Buffer) => void) {
    this.#onKept = onKept;
    this.#recycle = recycle;
  }

  unwrittenBytes(): number {
    return 0;
  }

  async start(): Promise<Item[]> {
    return [];
  }

  add(item: Item): void {
    this.#onKept(item);
  }

  async load(item: Item): Promise<Buffer | undefined> {
    return item.body;
  }

  finish(item: Item, tally: Tally, onFree: () => void): void {
    settle(item.claims, tally);
    item.claims = [];
    if (item.body && isBodyFree(tally, item)) this.#recycle(item.body);
    item.body = undefined;
    onFree();
  }

  async stop(): Promise<void> {}
}

/** Which rows were dropped is not known, and does not matter: a source moves past durable and dropped rows alike. */
function settle(claims: readonly Claim[], tally: Tally): void {
  const dropped = [...tally.dropped];
  for (const { delivery, rows } of claims) {
    let left = rows;
    for (let first = dropped[0]; first && left > 0; first = dropped[0]) {
      const count = Math.min(first[1], left);
      delivery.dropped(count, first[0]);
      left -= count;
      first[1] -= count;
      if (first[1] === 0) dropped.shift();
    }
    if (left > 0) delivery.durable(left);
  }
}

/**
 * Gives all rows back to their sources. Also those of a divided request that were sent in part: its rows may be in another
 * order than the claims, and to move a source past a row that was not sent would lose it.
 */
export function abandon(item: Item): void {
  for (const { delivery, rows } of item.claims) delivery.abandoned(rows);
  item.claims = [];
  item.body = undefined;
}
