import { parseSize, RefusedError, type Exporter, type Host, type Settings, type Touches } from '#component';
import type { LogBatch } from '#model';
import { createCompressor, type Compressor } from '#net';
import { BodyPool, writeJsonRequest, writeRequest } from '#otlp';
import { draftsOf, offerDrafts, requestBytesMaxOf, SendingQueue } from '#queue';
import type { OtlpHttpConfig } from './config.ts';
import { Destinations } from './destinations.ts';
import { Outbox } from './outbox.ts';
import { JSON_TYPE, payloadType, PROTOBUF } from './payload-type.ts';
import { splitPayload } from './split.ts';

// Two bodies under way, one being written, their compressed forms, and some that differ in size.
const POOL_BYTES_MAX = 8 * 1024 * 1024;

/** What exists between start and shutdown. */
interface Running {
  readonly destinations: Destinations;
  readonly queue: SendingQueue;
  readonly outbox: Outbox;
}

/**
 * Sends log records and spans to an OTLP backend over HTTP.
 *
 *   batch ─▶ write bodies ─▶ compress ─▶ queue ─▶ POST ─▶ answer
 *
 * `consume` is done with the batch when its bodies are written. The queue decides when what is sent, and what becomes of
 * it; here is only how.
 */
export class OtlpHttpExporter implements Exporter {
  readonly mutates = false;
  readonly touches: Touches;
  readonly #config: OtlpHttpConfig;
  readonly #settings: Settings;
  readonly #bytesMax: number;
  readonly #compressor: Compressor;
  readonly #contentType: string;
  readonly #write: typeof writeRequest;
  readonly #bodies: BodyPool = new BodyPool(POOL_BYTES_MAX);
  #running: Running | undefined;

  constructor(config: OtlpHttpConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#bytesMax = Math.min(parseSize(config.request_bytes_max), requestBytesMaxOf(config.sending_queue));
    this.#compressor = createCompressor(config.compression, config.compression_params.level);
    this.#contentType = config.encoding === 'json' ? JSON_TYPE : PROTOBUF;
    this.touches = config.encoding === 'json' ? 'reads' : 'rows';
    this.#write = config.encoding === 'json' ? writeJsonRequest : writeRequest;
  }

  async start(host: Host): Promise<void> {
    const { sending_queue: queueConfig, retry_on_failure: retry } = this.#config;
    const { id, signals = ['logs'] } = this.#settings;
    const destinations = new Destinations(id, this.#config, { host, signals });
    const queue = new SendingQueue({
      id,
      queue: queueConfig,
      retry,
      send: (payload, signal) => destinations.send(payload, signal),
      split: (payload) => splitPayload(payload, this.#compressor),
      recycle: (body) => this.#bodies.give(body),
      host,
    });
    const waits = !queueConfig.enabled || !queueConfig.block_on_overflow || queueConfig.wait_for_result;
    const outbox = new Outbox({ compressor: this.#compressor, queue, waits, bodies: this.#bodies, host });
    await queue.start();
    this.#running = { destinations, queue, outbox };
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
    running.destinations.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }
}
