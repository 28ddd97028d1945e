import {
  RefusedError,
  offerUntilTaken,
  parseDuration,
  parseSize,
  type Consumer,
  type Host,
  type Processor,
  type Settings,
  type Timer,
} from '#component';
import { LogBatch, appendRows, hasTableRoom } from '#model';
import { BatchMetrics, type Trigger } from './metrics.ts';

export interface BatchConfig {
  timeout: string;
  send_batch_size: number;
  send_batch_max_size: number;
  send_batch_bytes_max: number | string;
  metadata_keys: string[];
  metadata_cardinality_limit: number;
}

/**
 * Gathers rows of many batches in one.
 *
 *   consume ─▶ [ filling ] ─▶ [ leaving ] ─▶ next
 *
 * There are two batches of our own. Rows are copied into the one that fills, so the caller has its batch back at once.
 * When that one is full it leaves, and the other fills. Full while the other has not been taken yet means: the caller
 * waits. So at most two batches, and what the last caller brought, are held here. Their Deliveries are the source's own
 * and settle when the rows are safe: a crash loses nothing that waits here.
 */
export class BatchProcessor implements Processor {
  readonly mutates = false;
  readonly touches = 'rows';
  readonly #next: Consumer;
  readonly #timeoutMs: number;
  readonly #rowsMin: number;
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  readonly #hasMetadataKeys: boolean;
  #host: Host | undefined;
  #metrics: BatchMetrics | undefined;
  #filling: LogBatch = new LogBatch();
  #spare: LogBatch = new LogBatch();
  #timer: Timer | undefined;
  /** The timeout is over and another batch was leaving. */
  #isDue = false;
  /** Resolves when the batch that leaves has been taken. */
  #leaving: Promise<void> | undefined;
  /** Rows of it that have not been taken. */
  #rowsLeaving = 0;
  /** Callers, in order: each waits for the one before it. */
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  readonly #deadline = new AbortController();

  constructor(config: BatchConfig, _settings: Settings, next: Consumer) {
    this.#next = next;
    this.#timeoutMs = parseDuration(config.timeout);
    // Without a timeout nothing else would ever send a batch that is not full.
    this.#rowsMin = this.#timeoutMs === 0 ? 0 : config.send_batch_size;
    this.#rowsMax = config.send_batch_max_size === 0 ? Infinity : config.send_batch_max_size;
    this.#bytesMax = parseSize(config.send_batch_bytes_max);
    this.#hasMetadataKeys = config.metadata_keys.length > 0;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#metrics = new BatchMetrics(host.metrics, () => this.#filling.length + this.#rowsLeaving);
    if (this.#hasMetadataKeys) {
      host.log.warn('The option metadata_keys has no effect: receivers pass no request metadata on. All records share one batch.');
    }
  }

