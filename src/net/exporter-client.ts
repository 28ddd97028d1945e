import { parseDuration, type Host } from '#component';
import type { HttpClientConfig } from './client-config.ts';
import { HttpClient } from './http-client.ts';
import { proxyEnvironmentFor } from './proxy.ts';

const ANSWER_BYTES_MAX = 64 * 1024;
const IDLE_MS = 90_000;

export interface ExporterClientSettings {
  readonly id: string;
  readonly url: URL;
  /** How many connections are open at most, and kept. */
  readonly connections: number;
  readonly answerBytesMax?: number;
  readonly host: Host;
}

/** The HTTP client of an exporter that has no options of its own for connections. */
export function createExporterClient(config: HttpClientConfig, settings: ExporterClientSettings): HttpClient {
  const { id, url, connections, answerBytesMax = ANSWER_BYTES_MAX, host } = settings;
  return new HttpClient({
    id,
    url,
    tls: config.tls,
    tlsReloadMs: parseDuration(config.tls.reload_interval),
    proxy: proxyEnvironmentFor(url, config.proxy_url),
    timeoutMs: parseDuration(config.timeout),
    connectionsMax: connections,
    idleConnectionsMax: connections,
    idleMs: IDLE_MS,
    keepAlive: true,
    answerBytesMax,
    host,
  });
}
