import type { Host } from '#component';
import { readKafkaError } from '#net';
import type { Client } from './client.ts';
import type { Giver } from './giver.ts';
import type { Holdings } from './holdings.ts';
import type { Partition } from './partition.ts';

export interface FetcherSettings {
  readonly client: Client;
  readonly holdings: Holdings;
  readonly giver: Giver;
  readonly host: Host;
  readonly stopping: AbortSignal;
  readonly onTrouble: (problem: unknown) => void;
  readonly onFine: () => void;
}

// Leaders move seldom, and a broker that no longer leads says so by itself.
const LOOK_MS = 1000;
const PAUSE_MS = 1000;

/** Keeps one request waiting at each broker that leads a partition of ours, so that a quiet one holds no other up. */
export class Fetcher {
  readonly #settings: FetcherSettings;
  readonly #brokers = new Map<number, Promise<void>>();
  #looking: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(settings: FetcherSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#looking = this.#look();
  }

  /** Partitions have come: look at once who leads them. */
  wake(): void {
    this.#wake?.();
  }

  /** Resolves when nothing is fetched any more; the signal was aborted before. */
  async stopped(): Promise<void> {
    this.#wake?.();
    await this.#looking;
    await Promise.all(this.#brokers.values());
  }

  async #look(): Promise<void> {
    const { client, holdings, host, stopping, onTrouble } = this.#settings;
    while (!stopping.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        const held = holdings.all;
        for (const node of held.length === 0 ? [] : (await client.leaders(held)).keys()) this.#follow(node);
      } catch (problem) {
        if (!stopping.aborted) onTrouble(problem);
      }
      const over = new AbortController();
      await Promise.race([woken, host.clock.sleep(LOOK_MS, AbortSignal.any([stopping, over.signal]))]);
      over.abort();
    }
  }

  #follow(node: number): void {
    if (this.#brokers.has(node) || this.#settings.stopping.aborted) return;
    const following = this.#fetchFrom(node)
      .catch((problem: unknown) => this.#settings.host.fatal(problem))
      .finally(() => this.#brokers.delete(node));
    this.#brokers.set(node, following);
  }

  /** Until the broker leads no partition of ours. */
  async #fetchFrom(node: number): Promise<void> {
    const { client, holdings, giver, host, stopping, onTrouble, onFine } = this.#settings;
    while (!stopping.aborted) {
      await giver.room(stopping);
      if (stopping.aborted) return;
      let led: Partition[] = [];
      try {
        led = (await client.leaders(holdings.all)).get(node) ?? [];
        if (led.length === 0) return;
        const asked = led.map((partition) => ({ topic: partition.topic, index: partition.index, offset: partition.position }));
        const answers = await client.fetch(node, asked);
        onFine();
        await this.#giveAll(asked, answers);
      } catch (problem) {
        if (stopping.aborted) return;
        if (!isFetchFault(problem)) throw problem;
        if (await this.#repair(problem, led)) continue;
        client.forgetLeaders();
        onTrouble(problem);
        await host.clock.sleep(PAUSE_MS, stopping);
      }
    }
  }

  async #giveAll(
    asked: readonly { readonly topic: string; readonly index: number; readonly offset: number }[],
    answers: Awaited<ReturnType<Client['fetch']>>,
  ): Promise<void> {
    const { holdings, giver, stopping } = this.#settings;
    for (const answer of answers) {
      const place = asked.find(({ topic, index }) => topic === answer.topic && index === answer.index);
      const partition = holdings.find(answer);
      if (!place || !partition || partition.position !== place.offset || stopping.aborted) continue;
      await giver.give(partition, answer, place.offset);
    }
  }

  /** What the group had told of may be gone, by age or size: then there is a gap, which is told, and it goes on behind it. */
  async #repair(problem: unknown, led: readonly Partition[]): Promise<boolean> {
    if (!readKafkaError(problem).codes.includes('OFFSET_OUT_OF_RANGE')) return false;
    const { client, host } = this.#settings;
    const [begins, ends] = await Promise.all([client.bounds(led, 'earliest'), client.bounds(led, 'latest')]).catch(() => [[], []]);
    let isRepaired = false;
    for (const partition of led) {
      const same = ({ topic, index }: { readonly topic: string; readonly index: number }): boolean =>
        topic === partition.topic && index === partition.index;
      const begin = begins.find(same)?.offset;
      const end = ends.find(same)?.offset;
      if (begin === undefined || end === undefined || (partition.position >= begin && partition.position <= end)) continue;
      const facts = { topic: partition.topic, partition: partition.index, offset: partition.position, begin, end };
      host.log.error('The messages to go on with are gone; records may be lost. Reading goes on with the earliest there is.', facts);
      partition.moveTo(begin);
      isRepaired = true;
    }
    return isRepaired;
  }
}

/** An error of the client library; anything else is a mistake of ours, or of what comes behind us. */
function isFetchFault(problem: unknown): boolean {
  return readKafkaError(problem).codes.some((code) => code.startsWith('PLT_KFK_'));
}
