import type * as net from 'node:net';
import { messageOf, type Counter, type Host } from '#component';
import type { SharedAttributes } from '#model';
import { loadServerTls, reloadServerTls, type Intake } from '#net';
import type { Framing, TcpConfig } from './config.ts';
import { Framer, FramingError } from './framer.ts';
import { addressOf, listen } from './listen.ts';
import { addMessage } from './message.ts';
import { toShared } from './peer.ts';

const KEEP_ALIVE_MS = 60_000;
// At the end: what the kernel has already taken from a sender is read until it is quiet for so long, and no longer than that.
const QUIET_MS = 50;
const DRAIN_MAX_MS = 2000;

export interface TcpSettings {
  readonly id: string;
  readonly config: TcpConfig;
  readonly framing: Framing;
  readonly attributes: Readonly<Record<string, string>>;
  readonly intake: Intake;
  readonly host: Host;
}

/** Takes messages from TCP or TLS. A sender is not read from while there is no room for what it has sent. */
export class TcpListener {
  readonly #settings: TcpSettings;
  readonly #sockets = new Map<net.Socket, Promise<void>>();
  readonly #shared: SharedAttributes;
  readonly #refused: Counter;
  readonly #broken: Counter;
  #server: net.Server | undefined;
  #isStopped = false;
  #endReload: (() => void) | undefined;

  constructor(settings: TcpSettings) {
    const { metrics } = settings.host;
    this.#settings = settings;
    this.#shared = toShared(settings.attributes);
    this.#refused = metrics.counter('winnow_syslog_refused_connections', 'Connections closed because there were too many.');
    this.#broken = metrics.counter('winnow_syslog_broken_connections', 'Connections that ended with an error.');
    metrics.gauge('winnow_syslog_connections', 'Open connections.', () => this.#sockets.size);
  }

  /** Resolves to the port. */
  async start(): Promise<number> {
    const { config, host } = this.#settings;
    const server = this.#createServer();
    this.#server = server;
    server.maxConnections = config.max_connections;
    server.on('drop', () => this.#drop());
    // A connection that fails before it is one: a sender without TLS, or without a certificate that is trusted.
    server.on('tlsClientError', (problem: Error) => {
      this.#broken.add(1);
      host.log.debug('A sender could not be spoken to with TLS.', { reason: problem.message });
    });
    const address = await listen(server, config.listen_address);
    server.on('error', (problem: Error) => host.log.error('Listening for syslog on TCP has failed.', {}, problem));
    return address.port;
  }

  /**
   * Resolves when every connection is closed and what was read from it is added. Senders believe that what the kernel has
   * taken has arrived, so that is read first, for a while.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#endReload?.();
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const destroyAll = (): void => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    };
    if (signal.aborted) destroyAll();
    signal.addEventListener('abort', destroyAll, { once: true });
    const limit = this.#settings.host.clock.after(DRAIN_MAX_MS, destroyAll);
    for (const socket of this.#sockets.keys()) this.#closeWhenQuiet(socket);
    await Promise.all(this.#sockets.values());
    limit.cancel();
    signal.removeEventListener('abort', destroyAll);
    await closed;
  }

  #closeWhenQuiet(socket: net.Socket): void {
    const { intake } = this.#settings;
    const wait = (): void => {
      socket.setTimeout(QUIET_MS, () => {
        const { bytesRead } = socket;
        // On a busy machine the time may be over without a turn for the socket. What the kernel holds is read before this.
        setImmediate(() => {
          // One that waits for room is not quiet either.
          const isQuiet = socket.bytesRead === bytesRead && socket.readableLength === 0 && !intake.isFull;
          if (isQuiet) socket.destroy();
          else wait();
        });
      });
    };
    wait();
  }

  #createServer(): net.Server {
    const { config, host, id } = this.#settings;
    const onSocket = (socket: net.Socket): void => this.#take(socket);
    if (!config.tls) return process.getBuiltinModule('node:net').createServer(onSocket);
    const path = `receivers.${id}.tcp.tls`;
    const options = { ...loadServerTls(config.tls, host.fs, path), handshakeTimeout: 10_000 };
    const server = process.getBuiltinModule('node:tls').createServer(options, onSocket);
    this.#endReload = reloadServerTls(server, { config: config.tls, path, host });
    return server;
  }

  #drop(): void {
    this.#refused.add(1);
    const { host, config } = this.#settings;
    host.log.warn('A connection was closed: there are too many.', { max_connections: config.max_connections });
  }

  #take(socket: net.Socket): void {
    if (this.#isStopped) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const serving = this.#serve(socket).finally(() => this.#sockets.delete(socket));
    this.#sockets.set(socket, serving);
  }

  /** Never rejects. */
  async #serve(socket: net.Socket): Promise<void> {
    const { intake, framing, host, config, attributes } = this.#settings;
    const framer = new Framer(framing);
    const shared = config.add_attributes ? toShared({ ...attributes, ...addressOf(socket) }) : this.#shared;
    try {
      for await (const chunk of socket) {
        for (const piece of framer.push(chunk)) {
          if (intake.isFull) await intake.room();
          addMessage(intake, piece, shared);
        }
      }
    } catch (problem) {
      if (!this.#isStopped) {
        this.#broken.add(1);
        const facts = { peer: socket.remoteAddress, reason: messageOf(problem) };
        if (problem instanceof FramingError) host.log.warn('A syslog connection was closed: its framing is not what is configured.', facts);
        else host.log.debug('A syslog connection has ended with an error.', facts);
      }
    }
    socket.destroy();
    for (const piece of framer.rest()) {
      if (intake.isFull) await intake.room();
      addMessage(intake, piece, shared);
    }
  }
}
