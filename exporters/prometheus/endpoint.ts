/** `host:port`, `[::1]:port` or `:port`. */
export function parseEndpoint(endpoint: string): { readonly host?: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(endpoint.slice(colon + 1));
  return host === '' ? { port } : { host, port };
}

/** True when nobody from outside can get there. */
export function isLoopback(host: string | undefined): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host ?? '');
}
