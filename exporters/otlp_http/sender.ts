import type { Counter, Host } from '#component';
import { basicAuthOf, userAgent, withoutSecrets, type Authenticator, type HttpClient } from '#net';
import type { Payload, SendResult } from '#queue';
import { interpretAnswer } from './answer.ts';

export interface SenderSettings {
  readonly id: string;
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly authenticator: Authenticator | undefined;
  readonly client: HttpClient;
  readonly host: Host;
}

/** Makes one attempt to send one request. */
export class Sender {
  readonly #settings: SenderSettings;
  readonly #where: string;
  readonly #own: Readonly<Record<string, string>>;
  readonly #configured: Readonly<Record<string, string>>;
  readonly #sentBytes: Counter;

  constructor(settings: SenderSettings) {
    this.#settings = settings;
    this.#where = withoutSecrets(settings.url);
    const basic = basicAuthOf(settings.url);
    this.#own = { 'user-agent': userAgent(), ...(basic !== undefined && { authorization: basic }) };
    this.#configured = lowerCase(settings.headers);
    this.#sentBytes = settings.host.metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
  }

  /** Throws RetryableError, DestinationError or PermanentError. */
  async send(payload: Payload, signal: AbortSignal): Promise<SendResult> {
    const { id, client, authenticator, host } = this.#settings;
    const identity = lowerCase(Object.entries(authenticator?.authHeaders() ?? {}));
    const headers: Record<string, string> = {
      ...this.#own,
      'content-type': payload.contentType,
      'content-length': String(payload.body.length),
      ...identity,
      ...this.#configured,
    };
    if (payload.encoding !== '') headers['content-encoding'] = payload.encoding;
    this.#sentBytes.add(payload.body.length);
    const answer = await client.post(payload.body, headers, signal);
    const result = interpretAnswer(answer, {
      id,
      where: this.#where,
      rows: payload.rows,
      nowMs: host.clock.now(),
      secrets: () => secretsAmong([...Object.values(this.#configured), ...Object.values(identity), headers['authorization'] ?? '']),
    });
    if (result.rejected === 0 && result.message !== undefined) {
      host.log.warn('The backend took a request and had something to say.', { reason: result.message });
    }
    return result;
  }
}

/** Names of headers are equal in any case; ours are overridden by the operator's. */
function lowerCase(headers: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** A backend may quote the token alone, without the word before it. */
function secretsAmong(values: readonly string[]): string[] {
  return values.flatMap((value) => [value, ...value.split(' ')]);
}
