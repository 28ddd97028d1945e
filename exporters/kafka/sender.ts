import type { Buffer } from 'node:buffer';
import { DestinationError, PermanentError, RetryableError, type Counter, type Host } from '#component';
import { toKafkaFault } from '#net';
import type { Payload, SendResult } from '#queue';
import { readFrames, writeFrames, type Message } from './frames.ts';

/** One message as the client library takes it. */
interface Outgoing {
  readonly topic: string;
  readonly partition: number;
  readonly key?: Buffer;
  readonly value: Buffer;
}

/** What is needed of the client library. */
export interface Cluster {
  /** Partitions of each of these topics, by name. */
  partitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The partition of a key, as any producer of Kafka would choose it, before it is brought into the topic's range. */
  hash(key: Buffer): number;
  /** Resolves when as many replicas have the messages as asked for. */
  send(messages: readonly Outgoing[]): Promise<void>;
}

export interface SenderSettings {
  readonly id: string;
  readonly where: string;
  readonly cluster: Cluster;
  readonly host: Host;
}

interface Share {
  readonly topic: string;
  readonly partition: number;
  readonly messages: Message[];
}

type Fault = RetryableError | DestinationError | PermanentError;

/**
 * Makes one attempt to send one request. What goes to different partitions is sent, and answered, apart: what one
 * partition has taken is not sent again because another has not.
 */
export class Sender {
  readonly #settings: SenderSettings;
  readonly #sentBytes: Counter;
  readonly #sentMessages: Counter;
  /** For messages without a key. */
  #turn = 0;

  constructor(settings: SenderSettings) {
    const { metrics } = settings.host;
    this.#settings = settings;
    this.#sentBytes = metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
    this.#sentMessages = metrics.counter('winnow_kafka_sent_messages', 'Messages that brokers have taken.');
  }

  /** Throws RetryableError, DestinationError or PermanentError when no partition has taken anything. */
  async send(payload: Payload, signal: AbortSignal): Promise<SendResult> {
    const shares = await this.#attempt(this.#divide(readFrames(payload.body)), signal);
    const answers = await Promise.all(shares.map((share) => this.#attempt(this.#sendShare(share), signal).then(nothing, asFault)));
    const refused = pick(shares, answers, (fault) => fault instanceof PermanentError);
    const again = pick(shares, answers, (fault) => fault !== undefined && !(fault instanceof PermanentError));
    const [refusal] = refused.faults;
    const [failure] = again.faults;
    if (refused.shares.length + again.shares.length === shares.length && !(refusal && failure)) throw refusal ?? failure ?? new Error();
    return {
      rejected: 0,
      ...(refusal instanceof PermanentError && { refused: { payload: payloadOf(refused.shares, payload), problem: refusal } }),
      ...(failure && !(failure instanceof PermanentError) && { again: { payload: payloadOf(again.shares, payload), problem: failure } }),
    };
  }

  async #divide(messages: readonly Message[]): Promise<Share[]> {
    const { cluster } = this.#settings;
    const counts = await cluster.partitions([...new Set(messages.map(({ topic }) => topic))]);
    const shares = new Map<string, Share>();
    this.#turn++;
    let previous: Message | undefined;
    let share: Share | undefined;
    for (const message of messages) {
      // Of neighbours most have one key, and for small messages this is the dearest step.
      if (!previous || !share || !isAlike(previous, message)) {
        const { topic, key } = message;
        const partition = (key ? cluster.hash(key) : this.#turn) % (counts.get(topic) ?? 1);
        const place = `${topic} ${partition}`;
        share = shares.get(place) ?? { topic, partition, messages: [] };
        shares.set(place, share);
      }
      share.messages.push(message);
      previous = message;
    }
    return [...shares.values()];
  }

  async #sendShare({ topic, partition, messages }: Share): Promise<void> {
    for (const { value } of messages) this.#sentBytes.add(value.length);
    await this.#settings.cluster.send(messages.map(({ key, value }) => ({ topic, partition, value, ...(key && { key }) })));
    this.#sentMessages.add(messages.length);
  }

  /** The library knows no way to take a request back. When the deadline has passed, its answer is no longer waited for. */
  async #attempt<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const { id, where } = this.#settings;
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(new RetryableError(`${id}: ${where}: no answer came before the agent had to stop`));
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
    try {
      return await Promise.race([answer, aborted]);
    } catch (error) {
      throw error instanceof RetryableError ? error : toKafkaFault(error, { who: id, where });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

function isAlike(a: Message, b: Message): boolean {
  if (a.topic !== b.topic) return false;
  return a.key && b.key ? a.key.equals(b.key) : a.key === b.key;
}

function nothing(): undefined {
  return undefined;
}

function asFault(error: unknown): Fault {
  if (error instanceof RetryableError || error instanceof DestinationError || error instanceof PermanentError) return error;
  throw error;
}

function pick(
  shares: readonly Share[],
  answers: readonly (Fault | undefined)[],
  isWanted: (fault: Fault | undefined) => boolean,
): { readonly shares: readonly Share[]; readonly faults: readonly Fault[] } {
  const picked = shares.filter((_, i) => isWanted(answers[i]));
  return {
    shares: picked,
    faults: answers.filter((fault) => fault !== undefined && isWanted(fault)).filter((fault) => fault !== undefined),
  };
}

function payloadOf(shares: readonly Share[], { encoding, contentType }: Payload): Payload {
  const messages = shares.flatMap((share) => share.messages);
  return { body: writeFrames(messages), encoding, contentType, rows: messages.reduce((sum, { rows }) => sum + rows, 0) };
}
