import type { Buffer } from 'node:buffer';
import { readJsonRequest, readRequest, writeJsonRequest, writeRequest } from '#otlp';
import type { Payload } from '#queue';
import type { Encoding } from './config.ts';
import { readFrames, writeFrames, type Message } from './frames.ts';

/** What the body of a queued request holds; a queue on disk may hold those of an earlier configuration. */
export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  otlp_proto: 'kafka-messages; encoding=otlp_proto',
  otlp_json: 'kafka-messages; encoding=otlp_json',
  raw: 'kafka-messages; encoding=raw',
};

/** Halves a request that brokers find too large, or of which they refuse something: by messages, then by records. */
export function splitPayload(payload: Payload): readonly [Payload, Payload] | undefined {
  const messages = readFrames(payload.body);
  const [only] = messages;
  if (!only || payload.rows < 2) return undefined;
  if (messages.length === 1) return halvesOf(halveMessage(only, payload.contentType), payload);
  const half = Math.ceil(messages.length / 2);
  return halvesOf([messages.slice(0, half), messages.slice(half)], payload);
}

function halveMessage({ topic, key, rows, value }: Message, contentType: string): [Message[], Message[]] {
  const isJson = contentType === CONTENT_TYPES.otlp_json;
  const read = isJson ? readJsonRequest : readRequest;
  const write = isJson ? writeJsonRequest : writeRequest;
  const half = Math.ceil(rows / 2);
  const first = read(value);
  for (let row = half; row < first.length; row++) first.drop(row, 'other half');
  const head: Buffer = write(first, 0, Number.POSITIVE_INFINITY).body;
  const tail: Buffer = write(read(value), half, Number.POSITIVE_INFINITY).body;
  return [[{ topic, key, rows: half, value: head }], [{ topic, key, rows: rows - half, value: tail }]];
}

function halvesOf([head, tail]: [Message[], Message[]], { encoding, contentType }: Payload): readonly [Payload, Payload] {
  const toPayload = (messages: Message[]): Payload => ({
    body: writeFrames(messages),
    encoding,
    contentType,
    rows: messages.reduce((sum, { rows }) => sum + rows, 0),
  });
  return [toPayload(head), toPayload(tail)];
}
