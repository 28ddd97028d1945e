import { parseDuration, type Consumer, type Host, type Receiver, type Settings } from '#component';
import { LogBatch } from '#model';
import { HandOver, HttpProblem, HttpServer, type RequestHead, type Route, type ServerReply, type ServerRequest } from '#net';
import { readJsonRequest, readRequest } from '#otlp';
import { describe, JSON_TYPE, PROTOBUF, replyTo } from './answers.ts';
import type { OtlpConfig } from './config.ts';

// What a batch has grown to for one request, it keeps. A rare large one shall not keep its memory for ever.
const SPARE_ROWS_MAX = 16_384;
const SPARE_SLOTS_MAX = 262_144;

// Where senders look for the signals that no pipeline of this agent takes.
const OTHER_SIGNALS: Readonly<Record<string, string>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1development/profiles': 'profiles',
};

/** Reads requests into rows over the very bytes they came in, and answers each when its records are safe. */
export class OtlpReceiver implements Receiver {
  readonly #server: HttpServer;
  readonly #handOver: HandOver;
  readonly #logsPath: string;
  #spare = new LogBatch();

  constructor({ protocols: { http } }: OtlpConfig, { id }: Settings, next: Consumer) {
    this.#logsPath = http.logs_url_path;
    this.#handOver = new HandOver({ next, settleMs: parseDuration(http.settle_timeout) });
    const logs: Route = { methods: ['POST'], check: checkFormat, handle: (request) => this.#take(request), describe };
    this.#server = new HttpServer({
      id,
      config: http,
      path: 'protocols.http.',
      routeOf: (path) => (path === this.#logsPath ? logs : undefined),
      notFound: (problem, head) => describe(this.#notFound(problem, head), head),
    });
  }

  /** The port that was taken, for an endpoint with port 0. */
  get port(): number {
    return this.#server.port;
  }

  start(host: Host): Promise<void> {
    this.#handOver.start(host);
    return this.#server.start(host);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const closed = this.#server.close(signal);
    await this.#handOver.stop(signal);
    await closed;
  }

  async #take(request: ServerRequest): Promise<ServerReply> {
    const { source, signal } = request;
    const outcome = await this.#handOver.give({ read: () => this.#read(request), source, signal });
    return replyTo(outcome, request);
  }

  #read({ body, contentType }: ServerRequest): LogBatch {
    try {
      if (contentType === JSON_TYPE) return readJsonRequest(body);
      if (this.#spare.timeMs.length > SPARE_ROWS_MAX || this.#spare.attributes.type.length > SPARE_SLOTS_MAX) this.#spare = new LogBatch();
      return readRequest(body, this.#spare);
    } catch (error) {
      if (error instanceof RangeError) throw new HttpProblem(400, error.message, {}, { cause: error });
      throw error;
    }
  }

  #notFound(problem: HttpProblem, { path }: RequestHead): HttpProblem {
    const signal = OTHER_SIGNALS[path];
    if (problem.status !== 404) return problem;
    if (signal === undefined) return new HttpProblem(404, `${problem.message}; logs are taken at ${this.#logsPath}`);
    return new HttpProblem(404, `this agent takes logs only, no ${signal}; switch their exporter off, or send them elsewhere`);
  }
}

function checkFormat({ contentType }: RequestHead): void {
  if (contentType === PROTOBUF || contentType === JSON_TYPE) return;
  const got = contentType === '' ? 'nothing' : `"${contentType.slice(0, 60)}"`;
  throw new HttpProblem(415, `expected the content type ${PROTOBUF} or ${JSON_TYPE}, got ${got}`, { accept: `${PROTOBUF}, ${JSON_TYPE}` });
}
