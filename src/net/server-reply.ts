import type { IncomingHttpHeaders } from 'node:http';
import type { Buffer } from 'node:buffer';

/** What is known of a request before its body is read. */
export interface RequestHead {
  readonly method: string;
  /** Without the query; percent signs are as they came. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Content-Type without parameters, in lower case; empty when there is none. */
  readonly contentType: string;
  /** Address of the sender, or of the last proxy before us. */
  readonly remoteAddress: string;
  /** A number of the connection, as the source of what comes over it: a sender's records keep their order. */
  readonly source: number;
}

export interface ServerRequest extends RequestHead {
  /** Decompressed. It is the handler's until the promise it returned has settled. */
  readonly body: Buffer;
  /** Whom the authenticator has recognised. */
  readonly subject: string | undefined;
  /** Aborted when the server stops or the sender has gone: an answer is of no use any more. */
  readonly signal: AbortSignal;
  /** May be called when nobody will ever refer to the body again; its memory then serves another request. */
  release(): void;
}

export interface ServerReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: Uint8Array | string;
}

/** A request that is answered with an error. Handlers may throw it too. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpProblem';
    this.status = status;
    this.headers = headers;
  }

  /** With Retry-After, in whole seconds and at least one. */
  static later(status: 429 | 503, message: string, afterMs: number = 1000): HttpProblem {
    return new HttpProblem(status, message, { 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) });
  }
}

/** What answers one path. */
export interface Route {
  /** In upper case. HEAD is not implied. */
  readonly methods: readonly string[];
  /** Throws HttpProblem (415) before the body is read. */
  check?(head: RequestHead): void;
  handle(request: ServerRequest): ServerReply | Promise<ServerReply>;
  /** The answer to an error, in the form the senders of this path expect; text without it. */
  describe?(problem: HttpProblem, head: RequestHead): ServerReply;
}

export function describePlainly({ status, message }: HttpProblem): ServerReply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${message}\n` };
}
