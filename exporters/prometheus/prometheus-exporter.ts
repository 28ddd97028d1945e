import { parseDuration, type Exporter, type Host, RefusedError, type Settings } from '#component';
import type { LogBatch } from '#model';
import { CONTENT_TYPES, Meter, negotiate, type Format } from '#series';
import { listenSmall, type LongAnswer, type SmallServer } from '#telemetry';
import type { PrometheusConfig } from './config.ts';
import { isLoopback, parseEndpoint } from './endpoint.ts';

const EXPIRE_EVERY_MS = 10_000;

/** Counts records and answers scrapes. A record is settled once it has been counted: there is nothing more to do with it. */
export class PrometheusExporter implements Exporter {
  readonly mutates = false;
  readonly #config: PrometheusConfig;
  readonly #settings: Settings;
  readonly #meter: Meter;
  #host: Host | undefined;
  #server: SmallServer | undefined;
  #nextExpiry = 0;

  constructor(config: PrometheusConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#meter = new Meter(config);
    // Longer than this would be of no use: what expires is seen at the next batch or scrape.
    this.#nextExpiry = Math.min(EXPIRE_EVERY_MS, parseDuration(config.metric_expiration));
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, path } = this.#config;
    const where = parseEndpoint(endpoint);
    this.#meter.start(host);
    this.#server = await listenSmall(where, (requested) => (requested === path ? this.#page(host) : undefined));
    this.#host = host;
    host.log.info('Prometheus exporter listens.', { 'url.full': `${this.#server.address}${path}` });
    if (!isLoopback(where.host)) {
      host.log.warn('The metrics can be read by everybody who reaches this address, without a password; listen on localhost.', {
        endpoint,
      });
    }
  }

  async consume(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (!host) throw new RefusedError(`${this.#settings.id} is not running`);
    const now = host.clock.now();
    this.#expire(now);
    this.#meter.count(batch, now);
    batch.settleDurable();
  }

  async shutdown(): Promise<void> {
    this.#meter.stop();
    this.#host = undefined;
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Everything as a scraper reads it. */
  expose(format: Format): string {
    return this.#meter.expose(format);
  }

  #page(host: Host): LongAnswer {
    return {
      open: (response) => {
        this.#expire(host.clock.now());
        const format = this.#config.enable_open_metrics ? negotiate(response.req.headers.accept) : 'text';
        const body = Buffer.from(this.expose(format));
        response.writeHead(200, { 'content-type': CONTENT_TYPES[format], 'content-length': body.length });
        response.end(body);
      },
    };
  }

  #expire(nowMs: number): void {
    if (nowMs < this.#nextExpiry) return;
    this.#meter.expire(nowMs);
    this.#nextExpiry = nowMs + EXPIRE_EVERY_MS;
  }
}
