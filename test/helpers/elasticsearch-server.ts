import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface StoredDocument {
  readonly index: string;
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface ItemAnswer {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason: string };
}

/** What a test may change about an answer. */
interface Moods {
  /** Answers the whole request instead. */
  request?: (path: string) => { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> } | undefined;
  /** True when the answer to a `_bulk` that was taken gets lost. */
  isAnswerLost?: () => boolean;
  /** Answers a document instead. */
  document?: (source: Readonly<Record<string, unknown>>, text: string) => ItemAnswer | undefined;
}

const PRODUCT = { 'x-elastic-product': 'Elasticsearch' };
const BULK_TYPES = new Set(['application/x-ndjson', 'application/json', 'application/vnd.elasticsearch+x-ndjson']);

/**
 * Elasticsearch 8 as far as exporters see it: `_bulk` with its item for each action, index templates, credentials, and what
 * it refuses: malformed lines, versions it does not speak, documents that do not fit the types of the fields before them,
 * data streams without a time, an id that is there already, and the same member twice.
 */
export class ElasticsearchServer {
  readonly documents: StoredDocument[] = [];
  readonly templates: Map<string, unknown> = new Map();
  readonly requests: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly moods: Moods = {};
  readonly #types = new Map<string, string>();
  readonly #ids = new Set<string>();
  readonly #server: Server;
  #nextId = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(port: number = 0): Promise<void> {
    await new Promise<void>((ready) => this.#server.listen(port, '127.0.0.1', ready));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    this.requests.push(`${request.method} ${request.url}`);
    this.authorizations.push(request.headers.authorization);
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { ...PRODUCT, 'content-type': 'application/json', ...headers });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(value));
    };
    const mood = this.moods.request?.(pathname);
    if (mood) {
      response.writeHead(mood.status, { ...PRODUCT, ...mood.headers });
      return void response.end(mood.body);
    }
    const version = /compatible-with=(\d+)/.exec(`${request.headers.accept} ${request.headers['content-type']}`)?.[1] ?? '8';
    if (version !== '7' && version !== '8')
      return reply(400, errorOf('media_type_header_exception', `Accept version must be either version 8 or 7, but found ${version}`, 400));
    if (pathname.startsWith('/_index_template/')) return this.#template(request.method ?? '', pathname.slice(17), body, reply);
    if (/^\/(?:[^/]+\/)?_bulk$/.test(pathname)) {
      const type = (request.headers['content-type'] ?? '').split(';')[0] ?? '';
      if (!BULK_TYPES.has(type))
        return reply(406, errorOf('media_type_header_exception', `Content-Type header [${type}] is not supported`, 406));
      const answer = this.#bulk(body.toString('utf8'));
      if (this.moods.isAnswerLost?.()) return void response.destroy();
      return reply(answer.status, filtered(answer.value, searchParams.get('filter_path')));
    }
    return reply(404, errorOf('resource_not_found_exception', `no handler found for uri [${pathname}]`, 404));
  }

  #template(method: string, name: string, body: Buffer, reply: (status: number, value: unknown) => void): void {
    if (method === 'PUT') {
      this.templates.set(name, JSON.parse(body.toString('utf8')));
      return reply(200, { acknowledged: true });
    }
    return reply(this.templates.has(name) ? 200 : 404, {});
  }

  #bulk(text: string): { status: number; value: object } {
    const malformed = (reason: string): { status: number; value: object } => ({
      status: 400,
      value: errorOf('illegal_argument_exception', reason, 400),
    });
    if (!text.endsWith('\n')) return malformed('The bulk request must be terminated by a newline [\\n]');
    const lines = text.slice(0, -1).split('\n');
    if (lines.length % 2 === 1) return malformed('Malformed action/metadata line');
    const items: object[] = [];
    for (let i = 0; i < lines.length; i += 2) {
      const [operation, meta] = Object.entries(JSON.parse(lines[i] ?? '') as Record<string, Record<string, string>>)[0] ?? [];
      if ((operation !== 'create' && operation !== 'index') || !meta?.['_index'])
        return malformed(`Malformed action/metadata line [${i + 1}]`);
      const own = this.#store(meta['_index'], meta['_id'] ?? `auto-${++this.#nextId}`, operation, lines[i + 1] ?? '');
      items.push({ [operation]: { _index: meta['_index'], ...own } });
    }
    const errors = items.some((item) => 'error' in (Object.values(item)[0] as object));
    return { status: 200, value: { took: 1, errors, items } };
  }

  #store(index: string, id: string, operation: string, text: string): ItemAnswer {
    const refuse = (status: number, type: string, reason: string): ItemAnswer => ({ status, error: { type, reason } });
    if (/[A-Z\\/*?"<>| ,#:]/.test(index)) return refuse(400, 'invalid_index_name_exception', `Invalid index name [${index}]`);
    let source: Record<string, unknown>;
    try {
      source = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return refuse(400, 'document_parsing_exception', 'failed to parse');
    }
    const twice = memberTwice(text);
    if (twice !== undefined) return refuse(400, 'document_parsing_exception', `Duplicate field '${twice}'`);
    const mood = this.moods.document?.(source, text);
    if (mood) return mood;
    const isStream = /^logs-[^-]+-[^-]+$/.test(index);
    if (isStream && operation !== 'create')
      return refuse(400, 'illegal_argument_exception', 'only write ops with an op_type of create are allowed in data streams');
    if (isStream && Number.isNaN(Date.parse(String(source['@timestamp']))))
      return refuse(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing');
    const problem = this.#map(index, source, '');
    if (problem !== undefined) return refuse(400, 'document_parsing_exception', problem);
    if (this.#ids.has(`${index}/${id}`) && operation === 'create')
      return refuse(409, 'version_conflict_engine_exception', `[${id}]: version conflict, document already exists`);
    this.#ids.add(`${index}/${id}`);
    this.documents.push({ index, id, source, text });
    return { status: 201 };
  }

  /** Dynamic mapping: the first value of a field decides its type. */
  #map(index: string, source: object, prefix: string): string | undefined {
    for (const [name, value] of Object.entries(source)) {
      if (value === null) continue;
      const path = prefix + name;
      const values = Array.isArray(value) ? value.flat(9) : [value];
      for (const one of values) {
        const type = typeof one === 'string' ? 'text' : typeof one;
        const known = this.#types.get(`${index} ${path}`);
        // Text takes numbers and truths, but an object is never a value.
        if (known !== undefined && known !== type && (known !== 'text' || type === 'object'))
          return `failed to parse field [${path}] of type [${known}]`;
        this.#types.set(`${index} ${path}`, known ?? type);
        const inner = type === 'object' && one !== null ? this.#map(index, one as object, `${path}.`) : undefined;
        if (inner !== undefined) return inner;
      }
    }
    return undefined;
  }
}

