import type {
  BaseConnection,
  ConnectionRequestOptions,
  ConnectionRequestOptionsAsStream,
  ConnectionRequestParams,
  ConnectionRequestResponse,
  ConnectionRequestResponseAsStream,
} from '@elastic/elasticsearch';
import type * as elasticsearch from '@elastic/elasticsearch';
import { RetryableError } from '#component';
import type { HttpClient } from '#net';

type Elasticsearch = typeof elasticsearch;

/** Headers that are asked for before each request, since tokens may change. */
export type Identity = () => Readonly<Record<string, string>>;

/**
 * A connection of the official client that goes over our own HTTP client: so certificates, proxies, time limits, and what is
 * said when they fail, are the same as for all exporters.
 */
export function connectionOver(
  { BaseConnection: Base, errors }: Elasticsearch,
  clientFor: (url: URL) => HttpClient,
  identity: Identity,
): typeof BaseConnection {
  return class extends Base {
    readonly #client: HttpClient;

    constructor(options: ConstructorParameters<typeof BaseConnection>[0]) {
      super(options);
      this.#client = clientFor(options.url);
    }

    override request(params: ConnectionRequestParams, options: ConnectionRequestOptions): Promise<ConnectionRequestResponse>;
    override request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptionsAsStream,
    ): Promise<ConnectionRequestResponseAsStream>;
    override async request(
      { method, path, querystring = '', headers, body }: ConnectionRequestParams,
      { signal = new AbortController().signal }: ConnectionRequestOptions,
    ): Promise<never> {
      const query = querystring === '' ? '' : `?${querystring}`;
      const what = {
        method,
        path: `${this.url.pathname.replace(/\/$/, '')}${path}${query}`,
        headers: { ...textsOf(this.headers), ...textsOf(headers ?? {}), ...identity() },
        body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : ''),
      };
      try {
        const answer = await this.#client.request(what, signal);
        // The callers of this class ask for text, never for a stream.
        return { statusCode: answer.status, headers: answer.headers, body: answer.body.toString('utf8') } as never;
      } catch (problem) {
        if (!(problem instanceof RetryableError)) throw problem;
        // In these words the pool of the client passes over this node for a while.
        throw new errors.ConnectionError(problem.message, undefined, { redaction: { type: 'replace' }, cause: problem });
      }
    }

    override async close(): Promise<void> {
      this.#client.close();
    }
  };
}

function textsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) texts[name] = String(value);
  return texts;
}
