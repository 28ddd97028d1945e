import assert from 'node:assert';

export interface Scheduled {
  /** Position in the queue; given out in rising order. */
  readonly sequence: number;
  /**
   * Whose rows are in it; a source that outlives the agent has the same number in all its lives. `undefined` means so many
   * that it must wait for all before it and all behind must wait.
   */
  readonly sources: readonly number[] | undefined;
}

interface Node<Item> {
  readonly item: Item;
  /** Unanswered items before this one that share a source with it. */
  blockers: number;
  readonly followers: Node<Item>[];
}

/**
 * Says which item may be sent next: the first that shares no source with an unanswered item before it. So the rows of one
 * source arrive in order, while sources do not wait for each other.
 *
 * Each item waits for the last one before it of each of its sources, a chain for each source; adding and answering cost
 * as many steps as the item has sources, however long the queue is.
 */
export class Schedule<Item extends Scheduled> {
  readonly #tails = new Map<number, Node<Item>>();
  readonly #nodes = new Map<Item, Node<Item>>();
  /** Free to go, by rising sequence. */
  readonly #ready: Node<Item>[] = [];
  /** Unanswered items up to the next barrier; what stands behind one waits until this is empty. */
  #unanswered = 0;
  /** What the unanswered items are: the one that waits for all before it, or those that are told apart by source. */
  #stretch: Item | 'sources' | undefined;
  readonly #behind: Item[] = [];
  #behindFrom = 0;

  /** Items not answered yet, those in flight included. */
  get length(): number {
    return this.#unanswered + this.#behind.length - this.#behindFrom;
  }

  add(item: Item): void {
    if (this.#behindFrom < this.#behind.length || !this.#isSameStretch(item)) this.#behind.push(item);
    else this.#link(item);
  }

  take(): Item | undefined {
    return this.#ready.shift()?.item;
  }

  /** The item was answered: those that waited for it may go. */
  done(item: Item): void {
    const node = this.#nodes.get(item);
    assert(node && node.blockers === 0, 'only an item that was taken can be answered');
    this.#nodes.delete(item);
    this.#unanswered--;
    for (const source of item.sources ?? []) if (this.#tails.get(source) === node) this.#tails.delete(source);
    for (const follower of node.followers) if (--follower.blockers === 0) this.#insert(follower);
    if (this.#unanswered === 0) this.#passBarrier();
  }

  #link(item: Item): void {
    const node: Node<Item> = { item, blockers: 0, followers: [] };
    this.#stretch = stretchOf(item);
    this.#nodes.set(item, node);
    this.#unanswered++;
    for (const source of item.sources ?? []) {
      const tail = this.#tails.get(source);
      if (tail) {
        tail.followers.push(node);
        node.blockers++;
      }
      this.#tails.set(source, node);
    }
    if (node.blockers === 0) this.#insert(node);
  }

  #insert(node: Node<Item>): void {
    let at = this.#ready.length;
    while (at > 0 && (this.#ready[at - 1] as Node<Item>).item.sequence > node.item.sequence) at--;
    this.#ready.splice(at, 0, node);
  }

  #isSameStretch(item: Item): boolean {
    return this.#unanswered === 0 || this.#stretch === stretchOf(item);
  }

  #passBarrier(): void {
    while (this.#behindFrom < this.#behind.length) {
      const item = this.#behind[this.#behindFrom] as Item;
      if (!this.#isSameStretch(item)) return;
      this.#behindFrom++;
      this.#link(item);
    }
    this.#behind.length = 0;
    this.#behindFrom = 0;
  }
}

/** Stretches follow each other as wholes. */
function stretchOf<Item extends Scheduled>(item: Item): Item | 'sources' {
  return item.sources ? 'sources' : item;
}
