import { parseHttpUrl } from '#net';

/** Where calls go. */
export interface Target {
  /** With https, TLS is spoken. */
  readonly url: URL;
  /** Path of a Unix socket to connect to instead of the host. */
  readonly socket: string | undefined;
}

/** The endpoint in the forms of gRPC (doc/naming.md there) and of the Collector; undefined when it is none. */
export function targetOf({
  endpoint,
  tls,
}: {
  readonly endpoint: string;
  readonly tls: { readonly insecure: boolean };
}): Target | undefined {
  const scheme = tls.insecure ? 'http' : 'https';
  const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(endpoint)?.[1];
  if (socket !== undefined) return { url: new URL(`${scheme}://localhost`), socket };
  const address = endpoint.replace(/^(?:dns|passthrough):(?:\/\/[^/]*\/)?/, '');
  const url = parseHttpUrl(/^https?:\/\//.test(address) ? address : `${scheme}://${address}`);
  return url?.pathname === '/' && url.search === '' ? { url, socket: undefined } : undefined;
}
