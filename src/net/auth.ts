/** What an extension offers that knows how to identify us to a backend, for the option `auth.authenticator`. */
export interface Authenticator {
  /** Headers for the next request. Asked for before each, so that tokens may change. */
  authHeaders(): Readonly<Record<string, string>>;
}

export function isAuthenticator(extension: unknown): extension is Authenticator {
  return typeof extension === 'object' && extension !== null && 'authHeaders' in extension && typeof extension.authHeaders === 'function';
}

export interface AuthConfig {
  authenticator: string;
}
