import { parseDuration, type Consumer, type Host, type Receiver, type Settings } from '#component';
import type { LogBatch } from '#model';
import { HandOver, HttpProblem, HttpServer, type RequestHead, type Route, type ServerReply, type ServerRequest } from '#net';
import { describe, JSON_TYPE, PROTOBUF, replyTo, successOfProtobuf } from './answers.ts';
import type { OtlpConfig, OtlpHttpServerConfig } from './config.ts';
import type { GrpcServerConfig } from './grpc-config.ts';
import type { GrpcRequest, GrpcServer } from './grpc-server.ts';
import { RequestReader } from './request-reader.ts';

// Where senders look for the signals that no pipeline of this agent takes.
const OTHER_SIGNALS: Readonly<Record<string, string>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1development/profiles': 'profiles',
};

const GRPC_LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const SETTLE_MS = 8000;

/** Reads requests into rows over the very bytes they came in, and answers each when its records are safe. */
export class OtlpReceiver implements Receiver {
  readonly #config: OtlpConfig['protocols'];
  readonly #id: string;
  readonly #http: HttpServer | undefined;
  readonly #handOver: HandOver;
  readonly #reader = new RequestReader();
  #grpc: GrpcServer | undefined;

  constructor({ protocols }: OtlpConfig, { id }: Settings, next: Consumer) {
    this.#config = protocols;
    this.#id = id;
    this.#handOver = new HandOver({ next, settleMs: SETTLE_MS });
    this.#http = protocols.http && this.#createHttp(protocols.http);
  }

  /** The port that HTTP has taken, for an endpoint with port 0. */
  get port(): number {
    return this.#http?.port ?? 0;
  }

  /** The same for gRPC. */
  get grpcPort(): number {
    return this.#grpc?.port ?? 0;
  }

  async start(host: Host): Promise<void> {
    const { grpc } = this.#config;
    this.#handOver.start(host);
    await this.#http?.start(host);
    if (!grpc) return;
    this.#grpc = await this.#createGrpc(grpc);
    await this.#grpc.start(host);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const closed = Promise.all([this.#http?.close(signal), this.#grpc?.close(signal)]);
    await this.#handOver.stop(signal);
    await closed;
  }

  #createHttp(config: OtlpHttpServerConfig): HttpServer {
    const settleMs = parseDuration(config.settle_timeout);
    const { logs_url_path: logsPath } = config;
    const take = async (request: ServerRequest): Promise<ServerReply> => {
      const { source, signal } = request;
      const gift = { read: () => this.#read(request), source, signal, settleMs, done: () => request.release() };
      return replyTo(await this.#handOver.give(gift), request);
    };
    const logs: Route = { methods: ['POST'], check: checkFormat, handle: take, describe };
    return new HttpServer({
      id: this.#id,
      config,
      path: 'protocols.http.',
      routeOf: (path) => (path === logsPath ? logs : undefined),
      notFound: (problem, head) => describe(notFound(problem, head, logsPath), head),
    });
  }

  #read({ body, contentType }: ServerRequest): LogBatch {
    return contentType === JSON_TYPE ? this.#reader.readJson(body) : this.#reader.readProtobuf(body);
  }

  /** The library for it takes 20 MB; who does not want it does not load it. */
  async #createGrpc(config: GrpcServerConfig): Promise<GrpcServer> {
    const settleMs = parseDuration(config.settle_timeout);
    const { GrpcServer: Server } = await import('./grpc-server.ts');
    const take = async ({ body, source, signal }: GrpcRequest): Promise<Uint8Array> =>
      successOfProtobuf(await this.#handOver.give({ read: () => this.#reader.readProtobuf(body), source, signal, settleMs }));
    return new Server({ id: this.#id, config, path: 'protocols.grpc.', methods: new Map([[GRPC_LOGS, take]]) });
  }
}

function notFound(problem: HttpProblem, { path }: RequestHead, logsPath: string): HttpProblem {
  const signal = OTHER_SIGNALS[path];
  if (problem.status !== 404) return problem;
  if (signal === undefined) return new HttpProblem(404, `${problem.message}; logs are taken at ${logsPath}`);
  return new HttpProblem(404, `this agent takes logs only, no ${signal}; switch their exporter off, or send them elsewhere`);
}

function checkFormat({ contentType }: RequestHead): void {
  if (contentType === PROTOBUF || contentType === JSON_TYPE) return;
  const got = contentType === '' ? 'nothing' : `"${contentType.slice(0, 60)}"`;
  throw new HttpProblem(415, `expected the content type ${PROTOBUF} or ${JSON_TYPE}, got ${got}`, { accept: `${PROTOBUF}, ${JSON_TYPE}` });
}
