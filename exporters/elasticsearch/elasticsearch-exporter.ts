import { parseSize, RefusedError, type Exporter, type Host, type Settings } from '#component';
import type { LogBatch } from '#model';
import { basicAuthOf, createExporterClient, headersOf, isAuthenticator, type HttpClient } from '#net';
import { draftsOf, offerDrafts, SendingQueue } from '#queue';
import { nodesOf, retryOf, type ElasticsearchConfig } from './config.ts';
import { connectionOver } from './connection.ts';
import { Packer } from './payload.ts';
import { BulkWriter } from './request.ts';
import { Sender } from './sender.ts';

// An answer to a hundred thousand documents, each with an error, is about so long.
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** What exists between start and shutdown. */
interface Running {
  readonly clients: readonly HttpClient[];
  readonly queue: SendingQueue;
  readonly writer: BulkWriter;
}

/**
 * Sends log records to Elasticsearch as documents.
 *
 *   batch ─▶ write documents ─▶ gzip ─▶ queue ─▶ POST _bulk ─▶ an answer for each document
 *
 * The official client knows the nodes and who we are. The queue decides when what is sent, and what becomes of it.
 */
export class ElasticsearchExporter implements Exporter {
  readonly mutates = false;
  readonly #config: ElasticsearchConfig;
  readonly #settings: Settings;
  readonly #packer: Packer;
  #running: Running | undefined;

  constructor(config: ElasticsearchConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#packer = new Packer(config.compression === 'gzip' ? config.compression_params.level : 0);
  }

  async start(host: Host): Promise<void> {
    const { id } = this.#settings;
    const config = this.#config;
    const nodes = nodesOf(config);
    const clients = nodes.map((url) =>
      createExporterClient(config, { id, url, connections: config.sending_queue.num_consumers, answerBytesMax: ANSWER_BYTES_MAX, host }),
    );
    for (const client of clients) client.prepare();
    const authenticator = config.auth && host.extension(config.auth.authenticator, isAuthenticator);
    const identity = (): Readonly<Record<string, string>> => ({
      ...authenticator?.authHeaders(),
      ...Object.fromEntries(headersOf(config.headers)),
    });
    const sender = new Sender({
      id,
      config,
      client: await this.#createClient(nodes, clients, identity),
      nodes,
      packer: this.#packer,
      // Elasticsearch may quote the token alone, without the word before it.
      secrets: () => [config.password, config.api_key, ...Object.values(identity()).flatMap((value) => value.split(' '))],
      host,
    });
    const queue = new SendingQueue({
      id,
      queue: config.sending_queue,
      retry: retryOf(config),
      send: (payload, signal) => sender.send(payload, signal),
      split: (payload) => this.#packer.split(payload),
      host,
    });
    await queue.start();
    this.#running = { clients, queue, writer: this.#createWriter(host) };
  }

  async consume(batch: LogBatch): Promise<void> {
    const { writer, queue } = this.#need();
    await offerDrafts(
      draftsOf(batch, (row) => writer.write(batch, row)),
      async ({ body, rows, claims }) => queue.offer(await this.#packer.pack(body, rows), claims),
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.queue.shutdown(signal);
    for (const client of running.clients) client.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }

  #createWriter(host: Host): BulkWriter {
    // Each life of the agent has ids of its own.
    const prefix = `${host.clock.now().toString(36)}${Math.floor(host.random() * 2 ** 52).toString(36)}-`;
    let last = 0;
    const settings = { config: this.#config, nowMs: () => host.clock.now(), nextId: () => prefix + (++last).toString(36) };
    return new BulkWriter(settings, parseSize(this.#config.flush.bytes));
  }

  /** Loaded here, since the client is large and only those pay for it who use it. */
  async #createClient(nodes: readonly URL[], clients: readonly HttpClient[], identity: () => Readonly<Record<string, string>>) {
    const elasticsearch = await import('@elastic/elasticsearch');
    const { user, password, api_key: apiKey } = this.#config;
    const byHref = new Map(nodes.map((url, i) => [url.href, clients[i] as HttpClient]));
    const clientFor = (url: URL): HttpClient => byHref.get(url.href) as HttpClient;
    const [node] = nodes;
    const basic = node && basicAuthOf(node);
    return new elasticsearch.Client({
      nodes: nodes.map((url) => ({ url })),
      Connection: connectionOver(elasticsearch, clientFor, identity),
      maxRetries: 0,
      enableMetaHeader: true,
      ...(apiKey !== '' && { auth: { apiKey } }),
      ...(user !== '' && { auth: { username: user, password } }),
      ...(basic !== undefined && { headers: { authorization: basic } }),
    });
  }
}
