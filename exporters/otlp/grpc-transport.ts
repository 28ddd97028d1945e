import { parseDuration, type Host } from '#component';
import { ClientIdentity, headersOf, isAuthenticator } from '#net';
import { readPayloadType, type Transport } from '#otlp-export';
import type { Send } from '#queue';
import { interpretAnswer } from './answer.ts';
import type { OtlpConfig } from './config.ts';
import { GrpcClient } from './grpc-client.ts';
import type { Target } from './target.ts';

const METHODS = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;

/** Makes attempts to send requests over gRPC. */
export class GrpcTransport implements Transport {
  readonly #id: string;
  readonly #authority: string;
  readonly #identity: ClientIdentity;
  readonly #client: GrpcClient;

  /** Throws ConfigError when the files of `tls` cannot be used. */
  constructor(id: string, config: OtlpConfig, { target, host }: { target: Target; host: Host }) {
    const authenticator = config.auth && host.extension(config.auth.authenticator, isAuthenticator);
    this.#id = id;
    this.#authority = config.authority;
    this.#identity = new ClientIdentity({ url: target.url, headers: headersOf(config.headers), authenticator });
    this.#client = new GrpcClient({
      id,
      target,
      tls: config.tls,
      keepalive: config.keepalive,
      timeoutMs: parseDuration(config.timeout),
      host,
    });
    this.#client.prepare();
  }

  /** Throws RetryableError, DestinationError or PermanentError. */
  readonly send: Send = async ({ body, encoding, contentType, rows }, abort) => {
    const { signal } = readPayloadType(contentType);
    const identity = this.#identity.now();
    const headers = { ...identity.headers, ...(this.#authority !== '' && { ':authority': this.#authority }) };
    const answer = await this.#client.call(METHODS[signal], { body, encoding }, headers, abort);
    return interpretAnswer(answer, { id: this.#id, where: this.#client.where, rows, secrets: () => identity.secrets });
  };

  close(): void {
    this.#client.close();
  }
}
