import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import {
  decodeJsonRequest,
  decodeRequest,
  encodeResponse,
  encodeStatus,
  type ProtoLogRecord,
  type ProtoRequest,
  type ProtoResourceLogs,
  type ProtoScopeLogs,
} from './otlp-proto.ts';
import { SequenceBook, type SequenceCounts } from './sequence-book.ts';

/** What the sink does wrong to the next `times` requests, or to all until `mend()`. */
export type Fault = {
  readonly times?: number;
  /** The part of the requests that meets it, as if by chance but the same each time. Default: all. */
  readonly share?: number;
} & (
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: http.OutgoingHttpHeaders;
      readonly text?: string;
      readonly isPlain?: boolean;
    }
  /** Closes the connection; nothing is kept. */
  | { readonly kind: 'drop' }
  /** Keeps the records and closes the connection without an answer. */
  | { readonly kind: 'ackloss' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Keeps all but the last `rejected` records, and says so. */
  | { readonly kind: 'partial'; readonly rejected: number; readonly text?: string }
  /** Keeps the records and answers 200 with a body that cannot be read. */
  | { readonly kind: 'garbage' }
  /** Never answers. */
  | { readonly kind: 'silent' }
);

export interface SunkLog {
  readonly record: ProtoLogRecord;
  readonly resource: ProtoResourceLogs['resource'];
  readonly scope: ProtoScopeLogs['scope'];
}

export interface SunkRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly wireBytes: number;
  readonly bytes: number;
  readonly records: number;
  readonly status: number;
  /** True when the client showed a certificate that was accepted. */
  readonly isAuthorized: boolean;
}

export interface OtlpSinkOptions {
  readonly tls?: https.ServerOptions;
  readonly port?: number;
  /** Whether to keep the records, or only their numbers. */
  readonly keeps?: boolean;
}

export interface SinkCounts extends SequenceCounts {
  readonly requests: number;
  readonly connections: number;
}

const unzip = promisify<Buffer, Buffer>(gunzip);
const unzstd = promisify<Buffer, Buffer>(zstdDecompress);

/**
 * An OTLP/HTTP backend that a test owns: real sockets, protobufjs as its decoder, and faults on demand. Records with
 * `seq=<number>` in their body are counted by number, so that what is lost, repeated or out of order shows.
 */
export class OtlpSink {
  readonly logs: SunkLog[] = [];
  readonly requests: SunkRequest[] = [];
  readonly book: SequenceBook = new SequenceBook();
  /** Requests above so many bytes, decompressed, get 413. */
  bytesMax: number = Number.POSITIVE_INFINITY;
  /** Requests with a body that this is true for get 400. */
  refuses: (body: string) => boolean = () => false;
  readonly #options: OtlpSinkOptions;
  readonly #waiters = new Set<() => void>();
  #fault: Fault | undefined;
  #faultsLeft = 0;
  #server: http.Server | undefined;
  #port = 0;
  #connections = 0;
  #chance = 1;

