import type { Host } from '#component';
import { ClientIdentity, withoutSecrets, type Authenticator, type HttpClient } from '#net';
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
  readonly #identity: ClientIdentity;

  constructor(settings: SenderSettings) {
    this.#settings = settings;
    this.#where = withoutSecrets(settings.url);
    this.#identity = new ClientIdentity(settings);
  }

  /** Throws RetryableError, DestinationError or PermanentError. */
  async send(payload: Payload, signal: AbortSignal): Promise<SendResult> {
    const { id, client, host } = this.#settings;
    const identity = this.#identity.now();
    const headers: Record<string, string> = {
      'content-type': payload.contentType,
      'content-length': String(payload.body.length),
      ...identity.headers,
    };
    if (payload.encoding !== '') headers['content-encoding'] = payload.encoding;
    const answer = await client.post(payload.body, headers, signal);
    return interpretAnswer(answer, {
      id,
      where: this.#where,
      rows: payload.rows,
      nowMs: host.clock.now(),
      secrets: () => identity.secrets,
    });
  }
}
