import { DestinationError, type Counter, type Host } from '#component';
import {
  ClientIdentity,
  headersOf,
  quoteWithout,
  toStatusFault,
  withoutSecrets,
  wrongServerAdvice,
  type Authenticator,
  type HttpAnswer,
  type HttpClient,
} from '#net';
import type { Payload, SendResult } from '#queue';
import type { LokiConfig } from './config.ts';

export interface SenderSettings {
  readonly id: string;
  readonly config: LokiConfig;
  readonly url: URL;
  readonly authenticator: Authenticator | undefined;
  readonly client: HttpClient;
  readonly host: Host;
}

/** Makes one attempt to send one request. */
export class Sender {
  readonly #settings: SenderSettings;
  readonly #where: string;
  readonly #identity: ClientIdentity;
  readonly #tenant: Readonly<Record<string, string>>;
  readonly #sentBytes: Counter;

  constructor(settings: SenderSettings) {
    const { id, url, config, authenticator, host } = settings;
    this.#settings = settings;
    this.#identity = new ClientIdentity({ url, headers: headersOf(config.headers), authenticator });
    this.#tenant = config.tenant_id === '' ? {} : { 'x-scope-orgid': config.tenant_id };
    this.#where = `${id}: ${withoutSecrets(url)}`;
    this.#sentBytes = host.metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
  }

  /** Throws RetryableError, DestinationError or PermanentError. */
  async send(payload: Payload, signal: AbortSignal): Promise<SendResult> {
    const { headers, secrets } = this.#identity.now();
    const own = { ...this.#tenant, 'content-type': payload.contentType, 'content-length': String(payload.body.length) };
    this.#sentBytes.add(payload.body.length);
    const answer = await this.#settings.client.post(payload.body, { ...own, ...headers }, signal);
    const wrong = wrongServerAdvice(answer);
    if (answer.status >= 200 && answer.status < 300 && wrong === undefined) return { rejected: 0 };
    throw this.#problemOf(answer, { rows: payload.rows, wrong }, secrets);
  }

  #problemOf(answer: HttpAnswer, { rows, wrong }: { rows: number; wrong: string | undefined }, secrets: readonly string[]): Error {
    const { status } = answer;
    const message = `${this.#where}: ${status}: ${wrong ?? adviceFor(status, rows)}${quoteWithout(answer.body.toString('utf8'), secrets)}`;
    return wrong === undefined ? toStatusFault(answer, message, this.#settings.host.clock.now()) : new DestinationError(message);
  }
}

function adviceFor(status: number, rows: number): string {
  switch (status) {
    case 401:
      return 'it does not know us; check "headers", "auth" and "tenant_id"';
    case 403:
      return 'it knows us but does not let us write; check the token and "tenant_id"';
    case 404:
      return 'there is nothing that takes pushes; check the path of "endpoint"';
    case 413:
      return `a request of ${rows} records is too large; lower "request_bytes_max"`;
    case 429:
      return 'it asks for fewer records or fewer streams; see its limits';
    default:
      if (status < 400) return 'it is elsewhere; redirects are not followed, correct the endpoint';
      return status < 500 ? `it refuses some of ${rows} records for good` : 'it cannot take the request now';
  }
}
