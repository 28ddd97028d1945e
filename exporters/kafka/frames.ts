import { Buffer } from 'node:buffer';

/** One Kafka message to be, and the records in it. */
export interface Message {
  readonly topic: string;
  /** Messages of one key stay in order, since they go to one partition. Without a key any partition will do. */
  readonly key: Buffer | undefined;
  readonly rows: number;
  readonly value: Buffer;
}

/**
 * How messages lie in the body of a queued request, one behind the other, integers little-endian:
 *
 *   rows 4 | value bytes 4 | topic bytes 2 | key bytes 2 | topic | key | value
 */
const HEAD_BYTES = 12;
const NO_KEY = 0xffff;

export function frameBytes({ topic, key, value }: Message): number {
  return HEAD_BYTES + Buffer.byteLength(topic) + (key?.length ?? 0) + value.length;
}

/** Returns the end. */
export function writeFrame(out: Buffer, start: number, { topic, key, rows, value }: Message): number {
  let at = out.writeUInt32LE(rows, start);
  at = out.writeUInt32LE(value.length, at);
  at = out.writeUInt16LE(Buffer.byteLength(topic), at);
  at = out.writeUInt16LE(key?.length ?? NO_KEY, at);
  at += out.write(topic, at);
  if (key) at += key.copy(out, at);
  return at + value.copy(out, at);
}

export function writeFrames(messages: readonly Message[]): Buffer {
  let bytes = 0;
  for (const message of messages) bytes += frameBytes(message);
  const out = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const message of messages) at = writeFrame(out, at, message);
  return out;
}

/** Values and keys refer to the body. */
export function readFrames(body: Buffer): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < body.length;) {
    const rows = body.readUInt32LE(at);
    const valueBytes = body.readUInt32LE(at + 4);
    const topicBytes = body.readUInt16LE(at + 8);
    const keyBytes = body.readUInt16LE(at + 10);
    at += HEAD_BYTES;
    const topic = body.toString('utf8', at, at + topicBytes);
    at += topicBytes;
    const key = keyBytes === NO_KEY ? undefined : body.subarray(at, at + keyBytes);
    at += key?.length ?? 0;
    messages.push({ topic, key, rows, value: body.subarray(at, at + valueBytes) });
    at += valueBytes;
  }
  return messages;
}
