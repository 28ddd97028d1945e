import { Buffer } from 'node:buffer';
import type * as http from 'node:http';
import type * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { RetryableError, messageOf, type Host, type Timer } from '#component';
import { codeOf, isCertificateFault, toFault } from './network-fault.ts';
import { supportedProxy, type ProxyEnvironment } from './proxy.ts';
import { loadTls, type TlsClientConfig } from './tls-client.ts';
import { withoutSecrets } from './url.ts';

// Imported as an ES module, node:http evaluates all of its exports, and with them undici: 15 MB and 50 ms for nothing.
const { Agent, request: requestPlain } = process.getBuiltinModule('node:http');

export interface HttpClientSettings {
  /** Who speaks, for messages. */
  readonly id: string;
  readonly url: URL;
  readonly tls: TlsClientConfig;
  readonly tlsReloadMs: number;
  readonly proxy: ProxyEnvironment | undefined;
  /** From the first byte sent to the last received; 0 means without end. */
  readonly timeoutMs: number;
  /** 0 means no bound. */
  readonly connectionsMax: number;
  readonly idleConnectionsMax: number;
  /** How long an idle connection is kept; 0 means as long as the server likes. */
  readonly idleMs: number;
  readonly keepAlive: boolean;
  readonly answerBytesMax: number;
  readonly host: Host;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** At most `answerBytesMax`; what is longer is cut. */
  readonly body: Buffer;
}

export type HttpHeaders = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly body: Buffer;
  readonly headers: HttpHeaders;
  /** POST, unless said. */
  readonly method?: string;
  /** That of the URL, unless said; with its query. */
  readonly path?: string;
}

/** POSTs bodies to one address over connections that are kept, through a proxy if there is one. Follows no redirects. */
export class HttpClient {
  readonly #settings: HttpClientSettings;
  readonly #isTls: boolean;
  readonly #target: http.RequestOptions;
  #agent: http.Agent | undefined;
  #tlsIdentity = '';
  #loadedAt = 0;

  constructor(settings: HttpClientSettings) {
    this.#settings = settings;
    this.#isTls = settings.url.protocol === 'https:';
    const { protocol, hostname, port, path } = urlToHttpOptions(settings.url);
    this.#target = { protocol, hostname, port, path, method: 'POST' };
  }

  /** Reads the files of `tls`, so that what is wrong with them is known before the first request. Throws ConfigError. */
  prepare(): void {
    this.#agentToUse();
  }

  /** Resolves with whatever the server answers. Throws RetryableError or DestinationError when it does not. */
  post(body: Buffer, headers: HttpHeaders, signal: AbortSignal): Promise<HttpAnswer> {
    return this.request({ body, headers }, signal);
  }

