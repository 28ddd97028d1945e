import type { Host } from '#component';
import type { Client, Place } from './client.ts';
import { Partition } from './partition.ts';

export interface HoldingsSettings {
  readonly client: Client;
  readonly initialOffset: 'earliest' | 'latest';
  readonly host: Host;
  readonly stopping: AbortSignal;
  /** Called when partitions can be read that could not before. */
  readonly onGained: () => void;
  readonly onTrouble: (problem: unknown) => void;
}

const RETRY_MS = 1000;

/**
 * The partitions that are ours. One that stays ours while the group divides them anew goes on where it is, with what is
 * on its way; one that is new begins where the group has told last.
 */
export class Holdings {
  readonly #settings: HoldingsSettings;
  readonly #held = new Map<string, Partition>();
  #round = 0;

  constructor(settings: HoldingsSettings) {
    this.#settings = settings;
  }

  get all(): Partition[] {
    return [...this.#held.values()];
  }

  find({ topic, index }: Place): Partition | undefined {
    return this.#held.get(nameOf(topic, index));
  }

  /** Takes over this division. A later call ends an earlier one that is not done. */
  async adopt(places: readonly Place[]): Promise<void> {
    const round = ++this.#round;
    const names = new Set(places.map(({ topic, index }) => nameOf(topic, index)));
    for (const [name, partition] of this.#held) {
      if (names.has(name)) continue;
      partition.isOurs = false;
      this.#held.delete(name);
    }
    const { client, host, stopping, onTrouble, onGained } = this.#settings;
    const isOver = (): boolean => round !== this.#round || stopping.aborted;
    for (;;) {
      const missing = places.filter((place) => !this.find(place));
      if (missing.length === 0 || isOver()) return;
      try {
        const begins = await this.#beginsOf(missing, client);
        if (isOver()) return;
        for (const { topic, index, offset } of begins) this.#held.set(nameOf(topic, index), new Partition(topic, index, offset));
        onGained();
        return;
      } catch (problem) {
        if (isOver()) return;
        onTrouble(problem);
        await host.clock.sleep(RETRY_MS, stopping);
      }
    }
  }

  async #beginsOf(places: readonly Place[], client: Client) {
    const told = await client.committed(places);
    const unknown = places.filter(({ topic, index }) => !told.some((each) => each.topic === topic && each.index === index));
    return [...told, ...(await client.bounds(unknown, this.#settings.initialOffset))];
  }
}

function nameOf(topic: string, index: number): string {
  return `${topic}/${index}`;
}
