import type { IncomingHttpHeaders } from 'node:http';

/** What an extension offers that knows how to identify us to a backend, for the option `auth.authenticator`. */
export interface Authenticator {
  /** Headers for the next request. Asked for before each, so that tokens may change. */
  authHeaders(): Readonly<Record<string, string>>;
}

export function isAuthenticator(extension: unknown): extension is Authenticator {
  return typeof extension === 'object' && extension !== null && 'authHeaders' in extension && typeof extension.authHeaders === 'function';
}

/** Who may come in. `subject` names the one who did; a challenge is the value of WWW-Authenticate. */
export type AuthDecision =
  | { readonly isAllowed: true; readonly subject?: string }
  | { readonly isAllowed: false; readonly challenge: string };

/** What an extension offers that knows who may send to our servers, for their option `auth.authenticator`. */
export interface ServerAuthenticator {
  /** Asked before the body of a request is read. Header names are in lower case. */
  authenticate(headers: IncomingHttpHeaders): AuthDecision | Promise<AuthDecision>;
}

export function isServerAuthenticator(extension: unknown): extension is ServerAuthenticator {
  return typeof extension === 'object' && extension !== null && 'authenticate' in extension && typeof extension.authenticate === 'function';
}

export interface AuthConfig {
  authenticator: string;
}
