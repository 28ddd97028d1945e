import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { ConfigProblem, Extension, Host } from '#component';
import { SecretFile, type AuthDecision, type Authenticator, type ServerAuthenticator } from '#net';
import { isRightPassword, parseHtpasswd, type Users } from './htpasswd.ts';

export interface BasicAuthConfig {
  htpasswd?: HtpasswdConfig;
  client_auth?: ClientAuthConfig;
}

interface HtpasswdConfig {
  file: string;
  inline: string;
}

interface ClientAuthConfig {
  username: string;
  password: string;
}

/** What the schema cannot say. Passwords stay out of the messages. */
export function check({ htpasswd, client_auth: client }: BasicAuthConfig): ConfigProblem[] {
  if (!htpasswd === !client) {
    const given = client ? 'both are' : 'neither is';
    return [{ path: 'htpasswd', message: `expected either "htpasswd", for receivers, or "client_auth", for exporters; ${given} given` }];
  }
  const problems: ConfigProblem[] = [];
  if (client?.username.includes(':')) {
    problems.push({ path: 'client_auth.username', message: 'expected a name without a colon, which ends it' });
  }
  if (!htpasswd) return problems;
  if (htpasswd.file === '' && htpasswd.inline.trim() === '') {
    problems.push({ path: 'htpasswd.inline', message: 'expected "file" or "inline"; neither is given, or a variable in it is empty' });
  }
  try {
    parseHtpasswd(htpasswd.inline);
  } catch (error) {
    problems.push({ path: 'htpasswd.inline', message: error instanceof Error ? error.message : 'cannot be read' });
  }
  return problems;
}

/** Shows one user and password to backends. */
export class BasicAuthClient implements Extension, Authenticator {
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ username, password }: ClientAuthConfig) {
    this.#headers = { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  async start(): Promise<void> {}

  async shutdown(): Promise<void> {}

  authHeaders(): Readonly<Record<string, string>> {
    return this.#headers;
  }
}

/** Lets in the users it knows. */
export class BasicAuthServer implements Extension, ServerAuthenticator {
  readonly #config: HtpasswdConfig;
  #users: Users;
  #file: SecretFile<Users> | undefined;

  constructor(config: HtpasswdConfig) {
    this.#config = config;
    this.#users = parseHtpasswd(config.inline);
  }

  async start(host: Host): Promise<void> {
    const { file: path } = this.#config;
    if (path === '') return;
    const inline = this.#users;
    // Users of the configuration win, as in the Collector.
    const parse = (text: string): Users => new Map([...parseHtpasswd(text), ...inline]);
    this.#file = new SecretFile({ path, option: 'htpasswd.file', parse, host });
  }

  async shutdown(): Promise<void> {
    this.#file?.close();
  }

  authenticate({ authorization = '' }: IncomingHttpHeaders): AuthDecision {
    const [, encoded] = /^basic +([a-z0-9+/=_-]+) *$/i.exec(authorization) ?? [];
    const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
    const colon = pair.indexOf(':');
    const user = pair.slice(0, Math.max(0, colon));
    const users = this.#file?.content ?? this.#users;
    if (colon > 0 && isRightPassword(users, user, pair.slice(colon + 1))) return { isAllowed: true, subject: user };
    return { isAllowed: false, challenge: 'Basic realm="winnow", charset="UTF-8"' };
  }
}
