import pc from 'picocolors';
import { RefusedError, type Counter, type Exporter, type Host, type Settings } from '#component';
import type { LogBatch } from '#model';
import type { DebugConfig } from './config.ts';
import { DetailedText } from './detailed.ts';
import { normalLine } from './normal.ts';
import { Sampling } from './sampling.ts';

/** Standard output, or what stands for it in a test. */
export type Output = Pick<NodeJS.WritableStream, 'write' | 'on' | 'removeListener'> & { readonly isTTY?: boolean };

// Text is handed over in pieces of about this size, so that a large batch is never one long string.
const PIECE_CHARS = 64 * 1024;

/** Prints batches one after the other. A batch is settled when the output has taken its text. */
export class DebugExporter implements Exporter {
  readonly mutates = false;
  readonly #verbosity: DebugConfig['verbosity'];
  readonly #settings: Settings;
  readonly #output: Output;
  readonly #sampling: Sampling;
  readonly #colors: ReturnType<typeof pc.createColors>;
  readonly #onError = (problem: Error): void => this.#outputFailed(problem);
  #host: Host | undefined;
  #sent: Counter | undefined;
  #dropped: Counter | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isOutputGone = false;

  constructor(config: DebugConfig, settings: Settings, output: Output) {
    this.#verbosity = config.loglevel === 'debug' ? 'detailed' : config.verbosity;
    this.#settings = settings;
    this.#output = output;
    this.#sampling = new Sampling(config.sampling_initial, config.sampling_thereafter);
    this.#colors = pc.createColors(pc.isColorSupported && output.isTTY === true);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#sent = host.metrics.counter('otelcol_exporter_sent_log_records', 'Log records printed, or left out by sampling.');
    this.#dropped = host.metrics.counter('otelcol_exporter_send_failed_log_records', 'Log records that nobody was there to read.');
    // Without a listener, a reader that goes away would end the process.
    this.#output.on('error', this.#onError);
  }

  consume(batch: LogBatch): Promise<void> {
    const turn = this.#turn.then(() => this.#print(batch));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const pass = (): void => resolve();
    if (signal.aborted) pass();
    signal.addEventListener('abort', pass, { once: true });
    await Promise.race([this.#turn, deadline]);
    signal.removeEventListener('abort', pass);
    this.#output.removeListener('error', this.#onError);
    this.#host = undefined;
  }

  async #print(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (!host) throw new RefusedError(`${this.#settings.id} is not running`);
    if (!this.#isOutputGone && this.#sampling.passes(host.clock.monotonic())) {
      for (const text of this.#texts(batch)) await this.#write(text);
    }
    this.#settle(batch);
  }

  #settle(batch: LogBatch): void {
    const counter = this.#isOutputGone ? this.#dropped : this.#sent;
    counter?.add(batch.liveRows);
    for (const { delivery, rows } of batch.claims()) {
      if (this.#isOutputGone) delivery.dropped(rows, 'output_closed');
      else delivery.durable(rows);
    }
  }

  *#texts(batch: LogBatch): Generator<string> {
    if (this.#verbosity === 'basic') {
      yield this.#summary(batch);
      return;
    }
    const detailed = this.#verbosity === 'detailed' ? new DetailedText() : undefined;
    let text = '';
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      text += detailed ? detailed.record(batch, row) : normalLine(batch, row, this.#colors);
      if (text.length < PIECE_CHARS) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }

  #summary(batch: LogBatch): string {
    const { isDropped, resourceOf, length } = batch;
    const resources = new Set<number>();
    for (let row = 0; row < length; row++) if (isDropped[row] === 0) resources.add(resourceOf[row] as number);
    const time = new Date(this.#host?.clock.now() ?? 0).toISOString();
    return `${this.#colors.dim(time)} ${this.#settings.id}: ${batch.liveRows} log records, ${resources.size} resources\n`;
  }

  /** Resolves when the output has taken the text, or is gone. */
  #write(text: string): Promise<void> {
    if (this.#isOutputGone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#output.write(text, (problem) => {
        if (problem) this.#outputFailed(problem);
        resolve();
      });
    });
  }

  #outputFailed(problem: Error): void {
    if (this.#isOutputGone) return;
    this.#isOutputGone = true;
    this.#host?.log.warn('Nobody reads the output any more; records that go there are dropped and counted.', { reason: problem.message });
  }
}
