import type { IncomingHttpHeaders } from 'node:http';
import type { CorsConfig } from './server-config.ts';

// Browsers send these without asking, or all our senders need them.
const HEADERS_ALWAYS = ['accept', 'accept-language', 'content-language', 'content-type', 'content-encoding', 'x-requested-with'];

/**
 * Which web pages may send. A browser lets any page send simple requests to any address, loopback too, and only keeps
 * the answer from it; so a request of a page that was not allowed is refused before it is read.
 */
export class Cors {
  readonly #config: CorsConfig | undefined;
  readonly #origins: readonly RegExp[];

  constructor(config: CorsConfig | undefined) {
    this.#config = config;
    this.#origins = (config?.allowed_origins ?? []).map((origin) => new RegExp(`^${literal(origin).replaceAll('\\*', '.*')}$`, 'i'));
  }

  /** True for what no page sends, and for pages that may. */
  isAllowed({ origin }: IncomingHttpHeaders): boolean {
    return origin === undefined || (origin.length <= 1000 && this.#origins.some((allowed) => allowed.test(origin)));
  }

  /** Headers for every answer to a page that may read it. */
  headersFor({ origin }: IncomingHttpHeaders): Readonly<Record<string, string>> {
    return origin === undefined ? {} : { 'access-control-allow-origin': origin, vary: 'Origin' };
  }

  /** Headers for the answer to a browser that asks beforehand. */
  preflight(headers: IncomingHttpHeaders, methods: readonly string[]): Readonly<Record<string, string>> {
    const wanted = (headers['access-control-request-headers'] ?? '').split(',').map((name) => name.trim().toLowerCase());
    const allowed = (this.#config?.allowed_headers ?? []).map((name) => name.toLowerCase());
    const granted = wanted.filter(
      (name) => /^[a-z0-9-]+$/.test(name) && [...HEADERS_ALWAYS, ...allowed].some((own) => own === name || own === '*'),
    );
    return {
      ...this.headersFor(headers),
      'access-control-allow-methods': methods.join(', '),
      ...(granted.length > 0 && { 'access-control-allow-headers': granted.join(', ') }),
      'access-control-max-age': String(this.#config?.max_age ?? 0),
    };
  }
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
