import type { Producer } from '@platformatic/kafka';
import { parseDuration, type Host } from '#component';
import { kafkaClientOptions } from '#net';
import type { KafkaExporterConfig } from './config.ts';
import type { Cluster } from './sender.ts';

// The library tries again by itself only what is over in a moment, such as a new leader; the queue does the rest.
const RETRIES = 2;
const RETRY_DELAY_MS = 200;
// A request that brokers have no time to answer in is given up so much later than they should have.
const ANSWER_MS = 5000;

export interface ConnectedCluster extends Cluster {
  close(): Promise<void>;
}

/** Loads the client library, 50 MB and most of a second, and makes a producer. Nothing is connected yet. */
export async function createCluster(config: KafkaExporterConfig, host: Host): Promise<ConnectedCluster> {
  const { required_acks: acks, compression, allow_auto_topic_creation: autocreateTopics } = config.producer;
  const options = kafkaClientOptions(config, host.fs);
  const timeoutMs = parseDuration(config.timeout);
  const { Producer: KafkaProducer, murmur2 } = await import('@platformatic/kafka');
  const producer: Producer = new KafkaProducer({
    ...options,
    acks,
    compression,
    autocreateTopics,
    timeout: timeoutMs,
    requestTimeout: timeoutMs + ANSWER_MS,
    retries: RETRIES,
    retryDelay: RETRY_DELAY_MS,
  });
  return {
    partitions: async (topics) => {
      const metadata = await producer.metadata({ topics: [...topics], autocreateTopics });
      return new Map(Array.from(metadata.topics, ([topic, { partitionsCount }]) => [topic, partitionsCount]));
    },
    hash: (key) => murmur2(key) & 0x7fff_ffff,
    send: async (messages) => {
      await producer.send({ messages: [...messages], acks, compression, autocreateTopics });
    },
    close: () => producer.close(),
  };
}
