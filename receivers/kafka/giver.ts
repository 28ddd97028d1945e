import { crc32 } from 'node:zlib';
import { Delivery, offerUntilTaken, type Consumer, type Counter, type Host } from '#component';
import type { Fetched } from './client.ts';
import type { Partition } from './partition.ts';
import { RowReader, type KafkaMessage } from './rows.ts';
import type { Encoding } from './config.ts';

export interface GiverSettings {
  readonly id: string;
  readonly encoding: Encoding;
  readonly bytesMax: number;
  readonly next: Consumer;
  readonly host: Host;
  /** Aborted when the deadline of the shutdown has passed. */
  readonly deadline: AbortSignal;
}

/**
 * Gives messages to the pipeline, one batch after the other, and remembers which are on their way. Holds those up who
 * fetch more than the pipeline can make safe.
 */
export class Giver {
  readonly #settings: GiverSettings;
  readonly #rows: RowReader;
  readonly #messages: Counter;
  readonly #unreadable: Counter;
  readonly #givenUp: Counter;
  #unsettledBytes = 0;
  #unsettled = 0;
  #waiting: (() => void)[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(settings: GiverSettings) {
    const { metrics } = settings.host;
    this.#settings = settings;
    this.#rows = new RowReader(settings.encoding);
    this.#messages = metrics.counter('winnow_kafka_received_messages', 'Messages that were read, repeated ones each time.');
    this.#unreadable = metrics.counter(
      'winnow_kafka_unreadable_messages',
      'Messages that are not in the encoding they should be; dropped.',
    );
    this.#givenUp = metrics.counter('winnow_kafka_rewinds', 'Times the pipeline gave records up, so that a partition is read again.');
    metrics.gauge('winnow_receiver_unsettled_bytes', 'Bytes of messages neither delivered nor on disk.', () => this.#unsettledBytes);
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  /** Resolves when more may be fetched, or when the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#unsettledBytes >= this.#settings.bytesMax && !signal.aborted) await this.#change(signal);
  }

  /** Resolves when nothing is on its way, or when the signal aborts. */
  async quiet(signal: AbortSignal): Promise<void> {
    await this.#turn;
    while (this.#unsettled > 0 && !signal.aborted) await this.#change(signal);
  }

  /** Resolves when the pipeline has taken everything of this answer that is still wanted. */
  give(partition: Partition, fetched: Fetched, from: number): Promise<void> {
    const given = this.#turn.then(() => this.#giveAll(partition, fetched, from));
    this.#turn = given.catch(() => undefined);
    return given;
  }

  async #giveAll(partition: Partition, { messages: all, end, partitionEnd }: Fetched, from: number): Promise<void> {
    partition.end = partitionEnd;
    const messages = all.filter(({ offset }) => offset >= from);
    let expected = from;
    for (let i = 0; i < messages.length;) {
      // Another member has it, or it has been sent back to what the pipeline gave up: then this answer is of no use.
      if (!partition.isOurs || partition.position !== expected) return;
      const some = messages.slice(i, i + this.#rows.countFrom(messages, i));
      await this.#giveSome(partition, some);
      i += some.length;
      expected = (some.at(-1)?.offset ?? expected) + 1;
    }
    if (partition.isOurs && partition.position === expected && end > expected) partition.pass(end);
  }

  async #giveSome(partition: Partition, messages: readonly KafkaMessage[]): Promise<void> {
    const { next, host, deadline } = this.#settings;
    const end = (messages.at(-1)?.offset ?? 0) + 1;
    this.#messages.add(messages.length);
    const batch = this.#read(partition, messages);
    if (!batch || batch.liveRows === 0) return partition.pass(end);
    const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
    const settled = partition.give(end, () => this.#gaveUp(partition));
    this.#unsettledBytes += bytes;
    this.#unsettled++;
    const delivery = new Delivery(batch.liveRows, this.#sourceOf(partition), (outcome, transaction) => {
      settled(outcome, transaction);
      this.#unsettledBytes -= bytes;
      this.#unsettled--;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    batch.setDelivery(delivery);
    await offerUntilTaken(batch, { next, host, signal: deadline });
  }

  #read({ topic, index }: Partition, messages: readonly KafkaMessage[]): ReturnType<RowReader['read']> | undefined {
    const { host, encoding } = this.#settings;
    try {
      return this.#rows.read(messages, host.clock.now());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#unreadable.add(1);
      const facts = { topic, partition: index, offset: messages[0]?.offset, encoding, reason: error.message };
      host.log.error('A message cannot be read and is passed over; check "logs.encoding", and who else writes to the topic.', facts);
      return undefined;
    }
  }

  #gaveUp({ topic, index, safe }: Partition): void {
    this.#givenUp.add(1);
    this.#settings.host.log.warn('The pipeline gave records up; the partition is read again from there.', {
      topic,
      partition: index,
      offset: safe,
    });
  }

  /** The same in every life, so that what a queue on disk holds of a partition stays before what comes. */
  #sourceOf({ topic, index }: Partition): number {
    return crc32(`${this.#settings.id} ${topic} ${index}`);
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.push(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
