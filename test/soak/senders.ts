import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usageOf } from '../bench/process-usage.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { ContentBook, type ContentDifference } from '../helpers/content-book.ts';
import { OtlpSink } from '../helpers/otlp-sink.ts';
import { PROTOCOLS, sendBySdk, type Protocol } from '../helpers/sdk-sender.ts';

export interface SendersOptions {
  readonly logs: number;
  /** Python interpreters that have OpenTelemetry's SDK; see sender.py. With none the SDK for JavaScript sends. */
  readonly pythons: readonly string[];
}

export interface SendersResult extends ContentDifference {
  readonly sdk: string;
  readonly protocol: Protocol;
  /** The part of the backend's answers that is 503. */
  readonly faults: number;
  readonly arrived: number;
  readonly refusedRequests: number;
  readonly seconds: number;
  /** Of the agent, for these logs alone. */
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

interface Sdk {
  readonly name: string;
  readonly protocols: readonly Protocol[];
  send(protocol: Protocol, url: string, count: number): Promise<unknown>;
}

const run = promisify(execFile);
const SENDER = join(import.meta.dirname, 'sender.py');
const FAULTS = [0, 0.5];
const ARRIVE_MS = 120_000;

/**
 * Official SDKs send logs through an agent with a queue on disk to an OTLP sink, which answers 503 half of the time in
 * every second run. What arrives is compared record by record with what the same SDK sends to a sink directly.
 */
export async function* runSenders({ logs, pythons }: SendersOptions): AsyncGenerator<SendersResult> {
  const folder = createFolder();
  const sink = await CountedSink.start();
  const [http, grpc] = [await freePort(), await freePort()];
  const agent = new Agent({ folder, config: configOf(folder, sink.url, http, grpc) });
  try {
    agent.start();
    await eventually(() => agent.output.includes('Winnow has started.'), 15_000);
    for (const sdk of pythons.length > 0 ? await pythonsOf(pythons) : [javaScript()]) {
      const reference = sdk.protocols.find((protocol) => protocol !== 'grpc') ?? 'http/protobuf';
      sink.begin(0);
      await sdk.send(reference, sink.url, logs);
      const direct = sink.take();
      for (const protocol of sdk.protocols) {
        for (const faults of FAULTS) {
          const startedAt = performance.now();
          const { cpuSeconds } = usageOf(agent.pid);
          sink.begin(faults);
          await sdk.send(protocol, `http://127.0.0.1:${protocol === 'grpc' ? grpc : http}`, logs);
          await eventually(() => sink.size >= logs, ARRIVE_MS);
          const seconds = (performance.now() - startedAt) / 1000;
          const after = usageOf(agent.pid);
          const { refusedRequests } = sink;
          const book = sink.take();
          const difference = book.compareTo(direct);
          const figures = { refusedRequests, seconds, cpuSeconds: after.cpuSeconds - cpuSeconds, rssMib: after.rssMib };
          yield { sdk: sdk.name, protocol, faults, arrived: book.size, ...difference, ...figures };
        }
      }
    }
  } finally {
    await agent.stop();
    await sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Enters what comes into a book as it comes, so that it need not be kept. */
class CountedSink {
  readonly #sink: OtlpSink;
  readonly #timer: NodeJS.Timeout;
  #book = new ContentBook();
  #requestsBefore = 0;

  private constructor(sink: OtlpSink) {
    this.#sink = sink;
    this.#timer = setInterval(() => this.#enter(), 50);
  }

  static async start(): Promise<CountedSink> {
    return new CountedSink(await OtlpSink.start());
  }

  get url(): string {
    return this.#sink.url;
  }

  get size(): number {
    this.#enter();
    return this.#book.size;
  }

  get refusedRequests(): number {
    return this.#sink.requests.slice(this.#requestsBefore).filter(({ status }) => status === 503).length;
  }

  begin(faults: number): void {
    this.#requestsBefore = this.#sink.requests.length;
    if (faults > 0) this.#sink.fail({ kind: 'status', status: 503, share: faults });
    else this.#sink.mend();
  }

  take(): ContentBook {
    this.#enter();
    const book = this.#book;
    this.#book = new ContentBook();
    return book;
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return this.#sink.down();
  }

  #enter(): void {
    this.#book.enter(this.#sink.logs.splice(0));
  }
}

function javaScript(): Sdk {
  return { name: 'JavaScript', protocols: PROTOCOLS, send: (protocol, url, count) => sendBySdk({ protocol, url }, count) };
}

/** The SDK for Python, as far as the interpreters have it: the first that speaks a protocol speaks it. */
async function pythonsOf(interpreters: readonly string[]): Promise<Sdk[]> {
  const speakers = new Map<Protocol, string>();
  for (const interpreter of interpreters) {
    const { stdout } = await run(interpreter, [SENDER]);
    for (const protocol of PROTOCOLS) {
      if (stdout.split('\n').includes(protocol) && !speakers.has(protocol)) speakers.set(protocol, interpreter);
    }
  }
  if (speakers.size === 0) return [];
  const send: Sdk['send'] = (protocol, url, count) => run(speakers.get(protocol) ?? '', [SENDER, protocol, url, String(count)]);
  return [{ name: 'Python', protocols: [...speakers.keys()], send }];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function configOf(folder: string, endpoint: string, http: number, grpc: number): string {
  return `
receivers:
  otlp:
    protocols:
      http: { endpoint: '127.0.0.1:${http}' }
      grpc: { endpoint: '127.0.0.1:${grpc}' }
exporters:
  otlp_http:
    endpoint: '${endpoint}'
    retry_on_failure: { initial_interval: 50ms, max_interval: 500ms }
    sending_queue: { storage: file_storage }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http] }
`;
}
