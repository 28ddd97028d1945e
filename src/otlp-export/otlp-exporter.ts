import { parseSize, RefusedError, type Exporter, type Host, type Settings, type Touches } from '#component';
import type { LogBatch } from '#model';
import { createCompressor, type Compressor } from '#net';
import { BodyPool, writeJsonRequest, writeRequest } from '#otlp';
import { draftsOf, offerDrafts, requestBytesMaxOf, SendingQueue, type Send } from '#queue';
import type { OtlpExportConfig } from './config.ts';
import { Outbox } from './outbox.ts';
import { JSON_TYPE, payloadType, PROTOBUF } from './payload-type.ts';
import { splitPayload } from './split.ts';

// Two bodies under way, one being written, their compressed forms, and some that differ in size.
const POOL_BYTES_MAX = 8 * 1024 * 1024;

/** How requests reach a backend, and what its answers mean. */
export interface Transport {
  readonly send: Send;
  /** Ends the connections. Nothing is sent any more. */
  close(): void;
}

/** What exists between start and shutdown. */
interface Running {
  readonly transport: Transport;
  readonly queue: SendingQueue;
  readonly outbox: Outbox;
}

/**
 * Sends log records and spans to an OTLP backend.
 *
 *   batch ─▶ write bodies ─▶ compress ─▶ queue ─▶ transport ─▶ answer
 *
 * `consume` is done with the batch when its bodies are written. The queue decides when what is sent, and what becomes of
 * it; the transport how.
 */
export class OtlpExporter implements Exporter {
  readonly mutates = false;
  readonly touches: Touches;
  readonly #config: OtlpExportConfig;
  readonly #settings: Settings;
  readonly #open: (host: Host) => Transport;
  readonly #bytesMax: number;
  readonly #compressor: Compressor;
  readonly #contentType: string;
  readonly #write: typeof writeRequest;
  readonly #bodies: BodyPool = new BodyPool(POOL_BYTES_MAX);
  #running: Running | undefined;

  /** Requests are in protobuf, unless said. `open` may reject the configuration; nothing need be connected when it returns. */
  constructor(config: OtlpExportConfig & { readonly encoding?: 'proto' | 'json' }, settings: Settings, open: (host: Host) => Transport) {
    const isJson = config.encoding === 'json';
    this.#config = config;
    this.#settings = settings;
    this.#open = open;
    this.#bytesMax = Math.min(parseSize(config.request_bytes_max), requestBytesMaxOf(config.sending_queue));
    this.#compressor = createCompressor(config.compression, config.compression_params.level);
    this.#contentType = isJson ? JSON_TYPE : PROTOBUF;
    this.touches = isJson ? 'reads' : 'rows';
    this.#write = isJson ? writeJsonRequest : writeRequest;
  }

  async start(host: Host): Promise<void> {
    const { sending_queue: queueConfig, retry_on_failure: retry } = this.#config;
    const transport = this.#open(host);
    const queue = new SendingQueue({
      id: this.#settings.id,
      queue: queueConfig,
      retry,
      send: this.#sendOver(transport, host),
      split: (payload) => splitPayload(payload, this.#compressor),
      recycle: (body) => this.#bodies.give(body),
      host,
    });
    const waits = !queueConfig.enabled || !queueConfig.block_on_overflow || queueConfig.wait_for_result;
    const outbox = new Outbox({ compressor: this.#compressor, queue, waits, bodies: this.#bodies, host });
    await queue.start();
    this.#running = { transport, queue, outbox };
  }

  #sendOver(transport: Transport, host: Host): Send {
    const sentBytes = host.metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
    return async (payload, signal) => {
      sentBytes.add(payload.body.length);
      const result = await transport.send(payload, signal);
      if (result.rejected === 0 && result.message !== undefined) {
        host.log.warn('The backend took a request and had something to say.', { reason: result.message });
      }
      return result;
    };
  }

  async consume(batch: LogBatch): Promise<void> {
    const { outbox } = this.#need();
    const contentType = payloadType(this.#contentType, batch.signal);
    const drafts = draftsOf(batch, (row) => this.#write(batch, row, this.#bytesMax, this.#bodies));
    await offerDrafts(drafts, (draft) => outbox.put({ ...draft, contentType }));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.outbox.compressed();
    const stopped = running.queue.shutdown(signal);
    // What found no room in the queue is turned away by it, and given back to its sources.
    await running.outbox.settled();
    await stopped;
    running.transport.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }
}
