import { textIn, type Answer, type Surroundings } from './surroundings.ts';

const SHOWN_LENGTH_MAX = 60;

/** The service answered, but not with 200. */
export class StatusError extends RangeError {
  readonly status: number;

  constructor(url: string, status: number, advice = '') {
    super(`${url}: expected 200, got ${status}${advice}`);
    this.status = status;
  }
}

/** The metadata service of a cloud: an HTTP server that only machines of that cloud reach. */
export class MetadataService {
  readonly #at: Surroundings;
  readonly #endpoint: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(at: Surroundings, endpoint: string, headers: Readonly<Record<string, string>>) {
    this.#at = at;
    this.#endpoint = withoutSlash(endpoint);
    this.#headers = headers;
  }

  /** What it answers with 200. Rejects otherwise. */
  async get(path: string): Promise<Answer> {
    const answer = await this.#at.request(this.#endpoint + path, { headers: this.#headers });
    if (answer.status !== 200) throw new StatusError(this.#endpoint + path, answer.status);
    return answer;
  }

  /** The same as text, without the end of its line; undefined where it has no such thing, or does not give it away. */
  async find(path: string): Promise<string | undefined> {
    const { status, text } = await this.#at.request(this.#endpoint + path, { headers: this.#headers });
    if (status === 404 || status === 403) return undefined;
    if (status !== 200) throw new StatusError(this.#endpoint + path, status);
    return text.trim();
  }

  /** What it answers as an object. Rejects when it does not, or when it lacks the text `needed`. */
  async getObject(path: string, needed: string): Promise<object> {
    const { text } = await this.get(path);
    const value = parsed(text);
    if (typeof value !== 'object' || value === null || textIn(value, needed) === undefined) {
      throw new RangeError(`${this.#endpoint}${path}: expected an object with "${needed}", got ${shortened(text)}`);
    }
    return value;
  }
}

export function withoutSlash(endpoint: string): string {
  return endpoint.replace(/\/+$/, '');
}

/** For messages. */
export function shortened(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
