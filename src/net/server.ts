import assert from 'node:assert';
import type * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError, parseDuration, parseSize, type Counter, type Host } from '#component';
import { announce } from './announce.ts';
import { isServerAuthenticator, type ServerAuthenticator } from './auth.ts';
import { answerEarly } from './early-answer.ts';
import { BodyReader, PendingBytes, Share } from './server-body.ts';
import { parseEndpoint, type HttpServerConfig } from './server-config.ts';
import { Cors } from './server-cors.ts';
import { describePlainly, HttpProblem, type RequestHead, type Route, type ServerReply } from './server-reply.ts';
import { loadServerTls, reloadServerTls } from './tls-server.ts';

export interface HttpServerSettings {
  /** Who listens, for messages. */
  readonly id: string;
  readonly config: HttpServerConfig;
  /** Where the options stand in the component, for messages, e.g. `protocols.http.`; empty at its top. */
  readonly path: string;
  /** What answers a path; undefined is 404, described by `notFound` if it is there. */
  readonly routeOf: (path: string) => Route | undefined;
  readonly notFound?: NonNullable<Route['describe']>;
}

// One for all: making a reason with its stack costs more than reading a small request.
const GONE = new Error('the sender has gone');

/**
 * An HTTP server on which strangers may do their worst: heads, bodies (before and after decompression), connections, time
 * and the sum of everything pending are bounded. It knows nothing of what is sent; routes do.
 */
export class HttpServer {
  readonly #settings: HttpServerSettings;
  readonly #cors: Cors;
  readonly #pending: PendingBytes;
  readonly #bodies: BodyReader;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #counters = new Map<number, Counter>();
  readonly #sources = new WeakMap<object, number>();
  #sourceNext = 0;
  #host: Host | undefined;
  #server: http.Server | undefined;
  #authenticator: ServerAuthenticator | undefined;
  #endReload: (() => void) | undefined;

