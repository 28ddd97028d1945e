import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { decompressSnappy } from '../../src/net/snappy.ts';

export interface Pushed {
  readonly labels: string;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly line: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const PROTO = `
syntax = "proto3";
message PushRequest { repeated Stream streams = 1; }
message Stream { string labels = 1; repeated Entry entries = 2; }
message Entry { Timestamp timestamp = 1; string line = 2; repeated Pair metadata = 3; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Pair { string name = 1; string value = 2; }
`;
const PushRequest = protobuf.parse(PROTO).root.lookupType('PushRequest');

interface Decoded {
  readonly streams?: readonly { readonly labels: string; readonly entries: readonly DecodedEntry[] }[];
}

interface DecodedEntry {
  readonly timestamp: { readonly seconds: string; readonly nanos?: number };
  readonly line?: string;
  readonly metadata?: readonly { readonly name: string; readonly value?: string }[];
}

/** Loki as far as those see it who push protobuf. Of several equal lines with equal time in a stream it keeps one. */
export class LokiServer {
  readonly pushed: Pushed[] = [];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>[] = [];
  requests = 0;
  /** Answers a request instead. */
  answer:
    | ((entries: readonly Pushed[]) => { readonly status: number; readonly type?: string; readonly body?: string } | undefined)
    | undefined;
  readonly #seen = new Set<string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.requests++;
        this.headers.push(request.headers);
        const { status, type, body = '' } = this.#take(request.url ?? '', request.headers['content-type'], Buffer.concat(chunks));
        response.writeHead(status, type === undefined ? {} : { 'content-type': type });
        response.end(body);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #take(url: string, type: string | undefined, body: Buffer): { status: number; type?: string; body?: string } {
    if (url !== '/loki/api/v1/push') return { status: 404, body: '404 page not found' };
    if (type !== 'application/x-protobuf') return { status: 400, body: 'unsupported content type' };
    const entries = decodePush(body);
    const other = this.answer?.(entries);
    if (other) return other;
    if (entries.some(({ labels }) => labels === '{}')) return { status: 400, body: 'error at least one label pair is required per stream' };
    for (const entry of entries) {
      const id = `${entry.labels} ${entry.time} ${entry.line}`;
      if (!this.#seen.has(id)) this.pushed.push(entry);
      this.#seen.add(id);
    }
    return { status: 204 };
  }
}

function decodePush(body: Buffer): Pushed[] {
  const message = PushRequest.decode(decompressSnappy(body, 1e9));
  const { streams = [] } = PushRequest.toObject(message, { longs: String }) as Decoded;
  return streams.flatMap(({ labels, entries }) =>
    entries.map(({ timestamp, line = '', metadata = [] }) => ({
      labels,
      time: BigInt(timestamp.seconds) * 1_000_000_000n + BigInt(timestamp.nanos ?? 0),
      line,
      metadata: Object.fromEntries(metadata.map(({ name, value = '' }) => [name, value])),
    })),
  );
}
