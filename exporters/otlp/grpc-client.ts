import { Buffer } from 'node:buffer';
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from 'node:http2';
import { DestinationError, RetryableError } from '#component';
import { toFault, withoutSecrets } from '#net';
import type { GrpcAnswer } from './answer.ts';
import { Code, codeOfHttp } from './code.ts';
import { Connection, type Call, type ConnectionSettings } from './connection.ts';

export interface GrpcClientSettings extends ConnectionSettings {
  /** For one call, from its beginning to the end of the answer; 0 means without end. */
  readonly timeoutMs: number;
}

export interface Message {
  readonly body: Buffer;
  /** What the body is compressed with, or empty. */
  readonly encoding: string;
}

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

const { NGHTTP2_CANCEL } = process.getBuiltinModule('node:http2').constants;
const PREFIX_BYTES = 5;
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Calls methods that take one message and answer with one, over HTTP/2 (gRPC's doc/PROTOCOL-HTTP2.md). Messages come in
 * protobuf, and compressed already if they are to be.
 */
export class GrpcClient {
  readonly #settings: GrpcClientSettings;
  readonly #connection: Connection;
  readonly #where: string;

  constructor(settings: GrpcClientSettings) {
    this.#settings = settings;
    this.#connection = new Connection(settings);
    this.#where = settings.target.socket ?? withoutSecrets(settings.target.url);
  }

  get where(): string {
    return this.#where;
  }

  /** Throws ConfigError. */
  prepare(): void {
    this.#connection.prepare();
  }

  /** Resolves with whatever the backend answers. Throws RetryableError or DestinationError when it does not. */
  async call(path: string, message: Message, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<GrpcAnswer> {
    const { timeoutMs } = this.#settings;
    let begun: Call | undefined;
    try {
      begun = this.#connection.begin({
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
        'content-type': 'application/grpc',
        'grpc-accept-encoding': 'identity',
        ...(timeoutMs > 0 && { 'grpc-timeout': timeoutText(timeoutMs) }),
        ...(message.encoding !== '' && { 'grpc-encoding': message.encoding }),
        ...headers,
      });
      return await this.#exchange(begun, message, signal);
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      throw this.#faultOf(begun?.fault() ?? error);
    }
  }

  close(): void {
    this.#connection.close();
  }

  #exchange(call: Call, { body, encoding }: Message, signal: AbortSignal): Promise<GrpcAnswer> {
    const { timeoutMs, host, id } = this.#settings;
    const { stream } = call;
    return new Promise((resolve, reject) => {
      let fault: unknown;
      const end = (reason: string): void => {
        fault ??= new RetryableError(`${id}: ${reason}`);
        stream.close(NGHTTP2_CANCEL);
        call.leave();
      };
      const giveUp = (): void => end(`the request to ${this.#where} was given up`);
      const late = (): void => end(`no answer from ${this.#where} within ${timeoutMs / 1000}s; see the option "timeout"`);
      const timer = timeoutMs > 0 ? host.clock.after(timeoutMs, late) : undefined;
      signal.addEventListener('abort', giveUp, { once: true });
      const answer = new Answer(stream);
      stream.on('error', (error) => (fault ??= error));
      stream.once('close', () => {
        timer?.cancel();
        signal.removeEventListener('abort', giveUp);
        const whole = answer.read();
        if (whole) resolve(whole);
        else reject(fault ?? call.fault() ?? new RetryableError(`${id}: cannot reach ${this.#where}: the connection was closed`));
      });
      if (signal.aborted) return giveUp();
      stream.cork();
      stream.write(prefixOf(body.length, encoding !== ''));
      stream.end(body);
      stream.uncork();
    });
  }

  #faultOf(error: unknown): Error {
    const attempt = { who: this.#settings.id, where: this.#where };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_HTTP2_ERROR') {
      const hint = 'it does not speak HTTP/2; OTLP over gRPC is on port 4317 by custom, what is on 4318 wants the exporter "otlp_http"';
      return new DestinationError(`${attempt.who}: cannot understand ${attempt.where}: ${hint} (${cause.message})`, { cause });
    }
    return toFault(cause, attempt);
  }
}

/** Collects what comes back. */
class Answer {
  #head: Head = {};
  #trailers: IncomingHttpHeaders = {};
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(stream: ClientHttp2Stream) {
    stream.on('response', (head) => (this.#head = head));
    stream.on('trailers', (trailers) => (this.#trailers = trailers));
    stream.on('data', (chunk: Buffer) => {
      if (this.#bytes < ANSWER_BYTES_MAX) this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    });
    // An answer may come before the request was read to its end; nothing more of that may be sent.
    stream.on('end', () => {
      if (!stream.writableFinished) stream.close(NGHTTP2_CANCEL);
    });
  }

  /** Undefined when the connection broke before a status came. */
  read(): GrpcAnswer | undefined {
    const status = this.#head[':status'];
    // Without a message the status may come in the head.
    const last = this.#trailers['grpc-status'] === undefined ? this.#head : this.#trailers;
    const code = textOf(last['grpc-status']);
    if (code === undefined) {
      if (status === undefined || (status === 200 && this.#isGrpc())) return undefined;
      return { code: codeOfHttp(status), message: `HTTP status ${status} without one of gRPC`, details: EMPTY, body: undefined };
    }
    return {
      code: /^\d+$/.test(code) ? Number(code) : Code.UNKNOWN,
      message: decoded(textOf(last['grpc-message']) ?? ''),
      details: Buffer.from(textOf(last['grpc-status-details-bin']) ?? '', 'base64'),
      body: messageIn(Buffer.concat(this.#chunks)),
    };
  }

  #isGrpc(): boolean {
    return textOf(this.#head['content-type'])?.startsWith('application/grpc') ?? false;
  }
}

const EMPTY = Buffer.alloc(0);

function prefixOf(bytes: number, isCompressed: boolean): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(bytes, 1);
  return prefix;
}

/** Undefined when it is compressed, which we have not agreed to, or not whole. */
function messageIn(bytes: Buffer): Buffer | undefined {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return undefined;
  const end = PREFIX_BYTES + bytes.readUInt32BE(1);
  return end <= bytes.length ? bytes.subarray(PREFIX_BYTES, end) : undefined;
}

/** At most eight digits, as the protocol wants it. */
function timeoutText(ms: number): string {
  return ms < 1e8 ? `${Math.ceil(ms)}m` : `${Math.ceil(ms / 1000)}S`;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
