import type { Host } from '#component';
import type { Signal } from '#model';
import type { Compressor } from '#net';
import type { BodyPool } from '#otlp';
import { countWaiting, SendingQueue, type Draft, type Send } from '#queue';
import type { OtlpExportConfig } from './config.ts';
import { Outbox } from './outbox.ts';
import { payloadType } from './payload-type.ts';
import { splitPayload } from './split.ts';

export interface LaneSettings {
  readonly id: string;
  readonly config: OtlpExportConfig;
  readonly send: Send;
  readonly compressor: Compressor;
  readonly contentType: string;
  readonly bodies: BodyPool;
  readonly host: Host;
}

/**
 * The way of one signal from the pipelines to the backend, with a queue of its own: a backend that takes no spans keeps
 * no log record waiting.
 */
export class Lane {
  readonly #queue: SendingQueue;
  readonly #outbox: Outbox;
  readonly #contentType: string;

  constructor(signal: Signal, { id, config, send, compressor, contentType, bodies, host }: LaneSettings) {
    const { sending_queue: queue, retry_on_failure: retry } = config;
    const branch = branchOf(signal);
    this.#queue = new SendingQueue({
      id,
      queue,
      retry,
      ...(branch !== undefined && { branch }),
      send,
      split: (payload) => splitPayload(payload, compressor),
      recycle: (body) => bodies.give(body),
      report: (status, message) => host.report(status, message, signal),
      host,
    });
    const waits = !queue.enabled || !queue.block_on_overflow || queue.wait_for_result;
    this.#outbox = new Outbox({ compressor, queue: this.#queue, waits, bodies, host });
    this.#contentType = payloadType(contentType, signal);
  }

  start(): Promise<void> {
    return this.#queue.start();
  }

  put(draft: Draft): Promise<void> {
    return this.#outbox.put({ ...draft, contentType: this.#contentType });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#outbox.compressed();
    const stopped = this.#queue.shutdown(signal);
    // What found no room in the queue is turned away by it, and given back to its sources.
    await this.#outbox.settled();
    await stopped;
  }
}

function branchOf(signal: Signal): string | undefined {
  return signal === 'logs' ? undefined : signal;
}

/** What the life before has left of a signal that no pipeline sends here now: it would lie there for ever, unsaid. */
export function reportLeft(
  config: OtlpExportConfig,
  signals: readonly Signal[],
  { host, id }: { readonly host: Host; readonly id: string },
): void {
  const { enabled, storage } = config.sending_queue;
  if (!enabled || storage === undefined) return;
  for (const signal of ['logs', 'traces'] as const) {
    const requests = signals.includes(signal) ? 0 : countWaiting(host.storageOf(storage), branchOf(signal));
    if (requests === 0) continue;
    const message =
      'Requests of a signal wait in the queue on disk that no pipeline sends here any more. Put the exporter into one until they are sent.';
    host.log.error(message, { exporter: id, signal, requests });
  }
}
