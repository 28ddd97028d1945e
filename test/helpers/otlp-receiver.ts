import * as grpc from '@grpc/grpc-js';
import type { ChannelCredentials, Client } from '@grpc/grpc-js';
import { Ajv } from 'ajv';
import type { Consumer } from '#component';
import type { Signal } from '#model';
import type { OtlpConfig } from '../../receivers/otlp/config.ts';
import { factory } from '../../receivers/otlp/index.ts';
import { OtlpReceiver } from '../../receivers/otlp/otlp-receiver.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './test-host.ts';

const validate = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile<OtlpConfig>(factory.schema);

export interface Gateway {
  readonly receiver: OtlpReceiver;
  readonly host: TestHost;
  readonly url: string;
  post(body: Uint8Array<ArrayBuffer> | string, headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>;
  stop(graceMs?: number): Promise<void>;
}

interface ReceiverOptions extends TestHostOptions {
  /** What the pipelines behind it carry. */
  readonly signals?: readonly Signal[];
}

interface Started {
  readonly receiver: OtlpReceiver;
  readonly host: TestHost;
}

async function startReceiver(next: Consumer, protocols: object, { signals = ['logs'], ...hostOptions }: ReceiverOptions): Promise<Started> {
  const config: unknown = { protocols };
  if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
  const host = createTestHost({ clock: systemClock, ...hostOptions });
  const receiver = new OtlpReceiver(config, { id: 'otlp', signals }, next);
  await receiver.start(host);
  return { receiver, host };
}

export interface GrpcGateway extends Started {
  /** Host and port. */
  readonly address: string;
  /** Sends one request; rejects with the library's ServiceError. */
  call(body: Uint8Array, options?: CallOptions): Promise<Buffer>;
  stop(graceMs?: number): Promise<void>;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly deadlineMs?: number;
  readonly compression?: 'gzip' | 'deflate';
}

const GRPC_LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** The same for gRPC, with a client. Options are those of `protocols.grpc`. */
export async function startGrpc(
  next: Consumer,
  own: object = {},
  { credentials = grpc.credentials.createInsecure(), ...hostOptions }: ReceiverOptions & { readonly credentials?: ChannelCredentials } = {},
): Promise<GrpcGateway> {
  const { receiver, host } = await startReceiver(next, { grpc: { endpoint: 'localhost:0', ...own } }, hostOptions);
  const address = `localhost:${receiver.grpcPort}`;
  const clients = new Map<string, Client>();
  const clientFor = (compression: string | undefined): Client => {
    const existing = clients.get(compression ?? '');
    if (existing) return existing;
    const algorithm = compression === 'gzip' ? grpc.compressionAlgorithms.gzip : grpc.compressionAlgorithms.deflate;
    const options = compression === undefined ? {} : { 'grpc.default_compression_algorithm': algorithm };
    // Retries of the library would hide what the receiver says.
    const client = new grpc.Client(address, credentials, { ...options, 'grpc.enable_retries': 0 });
    clients.set(compression ?? '', client);
    return client;
  };
  return {
    receiver,
    host,
    address,
    call: (body, { metadata = {}, path = GRPC_LOGS, deadlineMs = 10_000, compression } = {}) =>
      new Promise((resolve, reject) => {
        const headers = new grpc.Metadata();
        for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
        const deadline = Date.now() + deadlineMs;
        const take = (error: unknown, answer: Buffer | undefined): void => {
          if (error instanceof Error) reject(error);
          else resolve(answer ?? Buffer.alloc(0));
        };
        clientFor(compression).makeUnaryRequest<Buffer, Buffer>(path, asIs, asIs, Buffer.from(body), headers, { deadline }, take);
      }),
    stop: async (graceMs = 5000) => {
      await receiver.shutdown(AbortSignal.timeout(graceMs));
      for (const client of clients.values()) client.close();
    },
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** A started receiver on a free port, in real time unless told otherwise. Options are those of `protocols.http`. */
export async function startGateway(next: Consumer, http: object = {}, hostOptions: ReceiverOptions = {}): Promise<Gateway> {
  const { receiver, host } = await startReceiver(next, { http: { endpoint: '127.0.0.1:0', ...http } }, hostOptions);
  const url = `${'tls' in http ? 'https' : 'http'}://127.0.0.1:${receiver.port}`;
  return {
    receiver,
    host,
    url,
    post: (body, headers = {}, path = '/v1/logs') =>
      fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/x-protobuf', ...headers } }),
    stop: (graceMs = 5000) => receiver.shutdown(AbortSignal.timeout(graceMs)),
  };
}