function errorOf(type: string, reason: string, status: number): object {
  return { error: { root_cause: [{ type, reason }], type, reason }, status };
}

/** The name of a member that one object of the text has twice. Elasticsearch looks for it; JSON.parse does not. */
function memberTwice(text: string): string | undefined {
  let twice: string | undefined;
  const depth: Set<string>[] = [];
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?|[{}]/g)) {
    if (match[0] === '{') depth.push(new Set());
    else if (match[0] === '}') depth.pop();
    else if (match[2] !== undefined) {
      const names = depth.at(-1);
      if (names?.has(match[1] ?? '')) twice = match[1];
      names?.add(match[1] ?? '');
    }
  }
  return twice;
}

/** `filter_path` as far as it is asked for here: whole members, and members of items whatever the action. */
function filtered(value: object, filter: string | null): object {
  if (filter === null) return value;
  const paths = filter.split(',').map((path) => path.split('.'));
  const own: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const mine = paths.filter(([first]) => first === name);
    if (mine.length === 0) continue;
    const isWhole = mine.some(({ length }) => length === 1);
    if (isWhole || !Array.isArray(member)) own[name] = member;
    else
      own[name] = member.map((item: object) =>
        Object.fromEntries(
          Object.entries(item).map(([key, inner]) => [
            key,
            pick(
              inner as object,
              mine.map((path) => path.slice(2)),
            ),
          ]),
        ),
      );
  }
  return own;
}

function pick(value: object, paths: readonly (readonly string[])[]): object {
  const own: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const mine = paths.filter(([first]) => first === name);
    if (mine.length === 0) continue;
    own[name] =
      mine.some(({ length }) => length === 1) || typeof member !== 'object' || member === null
        ? member
        : pick(
            member as object,
            mine.map((path) => path.slice(1)),
          );
  }
  return own;
}