  /** The same with another method, or at another path of the server. */
  async request(what: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { id, url } = this.#settings;
    try {
      return await this.#attempt(what, signal, true);
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      // The files may have been mended by the time of the next attempt.
      if (isCertificateFault(codeOf(error))) this.#loadedAt = Number.NEGATIVE_INFINITY;
      throw toFault(error, { who: id, where: withoutSecrets(url) });
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /**
   * A server may close an idle connection in the moment we use it again. Such a request is repeated at once, on a
   * connection of its own, instead of after a pause: nothing is wrong with the server.
   */
  async #attempt({ body, ...what }: HttpRequest, signal: AbortSignal, mayRepeat: boolean): Promise<HttpAnswer> {
    const exchange = new Exchange(this.#settings);
    try {
      return await exchange.run({ ...this.#target, ...what, agent: this.#agentToUse() }, body, signal);
    } catch (error) {
      const isStale = exchange.isReused && /^(ECONNRESET|EPIPE)$/.test(codeOf(error));
      if (!isStale || !mayRepeat || signal.aborted) throw error;
      return this.#attempt({ body, ...what }, signal, false);
    }
  }

  #agentToUse(): http.Agent {
    if (!this.#isTls) return (this.#agent ??= new Agent(this.#agentOptions()));
    const { tls, tlsReloadMs, host, id } = this.#settings;
    const now = host.clock.monotonic();
    const isDue = this.#loadedAt === Number.NEGATIVE_INFINITY || (tlsReloadMs > 0 && now - this.#loadedAt >= tlsReloadMs);
    if (this.#agent && !isDue) return this.#agent;
    this.#loadedAt = now;
    try {
      const loaded = loadTls(tls, host.fs);
      if (this.#agent && this.#tlsIdentity === loaded.identity) return this.#agent;
      this.#retire();
      this.#tlsIdentity = loaded.identity;
      const { Agent: TlsAgent } = process.getBuiltinModule('node:https');
      this.#agent = new TlsAgent({ ...this.#agentOptions(), ...loaded.options });
    } catch (error) {
      if (!this.#agent) throw error;
      host.log.warn('The TLS files cannot be used; those read before stay in use.', { exporter: id, reason: messageOf(error) });
    }
    return this.#agent;
  }

  #agentOptions(): https.AgentOptions {
    const { keepAlive, connectionsMax, idleConnectionsMax, idleMs, proxy } = this.#settings;
    return {
      keepAlive,
      maxSockets: connectionsMax === 0 ? Number.POSITIVE_INFINITY : connectionsMax,
      maxFreeSockets: idleConnectionsMax,
      ...(idleMs > 0 && { timeout: idleMs }),
      ...(proxy && { proxyEnv: supportedProxy(proxy) }),
    };
  }

  /** Requests under way keep their connection; no other will use it. */
  #retire(): void {
    const agent = this.#agent;
    if (!agent) return;
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** One request and its answer. */
class Exchange {
  readonly #settings: HttpClientSettings;
  #request: http.ClientRequest | undefined;
  #hasAnswer = false;

  constructor(settings: HttpClientSettings) {
    this.#settings = settings;
  }

  /** True when the connection had been used before and broke before an answer began. */
  get isReused(): boolean {
    return this.#request?.reusedSocket === true && !this.#hasAnswer;
  }

  run(options: http.RequestOptions, body: Buffer, signal: AbortSignal): Promise<HttpAnswer> {
    const { timeoutMs, host, id, url } = this.#settings;
    const send = options.protocol === 'https:' ? process.getBuiltinModule('node:https').request : requestPlain;
    return new Promise((resolve, reject) => {
      const request = send(options);
      this.#request = request;
      // Not the option `signal`: it watches the whole life of the stream, which costs as much again as a small request.
      const giveUp = (): void => void request.destroy(new RetryableError(`${id}: the request to ${withoutSecrets(url)} was given up`));
      signal.addEventListener('abort', giveUp, { once: true });
      let timer: Timer | undefined;
      if (timeoutMs > 0) {
        timer = host.clock.after(timeoutMs, () => {
          const message = `${id}: no answer from ${withoutSecrets(url)} within ${timeoutMs / 1000}s; see the option "timeout"`;
          request.destroy(new RetryableError(message));
        });
      }
      request.once('close', () => {
        timer?.cancel();
        signal.removeEventListener('abort', giveUp);
      });
      request.on('error', reject);
      request.once('response', (response) => {
        this.#hasAnswer = true;
        this.#collect(response, (answer) => {
          // An answer may come before the request was read to its end. The body is the caller's again now, so nothing more
          // of it may be sent.
          if (!request.writableFinished) request.destroy();
          resolve(answer);
        });
      });
      if (signal.aborted) giveUp();
      else request.end(body);
    });
  }

  /** Once a status is there the server has decided: an answer that breaks off later is one without the rest. */
  #collect(response: http.IncomingMessage, resolve: (answer: HttpAnswer) => void): void {
    const chunks: Buffer[] = [];
    const { answerBytesMax } = this.#settings;
    let bytes = 0;
    const finish = (): void => {
      const body = Buffer.concat(chunks).subarray(0, answerBytesMax);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > answerBytesMax) response.destroy();
    });
    response.once('close', finish);
    response.once('error', finish);
  }
}