  consume(batch: LogBatch): Promise<void> {
    const turn = this.#turn.then(() => this.#take(batch));
    // One caller's refusal is not the next one's.
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const abandon = (): void => {
      this.#deadline.abort();
      resolve();
    };
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    // The next one may be waiting for something that never comes. What it has not taken then stays unsettled.
    await Promise.race([this.#drain(), deadline.then(settleLast)]);
    signal.removeEventListener('abort', abandon);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #drain(): Promise<void> {
    await this.#turn;
    await this.#untilNothingLeaves();
    this.#send('shutdown');
    await this.#untilNothingLeaves();
  }

  async #untilNothingLeaves(): Promise<void> {
    while (this.#leaving) await this.#leaving;
  }

  async #take(batch: LogBatch): Promise<void> {
    this.#assertRunning();
    if (batch.liveRows === 0) return;
    if (this.#mayPass(batch)) {
      // Counted before: the next one may drop some of them.
      const rows = batch.liveRows;
      await this.#next.consume(batch);
      this.#metrics?.sent(rows, 'size');
      return;
    }
    // Nothing is copied before there is room: a batch is taken whole or not at all.
    while (this.#isFull() || !hasTableRoom(this.#filling, batch)) {
      this.#send('size');
      await this.#leaving;
      this.#assertRunning();
    }
    appendRows(this.#filling, batch);
    if (this.#isFull()) this.#send('size');
    this.#armTimer();
  }

  #assertRunning(): void {
    if (this.#isStopped) throw new RefusedError('the batch processor is stopping and takes no more');
  }

  /** A batch that is large enough as it comes need not be copied. */
  #mayPass(batch: LogBatch): boolean {
    const rows = batch.liveRows;
    const isIdle = this.#filling.length === 0 && !this.#leaving;
    return isIdle && !this.#next.mutates && rows >= this.#rowsMin && rows <= this.#rowsMax;
  }

  #isFull(): boolean {
    const { length } = this.#filling;
    return length > 0 && (length >= this.#rowsMin || heldBytes(this.#filling) >= this.#bytesMax);
  }

  #armTimer(): void {
    if (this.#filling.length === 0 || this.#timer || this.#isDue) return;
    this.#timer = this.#host?.clock.after(this.#timeoutMs, () => {
      this.#timer = undefined;
      this.#isDue = true;
      this.#send('timeout');
    });
  }

  /** Lets the batch that fills leave. While another one leaves this does nothing: it is asked again when that is gone. */
  #send(trigger: Trigger): void {
    if (this.#leaving || this.#filling.length === 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isDue = false;
    const leaving = this.#filling;
    this.#filling = this.#spare;
    this.#spare = leaving;
    const rows = trigger === 'size' ? this.#rowsOfFullBatches(leaving.length) : leaving.length;
    if (rows < leaving.length) appendRows(this.#filling, leaving, rows);
    this.#rowsLeaving = rows;
    this.#leaving = this.#leave(leaving, rows, trigger);
    this.#armTimer();
  }

  /** What is left over after splitting waits for more, unless it is enough for a batch of its own. */
  #rowsOfFullBatches(rows: number): number {
    if (rows <= this.#rowsMax) return rows;
    const rest = rows % this.#rowsMax;
    return rest >= this.#rowsMin ? rows : rows - rest;
  }

  async #leave(batch: LogBatch, rows: number, trigger: Trigger): Promise<void> {
    try {
      await this.#offer(batch, rows, trigger);
    } catch (problem) {
      this.#host?.fatal(problem);
    }
    batch.reset(NO_BYTES);
    this.#rowsLeaving = 0;
    this.#leaving = undefined;
    if (this.#isDue) this.#send('timeout');
    else if (this.#isFull()) this.#send('size');
  }

  async #offer(batch: LogBatch, rows: number, trigger: Trigger): Promise<void> {
    const host = this.#host;
    if (!host) {
      for (const { delivery, rows: claimed } of batch.claims(0, rows)) delivery.abandoned(claimed);
      return;
    }
    const sender = { next: this.#next, host, signal: this.#deadline.signal };
    if (rows === batch.length && rows <= this.#rowsMax) {
      this.#metrics?.sent(rows, trigger);
      await offerUntilTaken(batch, sender);
      return;
    }
    const part = new LogBatch();
    for (let from = 0; from < rows; from += part.length) {
      part.reset(NO_BYTES);
      appendRows(part, batch, from, Math.min(rows, from + this.#rowsMax));
      this.#metrics?.sent(part.length, trigger);
      await offerUntilTaken(part, sender);
      this.#rowsLeaving -= part.length;
    }
  }
}

// What a row and an attribute take beside their text; a batch of many small numbers has a bound too.
const ROW_BYTES = 64;
const ATTRIBUTE_BYTES = 32;

function heldBytes(batch: LogBatch): number {
  return batch.space.sideLength + batch.length * ROW_BYTES + batch.attributes.count * ATTRIBUTE_BYTES;
}

/** Lets what the aborted deadline has set free run to its end. */
async function settleLast(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

const NO_BYTES = Buffer.alloc(0);
