import { isUtf8 } from 'node:buffer';
import { RefusedError, type Clock, type Consumer, type Delivery, type Timer } from '#component';
import { LogBatch, ValueType, keyOf } from '#model';

export interface IntakeSettings {
  readonly next: Consumer;
  readonly clock: Clock;
  /** Rows and bytes after which a batch goes. */
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** How long a row may wait for others. */
  readonly delayMs: number;
  /** What is done to a batch before it goes. */
  readonly process?: (batch: LogBatch) => void;
  /** Called when a batch goes, in order: who answers for its rows. Undefined when there are none left. */
  readonly deliver: (rows: number) => Delivery | undefined;
  readonly onBroken: (problem: unknown) => void;
}

/** Marks a body that is no UTF-8; it stays as it came, as bytes. */
const ENCODING_ERROR = keyOf('winnow.body.encoding_error');
const FIRST_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5000;

/** A batch and the buffer its bodies are copied to. */
class Draft {
  readonly batch: LogBatch = new LogBatch();
  used = 0;
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  constructor() {
    this.batch.reset(this.#bytes);
  }

  add(bytes: Buffer, from: number, to: number): number {
    const start = this.used;
    const needed = start + to - from;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
      this.batch.space.bytes = grown;
    }
    bytes.copy(this.#bytes, start, from, to);
    this.used = needed;
    return this.batch.addRow(ValueType.string, start, to - from);
  }

  /** One pass over all; bodies are looked at one by one only when something is wrong with one of them. */
  markInvalid(): void {
    const { batch } = this;
    if (isUtf8(this.#bytes.subarray(0, this.used))) return;
    for (let row = 0; row < batch.length; row++) {
      const start = batch.bodyStart[row] as number;
      if (batch.bodyType[row] !== ValueType.string || isUtf8(batch.space.view(start, batch.bodySize[row] as number))) continue;
      batch.bodyType[row] = ValueType.bytes;
      batch.setAttribute(row, ENCODING_ERROR, true);
    }
  }

  reset(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.used = 0;
    this.batch.reset(this.#bytes);
  }
}

/**
 * Gathers records that others send into batches and gives those away, one at a time.
 *
 *   add ─▶ [ the batch that fills ]   [ the batch that is offered ] ─▶ next
 *
 * While one batch is offered the other fills, so a busy receiver makes large batches by itself. When both are taken the
 * intake is full: who can make its sender wait waits for `room`, who cannot drops and counts. So the memory of a
 * receiver is two batches, however many senders there are.
 */
export class Intake {
  readonly #settings: IntakeSettings;
  readonly #deadline = new AbortController();
  #filling = new Draft();
  #spare: Draft | undefined = new Draft();
  #sending: Promise<void> | undefined;
  #timer: Timer | undefined;
  #waiting: (() => void)[] = [];

  constructor(settings: IntakeSettings) {
    this.#settings = settings;
  }

  get isFull(): boolean {
    const { rowsMax, bytesMax } = this.#settings;
    const { batch, used } = this.#filling;
    return batch.length >= rowsMax || used + batch.space.sideLength >= bytesMax;
  }

  /** Adds a record with a copy of these bytes as its body; `fill` gives it the rest. Ask for room before. */
  add(bytes: Buffer, from: number, to: number, fill?: (batch: LogBatch, row: number) => void): void {
    const { batch } = this.#filling;
    const row = this.#filling.add(bytes, from, to);
    batch.observedMs[row] = this.#settings.clock.now();
    fill?.(batch, row);
    if (this.isFull) this.#go();
    else if (!this.#sending) this.#timer ??= this.#settings.clock.after(this.#settings.delayMs, () => this.#go());
  }

  /** Resolves when a record can be added. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Gives away what is held. When the signal aborts, what nobody has taken is abandoned. */
  async close(signal: AbortSignal): Promise<void> {
    this.heed(signal);
    await this.drain();
  }

  /** Resolves when all that was added has been taken. */
  async drain(): Promise<void> {
    while (this.#sending || this.#filling.batch.length > 0) {
      this.#go();
      await this.#sending;
    }
  }

  /** From here on: when the signal aborts, nobody waits for room any more, and what is not taken is abandoned. */
  heed(signal: AbortSignal): void {
    if (signal.aborted) this.#deadline.abort();
    else signal.addEventListener('abort', () => this.#deadline.abort(), { once: true });
  }

  #go(): void {
    const draft = this.#filling;
    if (this.#sending || draft.batch.length === 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#filling = this.#spare ?? new Draft();
    this.#spare = undefined;
    this.#sending = this.#send(draft)
      .catch(this.#settings.onBroken)
      .finally(() => {
        draft.reset();
        this.#spare = draft;
        this.#sending = undefined;
        // What has gathered meanwhile has waited long enough.
        this.#go();
        for (const wake of this.#waiting.splice(0)) wake();
      });
  }

  async #send(draft: Draft): Promise<void> {
    const { batch } = draft;
    draft.markInvalid();
    this.#settings.process?.(batch);
    const delivery = this.#settings.deliver(batch.liveRows);
    if (!delivery) return;
    batch.setDelivery(delivery);
    await this.#offer(batch);
  }

  /** Offers the batch until it is taken: it is in no queue yet, and its senders wait meanwhile. */
  async #offer(batch: LogBatch): Promise<void> {
    const { next, clock } = this.#settings;
    const { signal } = this.#deadline;
    for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2)) {
      try {
        await next.consume(batch);
        return;
      } catch (problem) {
        if (!(problem instanceof RefusedError)) {
          batch.settleAbandoned();
          throw problem;
        }
        await clock.sleep(Math.max(pauseMs, problem.retryAfterMs ?? 0), signal);
        if (signal.aborted) {
          batch.settleAbandoned();
          return;
        }
      }
    }
  }
}
