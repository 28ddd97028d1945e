import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { messageOf } from '#component';

// Imported as an ES module, node:http evaluates all of its exports, and with them undici: 15 MB and 50 ms for nothing.
const { createServer } = process.getBuiltinModule('node:http');

export interface Answer {
  readonly status?: number;
  readonly contentType?: string;
  readonly body: string;
}

/** An answer that goes on until one of the two sides ends it. */
export interface LongAnswer {
  open(response: ServerResponse): void;
}

type AnyAnswer = Answer | LongAnswer | undefined;

/** Gives an answer to `GET path`; undefined for a path that does not exist. */
export type Respond = (path: string, query: URLSearchParams) => AnyAnswer | Promise<AnyAnswer>;

export interface SmallServer {
  /** Where it listens: `http://127.0.0.1:8888`, or the path of a socket. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How many connections may be open at once: some scrapers, probes and people. More are refused. */
const CONNECTIONS_MAX = 64;

/**
 * A server for the few small pages the agent has about itself: GET and HEAD, nothing to send in, bounded in time and
 * connections. Rejects when it cannot listen. It does not keep the process alive.
 */
export async function listenSmall(where: ListenOptions, respond: Respond): Promise<SmallServer> {
  const server = createServer(
    // A request has no body worth waiting for.
    { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5_000, maxHeaderSize: 16_384 },
    (request, response) => {
      request.resume();
      const isAllowed = request.method === 'GET' || request.method === 'HEAD';
      if (!isAllowed) send(response, { status: 405, body: 'only GET is answered here\n' });
      else void answer(response, respond, request.url ?? '/');
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, where);
  server.unref();
  const address = server.address();
  return {
    address: formatAddress(address),
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: () => close(server),
  };
}

async function answer(response: ServerResponse, respond: Respond, url: string): Promise<void> {
  const [path = '/', query = ''] = url.split('?');
  try {
    const given = (await respond(path, new URLSearchParams(query))) ?? { status: 404, body: 'not found\n' };
    if ('open' in given) given.open(response);
    else send(response, given);
  } catch (error) {
    send(response, { status: 500, body: `${messageOf(error)}\n` });
  }
}

function send(response: ServerResponse, { status = 200, contentType = 'text/plain; charset=utf-8', body }: Answer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(body);
}

function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      // After this only accepting can fail, for want of descriptors; the next connection is tried anew.
      server.on('error', () => {});
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function formatAddress(address: AddressInfo | string | null): string {
  if (typeof address === 'string') return address;
  if (!address) return '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
