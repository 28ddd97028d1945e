import {
  Metadata,
  Server,
  ServerCredentials,
  status as Code,
  type sendUnaryData,
  type ServerUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { decodeRequest } from './otlp-proto.ts';

const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export interface GrpcRequest {
  readonly path: string;
  readonly body: Buffer;
  readonly metadata: Metadata;
}

/** What to answer to a request: a status, an answer in protobuf, or nothing, so that it is taken. */
type Script = (request: GrpcRequest, nth: number) => Partial<StatusObject> | Uint8Array | undefined;

/** An OTLP backend over gRPC, by the library that most use. It keeps the bodies of the records it takes. */
export class GrpcSink {
  readonly #server: Server;
  readonly #credentials: ServerCredentials;
  readonly requests: GrpcRequest[] = [];
  readonly bodies: string[] = [];
  script: Script = () => undefined;
  /** Answers are given so late. */
  delayMs = 0;
  port = 0;

  constructor(credentials: ServerCredentials = ServerCredentials.createInsecure(), options: object = {}) {
    this.#credentials = credentials;
    this.#server = new Server(options);
    const handle = (path: string) => (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>) => {
      const request = { path, body: call.request, metadata: call.metadata };
      const nth = this.requests.push(request) - 1;
      setTimeout(() => this.#answer(request, nth, answer), this.delayMs);
    };
    const method = (path: string): object => ({
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
      responseDeserialize: (bytes: Buffer) => bytes,
    });
    this.#server.addService({ Logs: method(LOGS), Traces: method(TRACES) } as never, { Logs: handle(LOGS), Traces: handle(TRACES) });
  }

  #answer(request: GrpcRequest, nth: number, answer: sendUnaryData<Uint8Array>): void {
    const given = this.script(request, nth);
    if (given && !(given instanceof Uint8Array)) {
      answer({ code: Code.INTERNAL, details: '', metadata: new Metadata(), ...given });
      return;
    }
    if (request.path === LOGS) {
      for (const { scopeLogs = [] } of decodeRequest(request.body).resourceLogs ?? [])
        for (const { logRecords = [] } of scopeLogs) for (const { body } of logRecords) this.bodies.push(body?.stringValue ?? '');
    }
    answer(null, given ?? new Uint8Array());
  }

  /** At `where`, which may be `unix:…`; else at some free port. */
  async start(where: string = `127.0.0.1:${this.port}`): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(where, this.#credentials, (problem, port) => (problem ? reject(problem) : resolve(port)));
    });
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}
