import { whenCommitted, type Outcome, type Transaction } from '#component';

/** Some messages, up to an offset, whose records are on their way. */
interface Stretch {
  readonly end: number;
  isSettled: boolean;
}

/**
 * One partition that is ours: how far it was read, and how far everything is settled. Only that far the group is told.
 *
 *   told      safe ◀── settled, on the way, settled ──▶ position
 *
 * Whatever the pipeline gives up is read again: the position goes back to what is safe. Stretches of before the return
 * still settle, and are no longer asked.
 */
export class Partition {
  readonly topic: string;
  readonly index: number;
  /** The next offset to read. */
  position: number;
  /** Everything before it is settled. */
  safe: number;
  /** The group knows as much. */
  told: number;
  /** The offset behind the last message, when the broker was last asked. */
  end: number;
  /** False when it went to another member. */
  isOurs = true;
  #stretches: Stretch[] = [];

  constructor(topic: string, index: number, position: number) {
    this.topic = topic;
    this.index = index;
    this.position = position;
    this.safe = position;
    this.told = position;
    this.end = position;
  }

  /** Messages that wait, or are on their way. */
  get lag(): number {
    return Math.max(0, this.end - this.safe);
  }

  /** Begins somewhere else: what was there is gone. */
  moveTo(position: number): void {
    this.#stretches = [];
    this.position = position;
    this.safe = position;
  }

  /** The messages up to `end` held no records, or none that can be read. */
  pass(end: number): void {
    this.position = end;
    if (this.#stretches.length === 0) this.safe = end;
    else this.#stretches.push({ end, isSettled: true });
  }

  /** The messages up to `end` are given away; the function says what became of them. */
  give(end: number, onGivenUp: () => void): (outcome: Outcome, transaction: Transaction | undefined) => void {
    const stretch: Stretch = { end, isSettled: false };
    this.position = end;
    this.#stretches.push(stretch);
    return ({ abandoned }, transaction) => {
      if (!this.#stretches.includes(stretch)) return;
      if (abandoned > 0) {
        this.#stretches = [];
        this.position = this.safe;
        onGivenUp();
        return;
      }
      whenCommitted(transaction, () => this.#settle(stretch));
    };
  }

  #settle(stretch: Stretch): void {
    stretch.isSettled = true;
    let settled = 0;
    for (const each of this.#stretches) {
      if (!each.isSettled) break;
      this.safe = each.end;
      settled++;
    }
    this.#stretches.splice(0, settled);
  }
}
