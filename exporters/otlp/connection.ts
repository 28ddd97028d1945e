import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders, SecureClientSessionOptions } from 'node:http2';
import { parseDuration, type Host, type Timer } from '#component';
import { loadTls, type LoadedTls, type TlsClientConfig } from '#net';
import type { KeepaliveConfig } from './config.ts';
import type { Target } from './target.ts';

// Not imported, for the reason given in src/net/http-client.ts.
const { connect } = process.getBuiltinModule('node:http2');

export interface ConnectionSettings {
  /** Who speaks, for messages. */
  readonly id: string;
  readonly target: Target;
  readonly tls: TlsClientConfig;
  readonly keepalive: KeepaliveConfig | undefined;
  readonly host: Host;
}

export interface Call {
  readonly stream: ClientHttp2Stream;
  /**
   * No further call is to use this connection: it may lead nowhere. It ends at once if it still holds a part of this call's
   * message, since that is the caller's again.
   */
  leave(): void;
  /** What ended the connection, if anything has: the stream does not always tell. */
  fault(): Error | undefined;
}

// What more frequent pings would tell is not worth what they cost.
const PING_EVERY_MIN_MS = 1000;

/** The connection to a backend: made when a call needs it, and made anew when it is lost. It carries many calls at once. */
export class Connection {
  readonly #settings: ConnectionSettings;
  #session: ClientHttp2Session | undefined;
  #tls: LoadedTls | undefined;
  #loadedAt = 0;
  #calls = 0;
  readonly #faults = new WeakMap<ClientHttp2Session, Error>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Reads the files of `tls`, so that what is wrong with them is known before the first call. Throws ConfigError. */
  prepare(): void {
    this.#loadTls();
  }

  /** Begins a call; it waits for the connection if there is none yet. */
  begin(headers: OutgoingHttpHeaders): Call {
    const session = this.#sessionToUse();
    const stream = session.request(headers);
    this.#calls++;
    stream.once('close', () => this.#calls--);
    const leave = (): void => {
      this.#retire(session);
      if (!stream.writableFinished) session.destroy();
    };
    return { stream, leave, fault: () => this.#faults.get(session) };
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #sessionToUse(): ClientHttp2Session {
    const { tls, host } = this.#settings;
    const reloadMs = parseDuration(tls.reload_interval);
    if (reloadMs > 0 && host.clock.monotonic() - this.#loadedAt >= reloadMs) this.#loadTls();
    const session = this.#session;
    if (session && !session.closed && !session.destroyed) return session;
    return (this.#session = this.#connect());
  }

  #connect(): ClientHttp2Session {
    const { target, keepalive } = this.#settings;
    // The files may have been mended since the last connection failed.
    this.#loadTls();
    const options: SecureClientSessionOptions = { settings: { enablePush: false }, ...this.#tls?.options };
    const { socket } = target;
    if (socket !== undefined) options.createConnection = () => process.getBuiltinModule('node:net').connect(socket);
    const session = connect(target.url.origin, options);
    session.on('error', (fault: Error) => void this.#faults.set(session, fault));
    session.on('goaway', () => this.#retire(session));
    if (keepalive) this.#keepAlive(session, keepalive);
    return session;
  }

  /** Calls under way may end on it; new ones go elsewhere. */
  #retire(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
    session.close();
  }

  #loadTls(): void {
    const { target, tls, host, id } = this.#settings;
    if (target.url.protocol !== 'https:') return;
    this.#loadedAt = host.clock.monotonic();
    try {
      const loaded = loadTls(tls, host.fs);
      if (this.#session && loaded.identity !== this.#tls?.identity) this.#retire(this.#session);
      this.#tls = loaded;
    } catch (error) {
      if (!this.#tls) throw error;
      host.log.warn('The TLS files cannot be used; those read before stay in use.', { exporter: id, reason: String(error) });
    }
  }

  /** Asks the backend whether it is still there, and gives the connection up when it does not say so. */
  #keepAlive(session: ClientHttp2Session, config: KeepaliveConfig): void {
    const { clock } = this.#settings.host;
    const everyMs = Math.max(PING_EVERY_MIN_MS, parseDuration(config.time));
    let timer: Timer | undefined;
    const wait = (): void => void (timer = clock.after(everyMs, ask));
    const ask = (): void => {
      if (this.#calls === 0 && !config.permit_without_stream) return wait();
      timer = clock.after(parseDuration(config.timeout), () => session.destroy(new Error('it does not answer pings')));
      session.ping((fault) => {
        timer?.cancel();
        if (!fault) wait();
      });
    };
    session.once('connect', wait);
    session.once('close', () => timer?.cancel());
  }
}
