import { Status, type Extension, type Host } from '#component';
import { listenSmall, type Answer, type SmallServer } from '#telemetry';

export interface HealthCheckConfig {
  readonly endpoint: string;
  readonly path: string;
  readonly response_body?: { readonly healthy: string; readonly unhealthy: string };
  readonly check_collector_pipeline?: { readonly enabled: boolean; readonly interval: string; readonly exporter_failure_threshold: number };
}

/** 200 while every component is `ok` or mends itself; else 503 with the first that does not, also during start and stop. */
export class HealthCheck implements Extension {
  readonly #config: HealthCheckConfig;
  #server: SmallServer | undefined;

  constructor(config: HealthCheckConfig) {
    this.#config = config;
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, path } = this.#config;
    const began = host.clock.now();
    this.#server = await listenSmall(parseEndpoint(endpoint), (requested) => (requested === path ? this.#answer(host, began) : undefined));
    host.log.info('Health check listens.', { 'url.full': `${this.#server.address}${path}` });
  }

  async shutdown(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  #answer(host: Host, began: number): Answer {
    const { response_body: texts } = this.#config;
    const failing = [...host.statuses()].find(([, { status }]) => status !== Status.ok && status !== Status.recoverable);
    const text = failing ? texts?.unhealthy : texts?.healthy;
    const status = failing ? 503 : 200;
    if (text) return { status, body: text };
    // The names of the Collector, whose probes look for them.
    const times = { upSince: new Date(began).toISOString(), uptime: `${Math.round((host.clock.now() - began) / 1000)}s` };
    if (!failing) return { contentType: 'application/json', body: JSON.stringify({ status: 'Server available', ...times }) };
    const [component, { status: state, message: reason }] = failing;
    const body = JSON.stringify({ status: 'Server not available', component, state, reason, ...times });
    return { status, contentType: 'application/json', body };
  }
}

/** `host:port`, `[::1]:port` or `:port`. */
function parseEndpoint(endpoint: string): { readonly host?: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(endpoint.slice(colon + 1));
  return host === '' ? { port } : { host, port };
}
