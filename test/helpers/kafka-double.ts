import { Buffer } from 'node:buffer';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Reader, readRecordsBatches, Writer } from '@platformatic/kafka';

const PRODUCE = 0;
const METADATA = 3;
const API_VERSIONS = 18;
/** The versions that are understood here, none with compact fields but the one that asks for versions. */
const VERSIONS: readonly (readonly [number, number, number])[] = [
  [PRODUCE, 7, 7],
  [METADATA, 8, 8],
  [API_VERSIONS, 0, 3],
];
const NODE = 1;

export const KafkaCode = {
  none: 0,
  unknownTopic: 3,
  notLeader: 6,
  tooLarge: 10,
  notEnoughReplicas: 19,
  invalidRecord: 87,
  denied: 29,
} as const;

export interface TakenMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | undefined;
  readonly value: Buffer;
}

/**
 * As much of a Kafka broker as a producer needs: one node, every topic with some partitions, and answers a test chooses.
 * What a real broker does is tested with a real one; this one fails when asked to.
 */
export class KafkaDouble {
  readonly messages: TakenMessage[] = [];
  requests = 0;
  partitions = 3;
  /** The code to answer with, for each partition of a produce request. */
  answer: (topic: string, partition: number, messages: readonly TakenMessage[]) => number = () => KafkaCode.none;
  readonly #server: Server = createServer((socket) => this.serve(socket));
  readonly #sockets = new Set<Socket>();
  #port = 0;

  async listen(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
    this.#port = (this.#server.address() as AddressInfo).port;
    return `127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Speaks to a client that came to `port`, of this server or another one. */
  serve(socket: Socket, port: number = this.#port): void {
    this.#sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
        const end = 4 + pending.readUInt32BE(0);
        socket.write(this.#reply(pending.subarray(4, end), port));
        pending = pending.subarray(end);
      }
    });
  }

  #reply(request: Buffer, port: number): Buffer {
    const reader = Reader.from(request);
    const api = reader.readInt16();
    const version = reader.readInt16();
    const correlation = reader.readInt32();
    reader.readNullableString(false);
    const writer = Writer.create().appendInt32(correlation);
    if (api === API_VERSIONS) this.#writeVersions(writer, version);
    else if (api === METADATA) this.#writeMetadata(writer, reader, port);
    else this.#writeProduced(writer, reader);
    return writer.prependLength().buffer;
  }

  #writeVersions(writer: Writer, version: number): void {
    const isFlexible = version >= 3;
    writer
      .appendInt16(0)
      .appendArray([...VERSIONS], (w, [api, min, max]) => w.appendInt16(api).appendInt16(min).appendInt16(max), isFlexible, isFlexible);
    writer.appendInt32(0);
    if (isFlexible) writer.appendTaggedFields();
  }

  #writeMetadata(writer: Writer, reader: Reader, port: number): void {
    const topics = reader.readNullableArray((r) => r.readString(false), false, false) ?? [];
    const partitions = Array.from({ length: this.partitions }, (_, i) => i);
    writer
      .appendInt32(0)
      .appendArray(
        [NODE],
        (w, node) => w.appendInt32(node).appendString('127.0.0.1', false).appendInt32(port).appendString(null, false),
        false,
        false,
      )
      .appendString('double', false)
      .appendInt32(NODE)
      .appendArray(
        topics,
        (w, topic) => {
          w.appendInt16(0).appendString(topic, false).appendBoolean(false);
          w.appendArray(partitions, writePartition, false, false).appendInt32(0);
        },
        false,
        false,
      )
      .appendInt32(0);
  }

  #writeProduced(writer: Writer, reader: Reader): void {
    this.requests++;
    reader.readNullableString(false);
    reader.readInt16();
    reader.readInt32();
    const topics = reader.readArray(
      (r) => {
        const topic = r.readString(false);
        return { topic, partitions: r.readArray((each) => this.#take(topic, each), false, false) };
      },
      false,
      false,
    );
    writer
      .appendArray(
        topics,
        (w, { topic, partitions }) =>
          w
            .appendString(topic, false)
            .appendArray(
              partitions,
              (each, { partition, code }) => each.appendInt32(partition).appendInt16(code).appendInt64(0n).appendInt64(-1n).appendInt64(0n),
              false,
              false,
            ),
        false,
        false,
      )
      .appendInt32(0);
  }

  #take(topic: string, reader: Reader): { partition: number; code: number } {
    const partition = reader.readInt32();
    const batches = readRecordsBatches(Reader.from(reader.readBytes(false)));
    const messages = batches.flatMap(({ records }) =>
      records.map(({ key, value }) => ({ topic, partition, key: key?.toString(), value: Buffer.from(value ?? []) })),
    );
    const code = this.answer(topic, partition, messages);
    if (code === KafkaCode.none) this.messages.push(...messages);
    return { partition, code };
  }
}

function writePartition(writer: Writer, index: number): void {
  const nodes = (w: Writer, node: number): Writer => w.appendInt32(node);
  writer.appendInt16(0).appendInt32(index).appendInt32(NODE).appendInt32(0);
  writer.appendArray([NODE], nodes, false, false).appendArray([NODE], nodes, false, false).appendArray([], nodes, false, false);
}
