import type { AddressInfo } from 'node:net';
import type { Logger } from '#component';
import type { AuthConfig } from './auth.ts';
import { isLoopback, parseEndpoint } from './server-config.ts';
import type { TlsServerConfig } from './tls-server.ts';

interface Listening {
  /** Who listens. */
  readonly id: string;
  /** Without TLS; with it there is an `s` behind. */
  readonly scheme: 'http' | 'grpc';
  readonly config: { readonly endpoint: string; readonly auth?: AuthConfig; readonly tls?: TlsServerConfig };
}

/** Tells where a server listens, and what others may do there if that is more than this host. */
export function announce({ address, port }: AddressInfo, { id, scheme, config }: Listening, log: Logger): void {
  const { endpoint, auth, tls } = config;
  const shown = address.includes(':') ? `[${address}]` : address;
  log.info('Listens.', { component: id, 'url.full': `${scheme}${tls ? 's' : ''}://${shown}:${port}` });
  if (isLoopback(parseEndpoint(endpoint).host)) return;
  if (!auth && tls?.client_ca_file === undefined && tls?.client_ca_pem === undefined) {
    log.warn('Anybody who reaches this address may send records; set "auth", or "tls.client_ca_file".', { component: id });
  }
  if (!tls) log.warn('Records and credentials come unencrypted and can be read on the way; set "tls".', { component: id });
}
