import { parseDuration, parseSize, RefusedError, type Exporter, type Host, type Settings } from '#component';
import type { LogBatch } from '#model';
import { HttpClient, isAuthenticator, proxyEnvironmentFor } from '#net';
import { SendingQueue } from '#queue';
import { pushUrlOf, type LokiConfig } from './config.ts';
import { PushWriter } from './push.ts';
import { Sender } from './sender.ts';
import { packPush, splitPush } from './split.ts';

const ANSWER_BYTES_MAX = 64 * 1024;
const IDLE_MS = 90_000;

/** What exists between start and shutdown. */
interface Running {
  readonly client: HttpClient;
  readonly queue: SendingQueue;
  readonly writer: PushWriter;
}

/**
 * Pushes log records to Loki.
 *
 *   batch ─▶ write streams ─▶ Snappy ─▶ queue ─▶ POST /loki/api/v1/push
 */
export class LokiExporter implements Exporter {
  readonly mutates = false;
  readonly #config: LokiConfig;
  readonly #settings: Settings;
  #running: Running | undefined;

  constructor(config: LokiConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
  }

  async start(host: Host): Promise<void> {
    const { id } = this.#settings;
    const config = this.#config;
    const url = pushUrlOf(config);
    const client = this.#createClient(url, host);
    client.prepare();
    const authenticator = config.auth && host.extension(config.auth.authenticator, isAuthenticator);
    const sender = new Sender({ id, config, url, authenticator, client, host });
    const queue = new SendingQueue({
      id,
      queue: config.sending_queue,
      retry: config.retry_on_failure,
      send: (payload, signal) => sender.send(payload, signal),
      split: splitPush,
      host,
    });
    await queue.start();
    const writer = new PushWriter(config, parseSize(config.request_bytes_max), () => host.clock.now());
    this.#running = { client, queue, writer };
  }

  async consume(batch: LogBatch): Promise<void> {
    const { writer, queue } = this.#need();
    let isTaken = false;
    for (let row = 0; row < batch.length;) {
      const { body, next, rows } = writer.write(batch, row);
      if (rows === 0) return;
      const claims = batch.claims(row, next);
      row = next;
      try {
        await queue.offer(packPush(body, rows), claims);
        isTaken = true;
      } catch (problem) {
        if (!(problem instanceof RefusedError) || !isTaken) throw problem;
        // A part of the batch is in the queue, so the batch cannot be refused any more. The source gives the rest again.
        for (const { delivery, rows: own } of claims) delivery.abandoned(own);
      }
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.queue.shutdown(signal);
    running.client.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }

  #createClient(url: URL, host: Host): HttpClient {
    const { tls, proxy_url: proxyUrl, timeout, sending_queue: queue } = this.#config;
    return new HttpClient({
      id: this.#settings.id,
      url,
      tls,
      tlsReloadMs: parseDuration(tls.reload_interval),
      proxy: proxyEnvironmentFor(url, proxyUrl),
      timeoutMs: parseDuration(timeout),
      connectionsMax: queue.num_consumers,
      idleConnectionsMax: queue.num_consumers,
      idleMs: IDLE_MS,
      keepAlive: true,
      answerBytesMax: ANSWER_BYTES_MAX,
      host,
    });
  }
}
