import { ConfigError, parseDuration, type Host } from '#component';
import type { Signal } from '#model';
import { headersOf, HttpClient, isAuthenticator, proxyEnvironmentFor, type Authenticator } from '#net';
import { readPayloadType, type Transport } from '#otlp-export';
import type { Send } from '#queue';
import { connectionsOf, urlOf, type OtlpHttpConfig } from './config.ts';
import { Sender } from './sender.ts';

const ANSWER_BYTES_MAX = 64 * 1024;

interface Destination {
  readonly client: HttpClient;
  readonly sender: Sender;
}

/** Where requests go: one address for each signal, opened when the first request of it is to be sent. */
export class Destinations implements Transport {
  readonly #id: string;
  readonly #config: OtlpHttpConfig;
  readonly #host: Host;
  readonly #authenticator: Authenticator | undefined;
  readonly #open = new Map<Signal, Destination>();

  /** Rejects a configuration that does not say where one of `signals` goes. */
  constructor(id: string, config: OtlpHttpConfig, { host, signals }: { host: Host; signals: readonly Signal[] }) {
    this.#id = id;
    this.#config = config;
    this.#host = host;
    this.#authenticator = config.auth && host.extension(config.auth.authenticator, isAuthenticator);
    for (const signal of signals) this.#to(signal).client.prepare();
  }

  readonly send: Send = (payload, abort) => {
    const { contentType, signal } = readPayloadType(payload.contentType);
    return this.#to(signal).sender.send({ ...payload, contentType }, abort);
  };

  close(): void {
    for (const { client } of this.#open.values()) client.close();
  }

  #to(signal: Signal): Destination {
    const known = this.#open.get(signal);
    if (known) return known;
    const url = urlOf(this.#config, signal);
    const option = `${signal}_endpoint`;
    if (!url)
      throw new ConfigError([{ path: option, message: `expected "endpoint" or "${option}", since a pipeline sends ${signal} here` }]);
    const client = this.#createClient(url);
    const shared = { id: this.#id, headers: headersOf(this.#config.headers), authenticator: this.#authenticator, host: this.#host };
    const opened = { client, sender: new Sender({ ...shared, url, client }) };
    this.#open.set(signal, opened);
    return opened;
  }

  #createClient(url: URL): HttpClient {
    const config = this.#config;
    return new HttpClient({
      id: this.#id,
      url,
      tls: config.tls,
      tlsReloadMs: parseDuration(config.tls.reload_interval),
      proxy: proxyEnvironmentFor(url, config.proxy_url),
      timeoutMs: parseDuration(config.timeout),
      connectionsMax: config.max_conns_per_host,
      ...connectionsOf(config),
      answerBytesMax: ANSWER_BYTES_MAX,
      host: this.#host,
    });
  }
}
