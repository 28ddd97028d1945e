import { hostname } from 'node:os';
import { parseDuration, parseSize, RefusedError, type Exporter, type Host, type Settings, type Timer } from '#component';
import type { LogBatch } from '#model';
import { createExporterClient, headersOf, isAuthenticator, type HttpClient } from '#net';
import { Meter } from '#series';
import { seriesConfigOf, type RemoteWriteConfig } from './config.ts';
import { Outbox } from './outbox.ts';
import { Sender } from './sender.ts';
import { Teller } from './teller.ts';

const JOB = 'winnow';

/** What exists between start and shutdown. */
interface Running {
  readonly host: Host;
  readonly client: HttpClient;
  readonly outbox: Outbox;
  readonly teller: Teller;
  timer: Timer;
}

/**
 * Counts records and pushes the series at each interval:
 *
 *   batch ─▶ meter ··· every interval ··· ─▶ teller ─▶ outbox ─▶ POST
 *
 * A record is settled once it has been counted. Counters only grow, so that a push which is lost costs resolution and not
 * the count.
 */
export class RemoteWriteExporter implements Exporter {
  readonly mutates = false;
  readonly #config: RemoteWriteConfig;
  readonly #settings: Settings;
  readonly #meter: Meter;
  #running: Running | undefined;

  constructor(config: RemoteWriteConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#meter = new Meter(seriesConfigOf(config));
  }

  async start(host: Host): Promise<void> {
    const { id } = this.#settings;
    const config = this.#config;
    const url = new URL(config.endpoint);
    const client = createExporterClient(config, { id, url, connections: 1, host });
    client.prepare();
    const authenticator = config.auth && host.extension(config.auth.authenticator, isAuthenticator);
    const sender = new Sender({ id, url, headers: headersOf(config.headers), authenticator, client, host });
    const outbox = new Outbox({
      id,
      requestsMax: config.remote_write_queue.queue_size,
      bytesMax: parseSize(config.remote_write_queue.bytes_max),
      retry: config.retry_on_failure,
      send: (request, signal) => sender.send(request, signal),
      host,
    });
    this.#meter.start(host);
    const teller = this.#createTeller(host);
    this.#running = { host, client, outbox, teller, timer: this.#nextPush(host) };
  }

  async consume(batch: LogBatch): Promise<void> {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    this.#meter.count(batch, this.#running.host.clock.now());
    batch.settleDurable();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    running.timer.cancel();
    this.#meter.stop();
    running.outbox.put(running.teller.tell(running.host.clock.now(), true));
    await running.outbox.drain(signal);
    running.client.close();
  }

  #nextPush(host: Host): Timer {
    return host.clock.after(parseDuration(this.#config.interval), () => {
      const running = this.#running;
      if (!running) return;
      running.timer = this.#nextPush(host);
      running.outbox.put(running.teller.tell(host.clock.now(), false));
    });
  }

  #createTeller(host: Host): Teller {
    const { external_labels: externalLabels, max_samples_per_send: samplesMax, max_batch_size_bytes: bytesMax } = this.#config;
    return new Teller({
      meter: this.#meter,
      externalLabels,
      ownLabels: { job: JOB, instance: hostname() },
      samplesMax,
      bytesMax: parseSize(bytesMax),
      hasExemplars: this.#config.send_exemplars,
      hasMetadata: this.#config.send_metadata,
      startMs: host.clock.now(),
    });
  }
}
