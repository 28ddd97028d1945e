import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Batcher } from './batcher.ts';
import type { Context } from './context.ts';
import { Bell } from './flow.ts';
import type { Poison } from './poison.ts';
import type { Reader } from './reader.ts';
import type { Tail } from './tail.ts';

export interface TurnsSettings {
  readonly context: Context;
  readonly reader: Reader;
  readonly batcher: Batcher;
  readonly poison: Poison;
}

/**
 * Reads the files that have something to read, one buffer each in turn, so that none starves the others, and gives the
 * batches away. It waits while too much is under way.
 */
export class Turns {
  readonly #settings: TurnsSettings;
  readonly #bell: Bell;
  /** In the order of their turns. */
  readonly #queue = new Set<Tail>();
  #isStopped = false;
  #isReading = false;
  onFailed: (tail: Tail, problem: unknown) => void = () => {};
  onReplaced: (tail: Tail) => void = () => {};

  constructor(settings: TurnsSettings) {
    this.#settings = settings;
    this.#bell = new Bell(settings.context.clock);
    settings.context.flow.attach(this.#bell);
  }

  add(tail: Tail): void {
    this.#queue.add(tail);
  }

  delete(tail: Tail): void {
    this.#queue.delete(tail);
  }

  /** There may be something in the queue. */
  go(): void {
    if (this.#queue.size > 0) this.#bell.ring();
  }

  get reading(): number {
    return this.#queue.size + (this.#isReading ? 1 : 0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#bell.ring();
  }

  async run(): Promise<void> {
    const { context, batcher } = this.#settings;
    while (!this.#isStopped) {
      while (!this.#isStopped && this.#queue.size > 0 && !context.flow.isFull) {
        const tail = this.#next();
        // Somebody is finding out what became of it, and will queue it again.
        if (!tail || tail.isExamined || tail.state === 'gone') continue;
        await this.#turn(tail);
        if (!batcher.isFull) continue;
        await batcher.flush();
        // Sockets and timers get their turn between two batches, however much there is to read.
        await yieldToOthers();
      }
      await batcher.flush();
      if (!this.#isStopped) await this.#bell.wait(Number.POSITIVE_INFINITY);
    }
    await batcher.flush();
  }

  /** The file whose turn it is: not before those that were under its name before. */
  #next(): Tail | undefined {
    const tail = this.#queue.values().next().value as Tail;
    this.#queue.delete(tail);
    const { clock, tails } = this.#settings.context;
    const now = clock.monotonic();
    const earlier = tails.earlierThan(tail, (other) => this.#isLeft(other, now));
    if (!earlier) return tail;
    // It is read in another lane, or cannot be read at the moment: the next look queues this one again.
    if (!this.#queue.delete(earlier)) return undefined;
    this.#queue.add(tail);
    return earlier;
  }

  /** What cannot be read, what was given up and waits to be read again, and what somebody goes on writing to holds up nobody. */
  #isLeft(tail: Tail, now: number): boolean {
    if (tail.problem !== '' || tail.isRepeating) return false;
    const { flushMs, pollMs } = this.#settings.context.limits;
    return tail.hasUnread || (tail.mayFlush(flushMs) && now - tail.rotatedAt < 2 * flushMs + pollMs);
  }

  async #turn(tail: Tail): Promise<void> {
    const { reader, batcher, poison, context } = this.#settings;
    tail.isBusy = true;
    this.#isReading = true;
    try {
      if (!poison.isEmpty && (await this.#treadCarefully(tail))) return;
      let turn = await reader.read(tail);
      if (turn === 'full') {
        await batcher.flush();
        turn = await reader.read(tail);
      }
      if (turn === 'more' || turn === 'full') this.#queue.add(tail);
      if (turn === 'replaced') this.#replaced(tail);
      if (tail.problem !== '') {
        tail.problem = '';
        tail.retryMs = 0;
        context.problems.mended(tail.path);
      }
    } catch (problem) {
      this.onFailed(tail, problem);
    } finally {
      tail.isBusy = false;
      this.#isReading = false;
    }
  }

  /** Reads in small pieces, or puts aside, what has ended the process before. False when this place has not. */
  async #treadCarefully(tail: Tail): Promise<boolean> {
    const { reader, batcher, poison, context } = this.#settings;
    const marked = poison.at(tail, tail.ranges.next().from.at);
    if (!marked) return false;
    await batcher.flush();
    batcher.limitRows(poison.isDeadly(marked) ? 1 : poison.rowsFor(marked));
    try {
      const turn = await reader.read(tail);
      if (poison.isDeadly(marked)) {
        for (const { at, bytes } of batcher.withdraw()) {
          poison.keep(tail, at, bytes);
          context.counters.deadLetters.add(1);
        }
        poison.passed(tail);
      }
      await batcher.flush();
      if (turn === 'replaced') this.#replaced(tail);
      else if (turn !== 'wait') this.#queue.add(tail);
    } finally {
      batcher.limitRows(undefined);
    }
    return true;
  }

  #replaced(tail: Tail): void {
    tail.isReplaced = true;
    this.onReplaced(tail);
  }
}
