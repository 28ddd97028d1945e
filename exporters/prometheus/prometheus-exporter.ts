import { parseDuration, type Counter, type Exporter, type Host, RefusedError, type Settings } from '#component';
import type { LogBatch } from '#model';
import { Environment } from '#ottl';
import { listenSmall, type LongAnswer, type SmallServer } from '#telemetry';
import type { PrometheusConfig } from './config.ts';
import { isLoopback, parseEndpoint } from './endpoint.ts';
import { CONTENT_TYPES, negotiate, type Format } from './exposition.ts';
import { MetricSet } from './metric-set.ts';
import { Unusable } from './unusable.ts';

const EXPIRE_EVERY_MS = 10_000;

/** Counts records and answers scrapes. A record is settled once it has been counted: there is nothing more to do with it. */
export class PrometheusExporter implements Exporter {
  readonly mutates = false;
  readonly #config: PrometheusConfig;
  readonly #settings: Settings;
  readonly #environment = new Environment();
  readonly #unusable = new Unusable();
  readonly #metrics: MetricSet;
  #host: Host | undefined;
  #server: SmallServer | undefined;
  #sent: Counter | undefined;
  #overflowed: Counter | undefined;
  #nextExpiry = 0;

  constructor(config: PrometheusConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#metrics = new MetricSet(config, { environment: this.#environment, unusable: this.#unusable });
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
    this.#environment.start(host);
    this.#unusable.start(host);
    this.#sent = host.metrics.counter('otelcol_exporter_sent_log_records', 'Log records counted.');
    host.metrics.gauge('winnow_exporter_prometheus_series', 'Series held, without those of overflow.', () => this.#metrics.series);
    const help = 'Updates that found no room and went to an overflow series.';
    this.#overflowed = host.metrics.counter('winnow_exporter_prometheus_overflowed_updates', help);
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
    this.#environment.beginBatch();
    this.#metrics.count(batch, now);
    this.#unusable.report();
    this.#sent?.add(batch.liveRows);
    const overflowed = this.#metrics.overflowed - (this.#overflowed?.value ?? 0);
    if (overflowed > 0) this.#overflowed?.add(overflowed);
    batch.settleDurable();
  }

  async shutdown(): Promise<void> {
    this.#unusable.flush();
    this.#host = undefined;
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Everything as a scraper reads it. */
  expose(format: Format): string {
    return this.#metrics.expose(format);
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
    this.#metrics.expire(nowMs);
    this.#nextExpiry = nowMs + EXPIRE_EVERY_MS;
  }
}
