import { AssertionError } from 'node:assert';
import * as net from 'node:net';
import {
  Server,
  ServerCredentials,
  type ConnectionInjector,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { parseDuration, type Host } from '#component';
import { announce, HttpProblem, isServerAuthenticator, loadServerTls, parseEndpoint, reloadServerTls } from '#net';
import { statusOf } from './grpc-answers.ts';
import { GrpcCalls } from './grpc-calls.ts';
import type { GrpcServerConfig } from './grpc-config.ts';

export interface GrpcRequest {
  readonly body: Buffer;
  /** A number of the connection: what comes over it keeps its order. */
  readonly source: number;
  /** Aborted when the sender has gone. */
  readonly signal: AbortSignal;
}

export type GrpcMethod = (request: GrpcRequest) => Promise<Uint8Array>;

export interface GrpcServerSettings {
  readonly id: string;
  readonly config: GrpcServerConfig;
  /** Where the options stand, for messages. */
  readonly path: string;
  /** By path, such as `/opentelemetry.proto.collector.logs.v1.LogsService/Export`. They may throw HttpProblem. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
}

// What HTTP/2 begins with. A connection that has not said so much by then has nothing to say.
const PREFACE_BYTES = 24;
const PREFACE_MS = 10_000;
// An answer has left by then, if the sender reads at all.
const LINGER_MS = 500;

interface Connection {
  readonly socket: net.Socket;
  readonly source: number;
  readonly closed: Promise<void>;
}

/**
 * A gRPC server over connections of our own: the library speaks the protocol, but we accept, so that connections are
 * counted and bounded, TLS is that of all our servers, and each connection is a source.
 */
export class GrpcServer {
  readonly #settings: GrpcServerSettings;
  readonly #calls: GrpcCalls;
  /** By address and port of the sender, which is all that the library tells of a connection. */
  readonly #connections = new Map<string, Connection>();
  readonly #running = new Set<Promise<void>>();
  #sourceNext = 0;
  #host: Host | undefined;
  #listener: net.Server | undefined;
  #server: Server | undefined;
  #endReload: (() => void) | undefined;

  constructor(settings: GrpcServerSettings) {
    this.#settings = settings;
    this.#calls = new GrpcCalls(settings.config, (peer) => this.#drop(peer));
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    const address = this.#listener?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Listens, or rejects: the port is taken, the TLS files are wrong, there is no such authenticator. */
  async start(host: Host): Promise<void> {
    const { config, methods } = this.#settings;
    this.#host = host;
    // Other components name their sources by hashes; a random start keeps clear of them.
    this.#sourceNext = Math.floor(host.random() * 2 ** 50) + 1;
    this.#calls.start(host, config.auth && host.extension(config.auth.authenticator, isServerAuthenticator));
    const server = new Server({ ...optionsOf(config), interceptors: [this.#calls.intercept] });
    for (const [path, method] of methods) server.register(path, this.#handlerOf(method), asBuffer, asIs, 'unary');
    this.#server = server;
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = this.#createListener(host, (socket) => this.#accept(socket, injector));
    this.#listener = listener;
    listener.maxConnections = config.max_connections;
    const { host: name, port } = parseEndpoint(config.endpoint);
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port, ...(name !== '' && { host: name }) }, () => {
        listener.off('error', reject);
        listener.on('error', (problem) => host.log.warn('The server cannot take a connection.', { reason: problem.message }));
        resolve();
      });
    });
    announce(listener.address() as net.AddressInfo, { id: this.#settings.id, scheme: 'grpc', config }, host.log);
  }

  /** Takes no more calls, and resolves when those under way are answered; at `deadline` all are cut. */
  async close(deadline: AbortSignal): Promise<void> {
    const server = this.#server;
    const listener = this.#listener;
    this.#server = undefined;
    this.#listener = undefined;
    const host = this.#host;
    if (!server || !listener || !host) return;
    this.#endReload?.();
    const closed = listener.listening ? new Promise<void>((resolve) => listener.close(() => resolve())) : Promise.resolve();
    this.#calls.stop();
    const cut = new Promise<void>((resolve) => {
      if (deadline.aborted) resolve();
      else deadline.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([Promise.allSettled(this.#running), cut]);
    server.tryShutdown(() => {});
    // It has said good-bye to all connections; they end by themselves when the last answers have left, if their senders
    // have ended too. Those that have not are cut.
    const ended = Promise.all([...this.#connections.values()].map(({ closed: gone }) => gone));
    const lingering = new AbortController();
    await Promise.race([ended, cut, host.clock.sleep(LINGER_MS, lingering.signal)]);
    lingering.abort();
    for (const { socket } of this.#connections.values()) socket.destroy();
    await closed;
  }

  #handlerOf(method: GrpcMethod): handleUnaryCall<Buffer, Uint8Array> {
    return (call, callback) => {
      const running = this.#answer(method, call, callback);
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    };
  }

  async #answer(method: GrpcMethod, call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>): Promise<void> {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    const { request: body } = call;
    let release: (() => void) | undefined;
    let reply: Uint8Array | undefined;
    let failure: StatusObject | undefined;
    try {
      release = this.#calls.hold(body.length);
      reply = await method({ body, source: this.#connections.get(call.getPeer())?.source ?? 0, signal: gone.signal });
    } catch (problem) {
      if (problem instanceof AssertionError) this.#host?.fatal(problem);
      else if (!(problem instanceof HttpProblem)) this.#host?.log.error('A request has met a fault of the agent.', {}, problem);
      failure = statusOf(problem);
    } finally {
      release?.();
    }
    callback(failure ?? null, reply);
  }

  #accept(socket: net.Socket, injector: ConnectionInjector): void {
    const key = `${socket.remoteAddress}:${socket.remotePort}`;
    // A connection that breaks ends its calls, and those tell; there is nothing else to do about it.
    socket.on('error', () => {});
    const silent = this.#host?.clock.after(PREFACE_MS, () => {
      if (socket.bytesRead < PREFACE_BYTES) socket.destroy();
    });
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        silent?.cancel();
        this.#connections.delete(key);
        resolve();
      });
    });
    this.#connections.set(key, { socket, source: this.#sourceNext++, closed });
    injector.injectConnection(socket);
  }

  #drop(peer: string): void {
    const socket = this.#connections.get(peer)?.socket;
    if (socket) this.#host?.clock.after(LINGER_MS, () => socket.destroy());
  }

  #createListener(host: Host, accept: (socket: net.Socket) => void): net.Server {
    const { config, path } = this.#settings;
    if (!config.tls) return net.createServer({ noDelay: true }, accept);
    const loaded = loadServerTls(config.tls, host.fs, `${path}tls`);
    const listener = process
      .getBuiltinModule('node:tls')
      .createServer({ ...loaded, ALPNProtocols: ['h2'], handshakeTimeout: PREFACE_MS, noDelay: true }, accept);
    listener.on('tlsClientError', (_, socket) => socket.destroy());
    this.#endReload = reloadServerTls(listener, { config: config.tls, path: `${path}tls`, host });
    return listener;
  }
}

function optionsOf(config: GrpcServerConfig): object {
  const { server_parameters: own } = config.keepalive;
  const options: Record<string, number> = {
    'grpc.max_receive_message_length': config.max_recv_msg_size_mib * 1024 * 1024,
    'grpc.max_concurrent_streams': config.max_concurrent_streams,
    // Statistics of each call, for a debugging service that we do not offer.
    'grpc.enable_channelz': 0,
  };
  const times = {
    'grpc.max_connection_idle_ms': own.max_connection_idle,
    'grpc.max_connection_age_ms': own.max_connection_age,
    'grpc.max_connection_age_grace_ms': own.max_connection_age_grace,
    'grpc.keepalive_time_ms': own.time,
    'grpc.keepalive_timeout_ms': own.timeout,
  };
  for (const [name, given] of Object.entries(times)) {
    const ms = parseDuration(given);
    if (ms > 0) options[name] = ms;
  }
  return options;
}

/** Messages are bytes to the library. */
function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
