import type { ConnectionPool, Consumer as KafkaConsumer, RecordsBatch } from '@platformatic/kafka';
import type { EventEmitter } from 'node:events';
import { parseDuration, parseSize, type Host } from '#component';
import { kafkaClientOptions } from '#net';
import { topicsOf, type KafkaReceiverConfig } from './config.ts';
import type { KafkaMessage } from './rows.ts';

// The library tries again by itself only what is over in a moment; we do the rest, and tell of it.
const RETRIES = 2;
const RETRY_DELAY_MS = 250;
const CONTROL_BATCH = 0x20;
const LATEST = -1n;
const EARLIEST = -2n;

export interface Place {
  readonly topic: string;
  readonly index: number;
}

export interface PlaceAt extends Place {
  readonly offset: number;
}

/** What a broker had of one partition. */
export interface Fetched extends Place {
  readonly messages: readonly KafkaMessage[];
  /** Behind the last message of the answer. */
  readonly end: number;
  /** Behind the last message of the partition. */
  readonly partitionEnd: number;
}

/** The client library in our words: membership of a group, offsets as numbers, fetching by broker. */
export class Client {
  readonly #consumer: KafkaConsumer;
  readonly #pool: ConnectionPool;
  readonly #config: KafkaReceiverConfig;
  readonly #topics: readonly string[];

  constructor(consumer: KafkaConsumer, pool: ConnectionPool, config: KafkaReceiverConfig) {
    this.#consumer = consumer;
    this.#pool = pool;
    this.#config = config;
    this.#topics = topicsOf(config);
    consumer.topics.trackAll(...this.#topics);
  }

  /** Called with the partitions that are ours from now on, each time they are divided anew. */
  onAssigned(assigned: (places: readonly Place[]) => void): void {
    this.#consumer.on('consumer:group:join', ({ assignments = [] }) => {
      assigned(assignments.flatMap(({ topic, partitions }) => partitions.map((index) => ({ topic, index }))));
    });
  }

  /** Called when we are no member any more and the library has given up on it. */
  onLost(lost: (problem: unknown) => void): void {
    // The library's types do not know this event; without a listener it would end the process.
    const emitter: EventEmitter = this.#consumer;
    emitter.on('error', lost);
  }

  /** Resolves when we are a member. */
  async join(): Promise<void> {
    await this.#consumer.joinGroup({});
  }

  /** How far the group has come; nothing for partitions it has never told of. */
  async committed(places: readonly Place[]): Promise<PlaceAt[]> {
    const offsets = await this.#consumer.listCommittedOffsets({ topics: byTopic(places) });
    return places.flatMap((place) => {
      const offset = offsets.get(place.topic)?.[place.index];
      return offset === undefined || offset < 0n ? [] : [{ ...place, offset: Number(offset) }];
    });
  }

  /** Where these partitions begin, or end. */
  async bounds(places: readonly Place[], which: 'earliest' | 'latest'): Promise<PlaceAt[]> {
    if (places.length === 0) return [];
    const topics = byTopic(places);
    const offsets = await this.#consumer.listOffsets({
      topics: topics.map(({ topic }) => topic),
      partitions: Object.fromEntries(topics.map(({ topic, partitions }) => [topic, partitions])),
      timestamp: which === 'earliest' ? EARLIEST : LATEST,
    });
    return places.flatMap((place) => {
      const offset = offsets.get(place.topic)?.[place.index];
      return offset === undefined ? [] : [{ ...place, offset: Number(offset) }];
    });
  }

  /** The broker that leads each of these partitions. */
  async leaders<Mine extends Place>(places: readonly Mine[]): Promise<Map<number, Mine[]>> {
    const metadata = await this.#consumer.metadata({ topics: [...this.#topics] });
    const leaders = new Map<number, Mine[]>();
    for (const place of places) {
      const leader = metadata.topics.get(place.topic)?.partitions[place.index]?.leader;
      if (leader === undefined || leader < 0) continue;
      const led = leaders.get(leader);
      if (led) led.push(place);
      else leaders.set(leader, [place]);
    }
    return leaders;
  }

  forgetLeaders(): void {
    this.#consumer.clearMetadata();
  }

  /** Waits at the broker for messages behind these offsets, for `max_fetch_wait`. */
  async fetch(node: number, places: readonly PlaceAt[]): Promise<Fetched[]> {
    const config = this.#config;
    const { topics } = await this.#consumer.metadata({ topics: [...this.#topics] });
    const names = new Map<string, string>();
    const wanted = byTopic(places).map(({ topic, partitions }) => {
      const topicId = topics.get(topic)?.id ?? '';
      names.set(topicId, topic);
      return { topicId, partitions: partitions.map((index) => this.#wantedOf(topic, index, places)) };
    });
    const response = await this.#consumer.fetch({
      node,
      topics: wanted,
      connectionPool: this.#pool,
      minBytes: parseSize(config.min_fetch_size),
      maxBytes: parseSize(config.max_fetch_size),
      maxWaitTime: parseDuration(config.max_fetch_wait),
    });
    return fetchedOf(response, names);
  }

  async commit(places: readonly PlaceAt[]): Promise<void> {
    const offsets = places.map(({ topic, index, offset }) => ({ topic, partition: index, offset: BigInt(offset), leaderEpoch: -1 }));
    await this.#consumer.commit({ offsets });
  }

  /** Ends what is being fetched. */
  async stopFetching(): Promise<void> {
    await this.#pool.close();
  }

  /** Leaves the group, so that others have our partitions at once. */
  async close(): Promise<void> {
    await this.#consumer.close(true);
  }

  #wantedOf(topic: string, index: number, places: readonly PlaceAt[]): FetchPartition {
    const offset = places.find((place) => place.topic === topic && place.index === index)?.offset ?? 0;
    const partitionMaxBytes = parseSize(this.#config.max_partition_fetch_size);
    return { partition: index, fetchOffset: BigInt(offset), partitionMaxBytes, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
  }
}

