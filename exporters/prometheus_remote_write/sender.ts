import { DestinationError, PermanentError, RetryableError, type Counter, type Host } from '#component';
import {
  ClientIdentity,
  parseRetryAfter,
  quoteWithout,
  withoutSecrets,
  wrongServerAdvice,
  type Authenticator,
  type HttpAnswer,
  type HttpClient,
} from '#net';
import type { Request } from './request-writer.ts';

export interface SenderSettings {
  readonly id: string;
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly authenticator: Authenticator | undefined;
  readonly client: HttpClient;
  readonly host: Host;
}

const PROTOCOL = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
} as const;

/** Makes one attempt to send one request. */
export class Sender {
  readonly #settings: SenderSettings;
  readonly #where: string;
  readonly #identity: ClientIdentity;
  readonly #sentBytes: Counter;

  constructor(settings: SenderSettings) {
    const { id, url, host } = settings;
    this.#settings = settings;
    this.#where = `${id}: ${withoutSecrets(url)}`;
    this.#identity = new ClientIdentity(settings);
    this.#sentBytes = host.metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
  }

  /**
   * Throws RetryableError or DestinationError when no answer came, or none of the backend, or the protocol says that the request may be sent again
   * (429, 5xx), and PermanentError for every other answer.
   */
  async send({ body, samples }: Request, signal: AbortSignal): Promise<void> {
    const { headers, secrets } = this.#identity.now();
    this.#sentBytes.add(body.length);
    const answer = await this.#settings.client.post(body, { ...headers, ...PROTOCOL, 'content-length': String(body.length) }, signal);
    const wrong = wrongServerAdvice(answer);
    if (answer.status >= 200 && answer.status < 300 && wrong === undefined) return;
    throw this.#problemOf(answer, { samples, wrong }, secrets);
  }

  #problemOf(answer: HttpAnswer, { samples, wrong }: { samples: number; wrong: string | undefined }, secrets: readonly string[]): Error {
    const { status } = answer;
    const message = `${this.#where}: ${status}: ${wrong ?? adviceFor(status, samples)}${quoteWithout(answer.body.toString('utf8'), secrets)}`;
    if (wrong !== undefined) return new DestinationError(message);
    if (status !== 429 && status < 500) return new PermanentError(message, { tooLarge: status === 413 });
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], this.#settings.host.clock.now());
    return new RetryableError(message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
}

function adviceFor(status: number, samples: number): string {
  switch (status) {
    case 400:
      return `it refuses a request of ${samples} samples; another agent may push the same series, see "external_labels"`;
    case 401:
      return 'it does not know us; check "headers" or "auth" for a missing or expired token';
    case 403:
      return 'it knows us but does not let us write; have the permission granted, or check the token';
    case 404:
      return 'there is nothing that takes remote write; check "endpoint", and --web.enable-remote-write-receiver of Prometheus';
    case 413:
      return `a request of ${samples} samples is too large; lower "max_samples_per_send" or "max_batch_size_bytes"`;
    case 429:
      return 'it asks for fewer requests';
    default:
      if (status < 400) return 'it is elsewhere; redirects are not followed, correct the endpoint';
      return status < 500 ? `it refuses ${samples} samples for good` : 'it cannot take the request now';
  }
}
