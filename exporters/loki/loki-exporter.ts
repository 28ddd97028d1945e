import { parseSize, RefusedError, type Exporter, type Host, type Settings } from '#component';
import type { LogBatch } from '#model';
import { createExporterClient, isAuthenticator, type HttpClient } from '#net';
import { draftsOf, offerDrafts, SendingQueue } from '#queue';
import { pushUrlOf, type LokiConfig } from './config.ts';
import { PushWriter } from './push.ts';
import { Sender } from './sender.ts';
import { packPush, splitPush } from './split.ts';

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
    const client = createExporterClient(config, { id, url, connections: config.sending_queue.num_consumers, host });
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
    await offerDrafts(
      draftsOf(batch, (row) => writer.write(batch, row)),
      ({ body, rows, claims }) => queue.offer(packPush(body, rows), claims),
    );
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
}
