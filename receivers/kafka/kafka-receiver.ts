import {
  DestinationError,
  parseDuration,
  parseSize,
  Status,
  messageOf,
  type Consumer,
  type Host,
  type Receiver,
  type Settings,
} from '#component';
import { brokersOf, kafkaRisk, toKafkaFault } from '#net';
import { createClient, type Client } from './client.ts';
import type { KafkaReceiverConfig } from './config.ts';
import { Fetcher } from './fetcher.ts';
import { Giver } from './giver.ts';
import { Holdings } from './holdings.ts';

// How long a stop waits for records to become safe, and for brokers to hear of it. What does not is read again.
const STOPPING_MS = 2000;
const REJOIN_MS = 2000;

/** What exists between start and shutdown. */
interface Running {
  readonly host: Host;
  readonly client: Client;
  readonly holdings: Holdings;
  readonly giver: Giver;
  readonly fetcher: Fetcher;
}

/**
 * Reads topics of Kafka as a member of a group.
 *
 *   group ─▶ partitions ─▶ fetch, by broker ─▶ consume ─▶ settled ─▶ the group is told
 *
 * What the group is told is only what is delivered or on disk: after a crash, or when partitions go to another member,
 * that and no more is read again.
 */
export class KafkaReceiver implements Receiver {
  readonly #config: KafkaReceiverConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  readonly #stopping = new AbortController();
  readonly #deadline = new AbortController();
  #running: Running | undefined;
  #stopped: Promise<void> | undefined;
  #joining: Promise<void> | undefined;
  #telling: Promise<void> | undefined;
  #isInTrouble = false;

  constructor(config: KafkaReceiverConfig, settings: Settings, next: Consumer) {
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
  }

  /** Brokers that are away now are no reason not to start: they are asked until they answer. */
  async start(host: Host): Promise<void> {
    const config = this.#config;
    const risk = kafkaRisk(config);
    if (risk !== undefined) host.log.warn('A secret is not protected; give "tls".', { reason: risk });
    const client = await createClient(config, host);
    const stopping = this.#stopping.signal;
    const onTrouble = (problem: unknown): void => this.#trouble(host, problem);
    const onFine = (): void => this.#fine(host);
    const onGained = (): void => this.#running?.fetcher.wake();
    const holdings = new Holdings({ client, initialOffset: config.initial_offset, host, stopping, onGained, onTrouble });
    const giver = new Giver({
      id: this.#settings.id,
      encoding: config.encoding ?? config.logs.encoding,
      bytesMax: parseSize(config.max_unsettled_bytes),
      next: this.#next,
      host,
      deadline: this.#deadline.signal,
    });
    const fetcher = new Fetcher({ client, holdings, giver, host, stopping, onTrouble, onFine });
    const running: Running = { host, client, holdings, giver, fetcher };
    this.#running = running;
    host.metrics.gauge('winnow_kafka_partitions', 'Partitions that this member reads.', () => holdings.all.length);
    host.metrics.gauge('winnow_kafka_lag_messages', 'Messages of these that are not delivered or on disk.', () =>
      holdings.all.reduce((sum, { lag }) => sum + lag, 0),
    );
    client.onAssigned((places) => {
      const partitions = places.map(({ topic, index }) => `${topic}/${index}`).join(' ');
      host.log.info('Partitions were divided anew.', { group: config.group_id, count: places.length, partitions });
      onFine();
      void holdings.adopt(places).catch((problem: unknown) => host.fatal(problem));
    });
    client.onLost((problem) => {
      onTrouble(problem);
      this.#join(running);
    });
    this.#join(running);
    fetcher.start();
    this.#telling = this.#tell(running);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return Promise.resolve();
    this.#stopped ??= this.#stop(running, signal);
    return this.#stopped;
  }

  async #stop(running: Running, signal: AbortSignal): Promise<void> {
    const { host, client, giver, fetcher } = running;
    const heed = (): void => this.#deadline.abort();
    if (signal.aborted) heed();
    else signal.addEventListener('abort', heed, { once: true });
    this.#stopping.abort();
    await client.stopFetching().catch(() => undefined);
    await fetcher.stopped();
    const over = new AbortController();
    const patience = AbortSignal.any([signal, over.signal]);
    const timer = host.clock.after(STOPPING_MS, () => over.abort());
    await giver.quiet(patience);
    await this.#telling;
    const told = this.#tellNow(running).catch((problem: unknown) => {
      host.log.warn('Kafka could not be told how far it was read; what was read last comes again.', { reason: messageOf(problem) });
    });
    await Promise.race([told, aborted(patience)]);
    timer.cancel();
    await client.close().catch(() => undefined);
    await this.#joining;
    signal.removeEventListener('abort', heed);
  }

  /** Until we are a member. From then on the library keeps us one, or says that it could not. */
  #join(running: Running): void {
    this.#joining ??= this.#joinUntilDone(running).finally(() => (this.#joining = undefined));
  }

  async #joinUntilDone({ client, host }: Running): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        return await client.join();
      } catch (problem) {
        if (signal.aborted) return;
        this.#trouble(host, problem);
        await host.clock.sleep(REJOIN_MS, signal);
      }
    }
  }

  /** Tells the group now and then how far everything is settled. */
  async #tell(running: Running): Promise<void> {
    const { signal } = this.#stopping;
    const intervalMs = parseDuration(this.#config.autocommit.interval);
    while (!signal.aborted) {
      await running.host.clock.sleep(intervalMs, signal);
      if (!signal.aborted) await this.#tellNow(running).catch((problem: unknown) => this.#trouble(running.host, problem));
    }
  }

  async #tellNow({ client, holdings }: Running): Promise<void> {
    const news = holdings.all.filter(({ safe, told }) => safe > told).map((partition) => ({ partition, offset: partition.safe }));
    if (news.length === 0) return;
    await client.commit(news.map(({ partition: { topic, index }, offset }) => ({ topic, index, offset })));
    for (const { partition, offset } of news) partition.told = offset;
  }

  #trouble(host: Host, problem: unknown): void {
    const fault = toKafkaFault(problem, { who: this.#settings.id, where: brokersOf(this.#config).join(',') });
    const needsOperator = fault instanceof DestinationError;
    host.report(needsOperator ? Status.permanent : Status.recoverable, fault.message);
    const facts = { group: this.#config.group_id, reason: fault.message };
    if (needsOperator) host.log.error('Kafka does not let us read; it is tried until that is mended.', facts);
    else host.log.warn('Kafka does not answer as it should; it is tried again.', facts);
    this.#isInTrouble = true;
  }

  #fine(host: Host): void {
    if (!this.#isInTrouble) return;
    this.#isInTrouble = false;
    host.report(Status.ok);
    host.log.info('Kafka answers again.', { group: this.#config.group_id });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
