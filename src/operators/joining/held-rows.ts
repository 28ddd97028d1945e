import { LogBatch, appendRows, hasTableRoom } from '#model';
import { NOT_HELD, type Group } from './group.ts';

/** Room is made when so many rows are kept of which nobody needs more than half. */
const ROWS_MIN = 1024;

/** The rows that open groups have in a batch of our own, with everything but their joined texts. */
export class HeldRows {
  #rows: LogBatch = new LogBatch();
  #spare: LogBatch = new LogBatch();
  #live = 0;

  get rows(): LogBatch {
    return this.#rows;
  }

  /** False when rows of the batch cannot be kept beside those that are. */
  hasRoomFor(batch: LogBatch): boolean {
    return hasTableRoom(this.#rows, batch);
  }

  /** Keeps a copy of the row for the group, instead of the one it has. `groups` are all that have one. */
  keep(group: Group, batch: LogBatch, row: number, groups: Iterable<Group>): void {
    if (group.held === NOT_HELD) this.#live++;
    group.held = NOT_HELD;
    const isFull = this.#rows.length >= ROWS_MIN && this.#live * 2 < this.#rows.length;
    if (isFull || !hasTableRoom(this.#rows, batch)) this.#compact(groups);
    appendRows(this.#rows, batch, row, row + 1);
    group.held = this.#rows.length - 1;
  }

  /** Moves the group's row to the end of `target` and returns where it is there. */
  moveTo(target: LogBatch, group: Group): number {
    appendRows(target, this.#rows, group.held, group.held + 1);
    this.release(group);
    return target.length - 1;
  }

  release(group: Group): void {
    group.held = NOT_HELD;
    if (--this.#live === 0) this.#rows.reset(NO_BYTES);
  }

  #compact(groups: Iterable<Group>): void {
    const compact = this.#spare;
    compact.reset(NO_BYTES);
    for (const group of groups) {
      if (group.held === NOT_HELD) continue;
      appendRows(compact, this.#rows, group.held, group.held + 1);
      group.held = compact.length - 1;
    }
    this.#spare = this.#rows;
    this.#spare.reset(NO_BYTES);
    this.#rows = compact;
  }
}

const NO_BYTES = Buffer.alloc(0);