  constructor(settings: HttpServerSettings) {
    const { config } = settings;
    this.#settings = settings;
    this.#cors = new Cors(config.cors);
    this.#pending = new PendingBytes(parseSize(config.max_pending_size));
    const limits = { wireBytesMax: parseSize(config.max_request_body_size), bytesMax: parseSize(config.max_decompressed_body_size) };
    this.#bodies = new BodyReader(limits, this.#pending);
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Bytes of all bodies under way. */
  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /** Listens, or rejects: the port is taken, the TLS files are wrong, there is no such authenticator. */
  async start(host: Host): Promise<void> {
    const { config } = this.#settings;
    this.#host = host;
    if (config.auth) this.#authenticator = host.extension(config.auth.authenticator, isServerAuthenticator);
    const server = this.#create(host);
    this.#server = server;
    server.on('request', (request, response) => this.#track(request, response, false));
    server.on('checkContinue', (request, response) => this.#track(request, response, true));
    server.maxConnections = config.max_connections;
    const { host: name, port } = parseEndpoint(config.endpoint);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(name !== '' && { host: name }) }, () => {
        server.off('error', reject);
        // A connection that cannot be accepted, for lack of descriptors, is no reason to end.
        server.on('error', (problem) => host.log.warn('The server cannot take a connection.', { reason: problem.message }));
        resolve();
      });
    });
    announce(server.address() as AddressInfo, { id: this.#settings.id, scheme: 'http', config }, host.log);
    host.metrics.gauge(
      'winnow_receiver_pending_bytes',
      'Bytes of requests that are read or wait for the pipeline.',
      () => this.pendingBytes,
    );
  }

  /**
   * Takes no more requests, and resolves when those under way are answered. Those that are still being sent are
   * answered 503; at `deadline` all are cut.
   */
  async close(deadline: AbortSignal): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.#endReload?.();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#closing.abort();
    const cut = new Promise<void>((resolve) => {
      if (deadline.aborted) resolve();
      else deadline.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([Promise.allSettled(this.#running), cut]);
    // The last answers are still on their way to the sockets.
    await new Promise((resolve) => setImmediate(resolve));
    server.closeAllConnections();
    await closed;
  }

  #create(host: Host): http.Server {
    const { config, path } = this.#settings;
    const headMs = parseDuration(config.read_header_timeout);
    const requestMs = parseDuration(config.read_timeout);
    const options: http.ServerOptions = {
      headersTimeout: headMs,
      requestTimeout: requestMs,
      keepAliveTimeout: config.keep_alives_enabled ? parseDuration(config.idle_timeout) : 1,
      maxHeaderSize: parseSize(config.max_header_size),
      // How often Node looks for those that are too slow.
      connectionsCheckingInterval: Math.min(5000, Math.max(50, Math.min(headMs || requestMs, requestMs || headMs) / 4)),
    };
    if (!config.tls) return process.getBuiltinModule('node:http').createServer(options);
    const loaded = loadServerTls(config.tls, host.fs, `${path}tls`);
    const server = process
      .getBuiltinModule('node:https')
      .createServer({ ...options, ...loaded, handshakeTimeout: headMs || 10_000, ALPNProtocols: ['http/1.1'] });
    this.#endReload = reloadServerTls(server, { config: config.tls, path: `${path}tls`, host });
    return server;
  }

  #track(request: http.IncomingMessage, response: http.ServerResponse, expectsContinue: boolean): void {
    const running = this.#answer(request, response, expectsContinue).catch((problem: unknown) => {
      this.#host?.log.error('A request could not be answered.', {}, problem);
      request.destroy();
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse, expectsContinue: boolean): Promise<void> {
    const head = headOf(request, this.#sourceOf(request.socket));
    const route = this.#settings.routeOf(head.path);
    const share = new Share(this.#pending);
    let reply: ServerReply;
    try {
      reply = await this.#reply({ request, response, head, route, share, expectsContinue });
    } catch (error) {
      if (error instanceof assert.AssertionError) this.#host?.fatal(error);
      const problem = this.#problemOf(error);
      const described = (route ? route.describe?.(problem, head) : this.#settings.notFound?.(problem, head)) ?? describePlainly(problem);
      reply = { ...described, headers: { ...problem.headers, ...described.headers } };
    } finally {
      share.release();
    }
    this.#send(request, response, reply);
  }

  async #reply({ request, response, head, route, share, expectsContinue }: Exchange): Promise<ServerReply> {
    if (!this.#cors.isAllowed(head.headers)) throw new HttpProblem(403, 'pages of this origin may not send; see the option "cors"');
    if (!route) throw new HttpProblem(404, `there is nothing at ${head.path.slice(0, 100)}`);
    const allow = route.methods.join(', ');
    if (head.method === 'OPTIONS') {
      if (head.headers.origin !== undefined) return { status: 204, headers: this.#cors.preflight(head.headers, route.methods) };
      // Docker starts no container with its Splunk driver before this was answered 200, and shows no token here.
      return { status: 200, headers: { allow } };
    }
    if (!route.methods.includes(head.method)) {
      throw new HttpProblem(405, `expected ${allow}, got ${head.method}`, { allow });
    }
    const subject = await this.#authenticate(head);
    route.check?.(head);
    const decompress = this.#bodies.admit(request);
    if (expectsContinue) response.writeContinue();
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(GONE);
    });
    const body = await this.#bodies.read(request, { decompress, share, signal: this.#closing.signal });
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) this.#bodies.release(body);
      isReleased = true;
    };
    return route.handle({ ...head, body, subject, signal: gone.signal, release });
  }

  async #authenticate({ headers }: RequestHead): Promise<string | undefined> {
    if (!this.#authenticator) return undefined;
    const decision = await this.#authenticator.authenticate(headers);
    if (decision.isAllowed) return decision.subject;
    throw new HttpProblem(401, 'the credentials are missing or wrong', { 'www-authenticate': decision.challenge });
  }

  #problemOf(error: unknown): HttpProblem {
    if (error instanceof HttpProblem) return error;
    if (error instanceof ConfigError) return new HttpProblem(500, error.message);
    this.#host?.log.error('A request has met a fault of the agent.', { component: this.#settings.id }, error);
    return new HttpProblem(500, 'a fault of the agent; its log says more');
  }

  #send(request: http.IncomingMessage, response: http.ServerResponse, reply: ServerReply): void {
    this.#count(reply.status);
    if (response.destroyed) return;
    const { body = '' } = reply;
    const hasNoBody = reply.status === 204 || reply.status === 304;
    const closes = this.#closing.signal.aborted || !this.#settings.config.keep_alives_enabled;
    const cors = this.#cors.isAllowed(request.headers) ? this.#cors.headersFor(request.headers) : {};
    response.writeHead(reply.status, {
      ...cors,
      ...(reply.contentType !== undefined && { 'content-type': reply.contentType }),
      ...(!hasNoBody && { 'content-length': Buffer.byteLength(body) }),
      ...(closes && { connection: 'close' }),
      ...reply.headers,
    });
    const shown = hasNoBody || request.method === 'HEAD' ? '' : body;
    if (request.complete) response.end(shown);
    else answerEarly(request, response, shown);
  }

  #sourceOf(socket: object): number {
    let source = this.#sources.get(socket);
    if (source === undefined) {
      // Other components name their sources by hashes; a random start keeps clear of them.
      source = this.#sourceNext || Math.floor((this.#host?.random() ?? 0) * 2 ** 50) + 1;
      this.#sourceNext = source + 1;
      this.#sources.set(socket, source);
    }
    return source;
  }

  #count(status: number): void {
    let counter = this.#counters.get(status);
    if (!counter) {
      const labels = { code: String(status) };
      counter = this.#host?.metrics.counter('winnow_receiver_requests', 'Requests answered, by status.', labels);
      if (counter) this.#counters.set(status, counter);
    }
    counter?.add(1);
  }
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly head: RequestHead;
  readonly route: Route | undefined;
  readonly share: Share;
  readonly expectsContinue: boolean;
}

function headOf(request: http.IncomingMessage, source: number): RequestHead {
  // A proxy may ask with the whole address.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const [contentType = ''] = (request.headers['content-type'] ?? '').split(';');
  return {
    method: request.method ?? '',
    path: path === '' ? '/' : path,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: request.headers,
    contentType: contentType.trim().toLowerCase(),
    remoteAddress: request.socket.remoteAddress ?? '',
    source,
  };
}
