/** What an item takes of each bound. */
export interface Amounts {
  readonly units: number;
  readonly bytes: number;
  /** Bytes in memory until they are on disk. */
  readonly unwritten: number;
}

interface Waiter {
  readonly amounts: Amounts;
  readonly enter: () => void;
  readonly refuse: (problem: Error) => void;
}

/**
 * The bounds of a queue. Who finds no room waits in line. An item larger than a bound is let in when nothing else is
 * there, or it would wait for ever.
 */
export class Room {
  readonly #max: Amounts;
  #units = 0;
  #bytes = 0;
  #unwritten = 0;
  readonly #waiters: Waiter[] = [];

  constructor(max: Amounts) {
    this.#max = max;
  }

  get units(): number {
    return this.#units;
  }

  has(amounts: Amounts): boolean {
    return this.#waiters.length === 0 && this.#fits(amounts);
  }

  /** For what was there before us: no bound stops it. */
  force({ units, bytes }: Amounts): void {
    this.#units += units;
    this.#bytes += bytes;
  }

  /** Calls `enter` now or when there is room, in the order of these calls; `refuse` when the room is closed meanwhile. */
  take(amounts: Amounts, enter: () => void, refuse: (problem: Error) => void): void {
    if (!this.has(amounts)) {
      this.#waiters.push({ amounts, enter, refuse });
      return;
    }
    this.#add(amounts);
    enter();
  }

  give({ units, bytes, unwritten }: Amounts): void {
    this.#units -= units;
    this.#bytes -= bytes;
    this.#unwritten -= unwritten;
    for (let next = this.#waiters[0]; next && this.#fits(next.amounts); next = this.#waiters[0]) {
      this.#waiters.shift();
      this.#add(next.amounts);
      next.enter();
    }
  }

  close(problem: Error): void {
    for (const { refuse } of this.#waiters.splice(0)) refuse(problem);
  }

  #fits({ units, bytes, unwritten }: Amounts): boolean {
    const hasUnits = this.#units === 0 || this.#units + units <= this.#max.units;
    const hasBytes = this.#bytes === 0 || this.#bytes + bytes <= this.#max.bytes;
    const canWrite = this.#unwritten === 0 || this.#unwritten + unwritten <= this.#max.unwritten;
    return hasUnits && hasBytes && canWrite;
  }

  #add({ units, bytes, unwritten }: Amounts): void {
    this.#units += units;
    this.#bytes += bytes;
    this.#unwritten += unwritten;
  }
}
