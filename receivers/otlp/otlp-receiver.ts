import { parseDuration, type Consumer, type Host, type Receiver, type Settings } from '#component';
import type { LogBatch, Signal } from '#model';
import { HandOver, HttpProblem, HttpServer, type RequestHead, type Route, type ServerReply, type ServerRequest } from '#net';
import { describe, JSON_TYPE, PROTOBUF, replyTo, successOfProtobuf } from './answers.ts';
import type { OtlpConfig, OtlpHttpServerConfig } from './config.ts';
import type { GrpcServerConfig } from './grpc-config.ts';
import type { GrpcRequest, GrpcServer } from './grpc-server.ts';
import { RequestReader } from './request-reader.ts';

// Where senders look for the signals that no pipeline takes from this receiver.
const KNOWN_PATHS: Readonly<Record<string, string>> = {
  '/v1/logs': 'logs',
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1development/profiles': 'profiles',
};

const GRPC_METHODS: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};
const SETTLE_MS = 8000;

/** The requests of one signal: a pipeline that takes no spans now keeps no log record waiting. */
interface Lane {
  readonly signal: Signal;
  readonly handOver: HandOver;
  readonly reader: RequestReader;
}

/** Reads requests into rows over the very bytes they came in, and answers each when its records are safe. */
export class OtlpReceiver implements Receiver {
  readonly #config: OtlpConfig['protocols'];
  readonly #id: string;
  readonly #signals: readonly Signal[];
  readonly #http: HttpServer | undefined;
  readonly #lanes: ReadonlyMap<Signal, Lane>;
  #grpc: GrpcServer | undefined;

  constructor({ protocols }: OtlpConfig, { id, signals = ['logs'] }: Settings, next: Consumer) {
    this.#config = protocols;
    this.#id = id;
    this.#signals = signals;
    this.#lanes = new Map(signals.map((signal) => [signal, createLane(signal, next)]));
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
    for (const { handOver } of this.#lanes.values()) handOver.start(host);
    await this.#http?.start(host);
    if (!grpc) return;
    this.#grpc = await this.#createGrpc(grpc);
    await this.#grpc.start(host);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const closed = Promise.all([this.#http?.close(signal), this.#grpc?.close(signal)]);
    await Promise.all([...this.#lanes.values()].map(({ handOver }) => handOver.stop(signal)));
    await closed;
  }

  #createHttp(config: OtlpHttpServerConfig): HttpServer {
    const settleMs = parseDuration(config.settle_timeout);
    const paths: Readonly<Record<Signal, string>> = { logs: config.logs_url_path, traces: config.traces_url_path };
    const routes = new Map([...this.#lanes.values()].map((lane) => [paths[lane.signal], routeFor(lane, settleMs)]));
    return new HttpServer({
      id: this.#id,
      config,
      path: 'protocols.http.',
      routeOf: (path) => routes.get(path),
      notFound: (problem, head) => describe(this.#notFound(problem, head, [...routes.keys()]), head),
    });
  }

  /** The library for it takes 17 MB and 70 ms at start; who does not want it does not load it. */
  async #createGrpc(config: GrpcServerConfig): Promise<GrpcServer> {
    const settleMs = parseDuration(config.settle_timeout);
    const { GrpcServer: Server } = await import('./grpc-server.ts');
    const methods = new Map([...this.#lanes.values()].map((lane) => [GRPC_METHODS[lane.signal], methodFor(lane, settleMs)]));
    return new Server({ id: this.#id, config, path: 'protocols.grpc.', methods });
  }

  #notFound(problem: HttpProblem, { path }: RequestHead, paths: readonly string[]): HttpProblem {
    const asked = KNOWN_PATHS[path];
    if (problem.status !== 404) return problem;
    const taken = this.#signals.join(' and ');
    if (asked === undefined) return new HttpProblem(404, `${problem.message}; ${taken} are taken at ${paths.join(' and ')}`);
    return new HttpProblem(404, `this agent takes ${taken} only, no ${asked}; switch their exporter off, or send them elsewhere`);
  }
}

function createLane(signal: Signal, next: Consumer): Lane {
  const labels = signal === 'logs' ? {} : { otel_signal: signal };
  return { signal, handOver: new HandOver({ next, settleMs: SETTLE_MS, labels }), reader: new RequestReader() };
}

function routeFor({ signal: taken, handOver, reader }: Lane, settleMs: number): Route {
  const handle = async (request: ServerRequest): Promise<ServerReply> => {
    const { body, contentType, source, signal } = request;
    const read = (): LogBatch => (contentType === JSON_TYPE ? reader.readJson(body, taken) : reader.readProtobuf(body, taken));
    const gift = { read, source, signal, settleMs, done: () => request.release() };
    return replyTo(await handOver.give(gift), request, taken);
  };
  return { methods: ['POST'], check: checkFormat, handle, describe };
}

function methodFor({ signal: taken, handOver, reader }: Lane, settleMs: number): (request: GrpcRequest) => Promise<Uint8Array> {
  return async ({ body, source, signal }) => {
    const read = (): LogBatch => reader.readProtobuf(body, taken);
    return successOfProtobuf(await handOver.give({ read, source, signal, settleMs }));
  };
}

function checkFormat({ contentType }: RequestHead): void {
  if (contentType === PROTOBUF || contentType === JSON_TYPE) return;
  const got = contentType === '' ? 'nothing' : `"${contentType.slice(0, 60)}"`;
  throw new HttpProblem(415, `expected the content type ${PROTOBUF} or ${JSON_TYPE}, got ${got}`, { accept: `${PROTOBUF}, ${JSON_TYPE}` });
}
