import type { IncomingHttpHeaders } from 'node:http';
import type { ConfigProblem, Extension, Host } from '#component';
import { KnownSecrets, SecretFile, type AuthDecision, type Authenticator, type ServerAuthenticator } from '#net';

// Not imported, for the reason given in src/net/http-client.ts.
const { validateHeaderName } = process.getBuiltinModule('node:http');

export interface BearerTokenAuthConfig {
  scheme: string;
  token: string;
  tokens: readonly string[];
  filename: string;
  header: string;
}

interface Tokens {
  /** What we identify ourselves with. */
  readonly first: string;
  readonly known: KnownSecrets;
}

// What a header carries and nobody can mistake for its end.
const TOKEN = /^[\x21-\x7e]+$/;
const NOT_A_TOKEN = 'expected a token without spaces, line breaks and characters beyond ASCII; it may come from a file with a line break';

/** What the schema cannot say. Tokens stay out of the messages. */
export function check({ token, tokens, filename, header }: BearerTokenAuthConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  if ([token, tokens[0] ?? '', filename].every((text) => text === '')) {
    add('token', 'expected "token", "tokens" or "filename"; none is given, or a variable in it is empty');
  }
  if (token !== '' && tokens.length > 0) add('tokens', 'cannot be given together with "token"; move it to the head of the list');
  if (token !== '' && !TOKEN.test(token)) add('token', NOT_A_TOKEN);
  for (const [i, one] of tokens.entries()) if (!TOKEN.test(one)) add(`tokens.${i}`, NOT_A_TOKEN);
  try {
    validateHeaderName(header);
  } catch {
    add('header', 'the name of a header has letters, digits and hyphens only');
  }
  return problems;
}

/** Knows tokens: shows the first to backends, and lets in who shows any of them. */
export class BearerTokenAuth implements Extension, Authenticator, ServerAuthenticator {
  readonly #config: BearerTokenAuthConfig;
  readonly #prefix: string;
  readonly #given: Tokens | undefined;
  #file: SecretFile<Tokens> | undefined;

  constructor(config: BearerTokenAuthConfig) {
    const { scheme, token, tokens, filename } = config;
    this.#config = config;
    this.#prefix = scheme === '' ? '' : `${scheme} `;
    if (filename === '') this.#given = tokensOf(token === '' ? tokens : [token]);
  }

  async start(host: Host): Promise<void> {
    const { filename: path, token, tokens } = this.#config;
    if (path === '') return;
    if (token !== '' || tokens.length > 0) host.log.warn('The tokens of the file count; those of the configuration do not.', { path });
    this.#file = new SecretFile({ path, option: 'filename', parse: parseTokens, host });
  }

  async shutdown(): Promise<void> {
    this.#file?.close();
  }

  authHeaders(): Readonly<Record<string, string>> {
    return { [this.#config.header]: this.#prefix + this.#tokens.first };
  }

  authenticate(headers: IncomingHttpHeaders): AuthDecision {
    const shown = headers[this.#config.header.toLowerCase()];
    if (typeof shown === 'string' && this.#knows(shown)) return { isAllowed: true };
    return { isAllowed: false, challenge: this.#config.scheme === '' ? 'Bearer' : this.#config.scheme };
  }

  get #tokens(): Tokens {
    const tokens = this.#file?.content ?? this.#given;
    if (!tokens) throw new Error('tokens are asked for before start');
    return tokens;
  }

  /** The word before the token may be written in any case, as HTTP has it. */
  #knows(shown: string): boolean {
    const { length } = this.#prefix;
    return shown.slice(0, length).toLowerCase() === this.#prefix.toLowerCase() && this.#tokens.known.has(shown.slice(length).trim());
  }
}

/** One token a line. */
function parseTokens(text: string): Tokens {
  const lines = text.split('\n').map((line) => line.trim());
  for (const [i, line] of lines.entries()) if (line !== '' && !TOKEN.test(line)) throw new Error(`line ${i + 1}: ${NOT_A_TOKEN}`);
  return tokensOf(lines.filter((line) => line !== ''));
}

function tokensOf(tokens: readonly string[]): Tokens {
  const [first] = tokens;
  if (first === undefined) throw new Error('expected a token, got nothing');
  return { first, known: new KnownSecrets(tokens) };
}
