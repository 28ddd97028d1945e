import { parseSize, RefusedError, type Exporter, type Host, type Settings, type Touches } from '#component';
import type { LogBatch, Signal } from '#model';
import { createCompressor, type Compressor } from '#net';
import { BodyPool, writeJsonRequest, writeRequest } from '#otlp';
import { draftsOf, offerDrafts, requestBytesMaxOf, type Send } from '#queue';
import type { OtlpExportConfig } from './config.ts';
import { Lane, reportLeft } from './lane.ts';
import { JSON_TYPE, PROTOBUF } from './payload-type.ts';

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
  readonly lanes: ReadonlyMap<Signal, Lane>;
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
    const { id, signals = ['logs'] } = this.#settings;
    const transport = this.#open(host);
    const send = this.#sendOver(transport, host);
    const shared = { id, config: this.#config, send, compressor: this.#compressor, contentType: this.#contentType };
    const lanes = new Map(signals.map((signal) => [signal, new Lane(signal, { ...shared, bodies: this.#bodies, host })]));
    this.#running = { transport, lanes };
    for (const lane of lanes.values()) await lane.start();
    reportLeft(this.#config, signals, { id, host });
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
    const lane = this.#need().lanes.get(batch.signal);
    if (!lane) throw new RefusedError(`${this.#settings.id}: takes no ${batch.signal}`);
    const drafts = draftsOf(batch, (row) => this.#write(batch, row, this.#bytesMax, this.#bodies));
    await offerDrafts(drafts, (draft) => lane.put(draft));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await Promise.all([...running.lanes.values()].map((lane) => lane.shutdown(signal)));
    running.transport.close();
  }

  #need(): Running {
    if (!this.#running) throw new RefusedError(`${this.#settings.id}: is not running`);
    return this.#running;
  }
}