  private constructor(options: OtlpSinkOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  static async start(options: OtlpSinkOptions = {}): Promise<OtlpSink> {
    const sink = new OtlpSink(options);
    await sink.up();
    return sink;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://localhost:${this.#port}`;
  }

  /** Bodies that are text, in the order they came. */
  get bodies(): string[] {
    return this.logs.map(({ record }) => record.body?.stringValue ?? '');
  }

  get counts(): SinkCounts {
    return { ...this.book.counts, requests: this.requests.length, connections: this.#connections };
  }

  fail(fault: Fault): void {
    this.#fault = fault;
    this.#faultsLeft = fault.times ?? Number.POSITIVE_INFINITY;
  }

  mend(): void {
    this.#fault = undefined;
    this.bytesMax = Number.POSITIVE_INFINITY;
    this.refuses = () => false;
  }

  /** Resolves when the condition holds; it is looked at after each request. */
  async until(condition: () => boolean, deadlineMs: number = 15_000): Promise<void> {
    const expired = AbortSignal.timeout(deadlineMs);
    while (!condition()) {
      if (expired.aborted) throw new Error(`not so within ${deadlineMs} ms; the sink has ${JSON.stringify(this.counts)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiters.delete(wake);
          expired.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.add(wake);
        expired.addEventListener('abort', wake);
      });
    }
  }

  /** Listens, on the port it had before if it was down. */
  async up(): Promise<void> {
    const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => void this.#answer(request, response);
    const { tls } = this.#options;
    this.#server = tls ? https.createServer(tls, answer) : http.createServer(answer);
    this.#server.on('connection', () => this.#connections++);
    this.#server.listen(this.#port);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes the port and all connections. */
  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
      await this.#judge(request, response, Buffer.concat(chunks));
    } catch (error) {
      if (!response.headersSent && !request.destroyed) response.writeHead(500).end(String(error));
    }
    for (const wake of this.#waiters) wake();
  }

  async #judge(request: http.IncomingMessage, response: http.ServerResponse, wire: Buffer): Promise<void> {
    const isJson = request.headers['content-type'] === 'application/json';
    const body = await decompressed(wire, request.headers['content-encoding']);
    const message = isJson ? decodeJsonRequest(body) : decodeRequest(body);
    const logs = logsOf(message);
    const fault = this.#takeFault();
    const note = (status: number): void => {
      const { url = '', headers, socket } = request;
      const isAuthorized = 'authorized' in socket && socket.authorized === true;
      this.requests.push({ path: url, headers, wireBytes: wire.length, bytes: body.length, records: logs.length, status, isAuthorized });
    };
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.kind === 'silent') return note(0);
    if (fault?.kind === 'drop' || fault?.kind === 'ackloss') {
      note(0);
      if (fault.kind === 'ackloss') this.#keep(logs);
      request.socket.destroy();
      return;
    }
    const refusal = this.#refusalOf(fault, body, logs);
    note(refusal?.status ?? 200);
    if (refusal) return refuse(response, refusal, isJson);
    const rejected = fault?.kind === 'partial' ? fault.rejected : 0;
    this.#keep(logs.slice(0, logs.length - rejected));
    const partial = fault?.kind === 'partial' ? { rejectedLogRecords: rejected, errorMessage: fault.text ?? '' } : undefined;
    const answer = fault?.kind === 'garbage' ? Buffer.from([0xff, 0xff]) : encodeAnswer(partial, isJson);
    response.writeHead(200, { 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }).end(answer);
  }

  #refusalOf(fault: Fault | undefined, body: Buffer, logs: readonly SunkLog[]): Extract<Fault, { kind: 'status' }> | undefined {
    if (fault?.kind === 'status') return fault;
    if (body.length > this.bytesMax) return { kind: 'status', status: 413 };
    const isRefused = logs.some(({ record }) => this.refuses(record.body?.stringValue ?? ''));
    return isRefused ? { kind: 'status', status: 400, text: 'a record is not acceptable' } : undefined;
  }

  #takeFault(): Fault | undefined {
    const fault = this.#fault;
    if (fault?.share !== undefined && this.#chanceNext() >= fault.share) return undefined;
    if (fault && --this.#faultsLeft <= 0) this.#fault = undefined;
    return fault;
  }

  /** A number in [0, 1), by a generator of Park and Miller. */
  #chanceNext(): number {
    this.#chance = (this.#chance * 48_271) % 2_147_483_647;
    return this.#chance / 2_147_483_647;
  }

  #keep(logs: readonly SunkLog[]): void {
    for (const log of logs) {
      this.book.enter(log.record.body?.stringValue ?? '', fileOf(log.record));
      if (this.#options.keeps ?? true) this.logs.push(log);
    }
  }
}

function fileOf({ attributes = [] }: ProtoLogRecord): string {
  return attributes.find(({ key }) => key === 'log.file.path' || key === 'log.file.name')?.value?.stringValue ?? '';
}

function decompressed(wire: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === 'gzip') return unzip(wire);
  if (encoding === 'zstd') return unzstd(wire);
  return encoding === undefined ? Promise.resolve(wire) : Promise.reject(new Error(`unknown encoding ${encoding}`));
}

function logsOf({ resourceLogs = [] }: ProtoRequest): SunkLog[] {
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, logRecords = [] }) => logRecords.map((record) => ({ record, resource, scope }))),
  );
}

function refuse(
  response: http.ServerResponse,
  { status, headers, text = '', isPlain }: Extract<Fault, { kind: 'status' }>,
  isJson: boolean,
): void {
  if (isPlain) {
    response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
    return;
  }
  const body = isJson ? JSON.stringify({ code: 3, message: text }) : encodeStatus({ code: 3, message: text });
  response.writeHead(status, { 'content-type': isJson ? 'application/json' : 'application/x-protobuf', ...headers }).end(body);
}

function encodeAnswer(partial: { rejectedLogRecords: number; errorMessage: string } | undefined, isJson: boolean): Uint8Array | string {
  const message = partial ? { partialSuccess: partial } : {};
  // OTLP/JSON writes 64-bit integers as strings.
  const text = partial ? { partialSuccess: { ...partial, rejectedLogRecords: String(partial.rejectedLogRecords) } } : {};
  return isJson ? JSON.stringify(text) : encodeResponse(message);
}
