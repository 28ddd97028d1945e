import type { Authenticator } from './auth.ts';
import { basicAuthOf } from './url.ts';
import { userAgent } from './user-agent.ts';

export interface ClientIdentitySettings {
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly authenticator: Authenticator | undefined;
}

/** What a client says of itself with each request. */
export interface Identity {
  /** By lower-case name: names are equal in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What of it must not stand in a log, should the backend quote it. */
  readonly secrets: readonly string[];
}

/** The headers by which a backend knows us: our own, over them the authenticator's, over those the operator's. */
export class ClientIdentity {
  readonly #own: Readonly<Record<string, string>>;
  readonly #configured: Readonly<Record<string, string>>;
  readonly #authenticator: Authenticator | undefined;

  constructor({ url, headers, authenticator }: ClientIdentitySettings) {
    const basic = basicAuthOf(url);
    this.#own = basic === undefined ? {} : { authorization: basic };
    this.#configured = lowerCase(headers);
    this.#authenticator = authenticator;
  }

  /** For one request: tokens change. */
  now(): Identity {
    const secret = { ...this.#own, ...lowerCase(Object.entries(this.#authenticator?.authHeaders() ?? {})), ...this.#configured };
    return {
      headers: { 'user-agent': userAgent(), ...secret },
      // A backend may quote the token alone, without the word before it.
      secrets: Object.values(secret).flatMap((value) => [value].concat(value.split(' '))),
    };
  }
}

function lowerCase(headers: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}
