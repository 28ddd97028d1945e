import type * as net from 'node:net';
import { parseEndpoint } from '#net';

/**
 * The address for a name of the configuration. `localhost` is 127.0.0.1 for TCP and UDP alike: what the resolver says
 * may be ::1, and a datagram to the other one is lost without a word.
 */
export function bindHost(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  return host === '' ? '0.0.0.0' : host;
}

export async function listen(server: net.Server, address: string): Promise<net.AddressInfo> {
  const { host, port } = parseEndpoint(address);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: bindHost(host), port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? { address: host, family: '', port } : bound;
}

/** The two ends of a connection, under the Collector's names. */
export function addressOf(socket: net.Socket): Record<string, string> {
  return {
    'net.transport': 'IP.TCP',
    'net.peer.ip': socket.remoteAddress ?? '',
    'net.peer.port': String(socket.remotePort ?? ''),
    'net.host.ip': socket.localAddress ?? '',
    'net.host.port': String(socket.localPort ?? ''),
  };
}
