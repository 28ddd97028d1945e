import { parseSize, RefusedError, type Exporter, type Host, type Settings } from '#component';
import type { LogBatch } from '#model';
import { brokersOf, kafkaRisk } from '#net';
import { offerDrafts, SendingQueue } from '#queue';
import { createCluster, type ConnectedCluster } from './cluster.ts';
import { partitionByOf, type KafkaExporterConfig } from './config.ts';
import { Packer } from './packer.ts';
import { Router } from './router.ts';
import { Sender } from './sender.ts';
import { CONTENT_TYPES, splitPayload } from './split.ts';

/** What exists between start and shutdown. */
interface Running {
  readonly cluster: ConnectedCluster;
  readonly queue: SendingQueue;
  readonly packer: Packer;
}

/**
 * Sends log records to Kafka.
 *
 *   batch ─▶ group by topic and key ─▶ messages ─▶ queue ─▶ produce, by partition ─▶ acknowledged
 *
 * `consume` is done with the batch when its messages are in the queue; the queue decides when what is sent.
 */
export class KafkaExporter implements Exporter {
  readonly mutates = false;
  readonly #config: KafkaExporterConfig;
  readonly #settings: Settings;
  #running: Running | undefined;

  constructor(config: KafkaExporterConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    const { id } = this.#settings;
    const risk = kafkaRisk(config);
    if (risk !== undefined) host.log.warn('A secret is not protected; give "tls".', { reason: risk });
    const router = new Router({
      topic: config.topic ?? config.logs.topic,
      topicFrom: config.topic_from_attribute,
      partitionBy: partitionByOf(config),
      agent: await agentOf(host),
    });
    const encoding = config.encoding ?? config.logs.encoding;
    const packer = new Packer({ encoding, bytesMax: parseSize(config.producer.max_message_bytes), router });
    const cluster = await createCluster(config, host);
    const sender = new Sender({ id, where: brokersOf(config).join(','), cluster, host });
    const queue = new SendingQueue({
      id,
      queue: config.sending_queue,
      retry: config.retry_on_failure,
      send: (payload, signal) => sender.send(payload, signal),
      split: splitPayload,
      host,
    });
    this.#running = { cluster, queue, packer };
    await queue.start();
  }

  async consume(batch: LogBatch): Promise<void> {
    const { queue, packer } = this.#need();
    const contentType = CONTENT_TYPES[this.#config.encoding ?? this.#config.logs.encoding];
    await offerDrafts(packer.parcels(batch), ({ body, rows, claims }) => queue.offer({ body, encoding: '', contentType, rows }, claims));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.queue.shutdown(signal);
    await running.cluster.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }
}

const AGENT_KEY = 'agent';

/** A name of this agent that stays, for the keys of its sources. */
async function agentOf({ storage, random }: Host): Promise<string> {
  const known = storage.get(AGENT_KEY);
  if (known) return Buffer.from(known).toString();
  const name = Math.floor(random() * 2 ** 52).toString(16);
  const transaction = storage.begin();
  storage.put(transaction, AGENT_KEY, name);
  await storage.commit(transaction);
  return name;
}
