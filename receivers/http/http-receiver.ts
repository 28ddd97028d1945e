import { parseDuration, parseSize, type Consumer, type Host, type Receiver, type Settings } from '#component';
import { LogBatch } from '#model';
import { HttpServer, type Route } from '#net';
import { byMethod } from './by-method.ts';
import type { HttpConfig } from './config.ts';
import { Desk } from './desk.ts';
import { elasticsearchRoute } from './elasticsearch.ts';
import { Entrance } from './entrance.ts';
import { RowReader } from './json-rows.ts';
import { lokiRoute } from './loki.ts';
import { Origins } from './origin.ts';
import { plainRoute } from './plain-route.ts';
import { Promotion } from './promotion.ts';
import { Rows } from './rows.ts';
import { splunkRoute } from './splunk.ts';

/** Takes records over HTTP, and answers when they are safe. */
export class HttpReceiver implements Receiver {
  readonly #config: HttpConfig;
  readonly #id: string;
  readonly #next: Consumer;
  #server: HttpServer | undefined;
  #entrance: Entrance | undefined;

  constructor(config: HttpConfig, { id }: Settings, next: Consumer) {
    this.#config = config;
    this.#id = id;
    this.#next = next;
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    const rows = new Rows(new LogBatch(), config.max_batch_records);
    const entrance = new Entrance({
      next: this.#next,
      clock: host.clock,
      rows,
      settleMs: parseDuration(config.settle_timeout),
      fatal: (problem) => host.fatal(problem),
    });
    const invalid = host.metrics.counter(
      'winnow_receiver_invalid_log_records',
      'Records in requests that could not be read and were refused.',
    );
    const desk = new Desk({
      entrance,
      rows,
      reader: new RowReader(rows, new Promotion(config.fields)),
      origins: new Origins(config),
      waits: config.acknowledge === 'settled',
      bodyBytesMax: parseSize(config.max_decompressed_body_size),
      invalid,
      clock: host.clock,
    });
    const server = new HttpServer({ id: this.#id, config, path: '', routeOf: routesOf(config, desk) });
    await server.start(host);
    this.#entrance = entrance;
    this.#server = server;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const entrance = this.#entrance;
    const server = this.#server;
    this.#entrance = undefined;
    this.#server = undefined;
    const stop = (): void => entrance?.stop();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      await server?.close(signal);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }
}

const DIALECTS = { elasticsearch: elasticsearchRoute, loki: lokiRoute, splunk_hec: splunkRoute } as const;

/** Paths of our own come first; on one that a dialect has too, each answers the methods it knows. */
function routesOf(config: HttpConfig, desk: Desk): (path: string) => Route | undefined {
  const own = new Map(config.paths.map((path) => [path.path, plainRoute(path, desk)]));
  return (path) => {
    const routes = [own.get(path), ...config.dialects.map((dialect) => DIALECTS[dialect](path, desk))];
    return byMethod(routes.filter((route) => route !== undefined));
  };
}