interface FetchPartition {
  partition: number;
  fetchOffset: bigint;
  partitionMaxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
}

/** Loads the client library, 50 MB and most of a second. Nothing is connected yet. */
export async function createClient(config: KafkaReceiverConfig, host: Host): Promise<Client> {
  const options = kafkaClientOptions(config, host.fs);
  const { Consumer, ConnectionPool: Pool } = await import('@platformatic/kafka');
  const consumer: KafkaConsumer = new Consumer({
    ...options,
    groupId: config.group_id,
    autocommit: false,
    sessionTimeout: parseDuration(config.session_timeout),
    rebalanceTimeout: parseDuration(config.rebalance_timeout),
    heartbeatInterval: parseDuration(config.heartbeat_interval),
    retries: RETRIES,
    retryDelay: RETRY_DELAY_MS,
  });
  // A broker answers one request of a connection after the other, and a fetch waits; heartbeats must not wait behind it.
  return new Client(consumer, new Pool(config.client_id, options), config);
}

/** What we read of an answer. */
interface FetchResponse {
  readonly responses: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly highWatermark: bigint;
      readonly records?: readonly RecordsBatch[] | null;
    }[];
  }[];
}

function fetchedOf(response: FetchResponse, names: ReadonlyMap<string, string>): Fetched[] {
  const all: Fetched[] = [];
  for (const { topicId, partitions } of response.responses) {
    const topic = names.get(topicId);
    if (topic === undefined) continue;
    for (const { partitionIndex: index, records, highWatermark } of partitions) {
      const messages: KafkaMessage[] = [];
      let end = 0;
      for (const batch of records ?? []) {
        end = Number(batch.firstOffset) + batch.lastOffsetDelta + 1;
        if ((batch.attributes & CONTROL_BATCH) !== 0) continue;
        for (const { offsetDelta, timestampDelta, value } of batch.records) {
          if (value === null) continue;
          messages.push({
            offset: Number(batch.firstOffset) + offsetDelta,
            timestampMs: Number(batch.firstTimestamp + timestampDelta),
            value,
          });
        }
      }
      all.push({ topic, index, messages, end, partitionEnd: Number(highWatermark) });
    }
  }
  return all;
}

function byTopic(places: readonly Place[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, index } of places) {
    const partitions = topics.get(topic);
    if (partitions) partitions.push(index);
    else topics.set(topic, [index]);
  }
  return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }));
}
