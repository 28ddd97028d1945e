import type { Readable } from 'node:stream';
import {
  Delivery,
  parseDuration,
  parseSize,
  type Consumer,
  type Counter,
  type Host,
  type Outcome,
  type Receiver,
  type Settings,
} from '#component';
import { NO_ATTRIBUTES, createResource, createSharedAttributes, type LogBatch, type SharedAttributes } from '#model';
import { Intake, LineCutter, type Piece } from '#net';
import { OperatorPipeline } from '#operators';
import type { StdinConfig } from './config.ts';

/** What belongs to the whole process; a test has its own. */
export interface StdinIo {
  readonly input: () => Readable;
  /** Asks the agent to stop as a service manager would: what is held is given away first. */
  readonly stopAgent: () => void;
}

const PROCESS: StdinIo = {
  input: () => process.stdin,
  stopAgent: () => void process.kill(process.pid, 'SIGTERM'),
};

const CARRIAGE_RETURN = 0x0d;

/**
 * Reads lines from standard input. While the pipeline takes no more nothing is read, so that the program at the other
 * end of the pipe waits. A pipe cannot be read twice: what the pipeline gives up is lost, counted and told.
 */
export class StdinReceiver implements Receiver {
  readonly #config: StdinConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  readonly #io: StdinIo;
  readonly #cutter: LineCutter;
  readonly #shared: SharedAttributes;
  #host: Host | undefined;
  #intake: Intake | undefined;
  #input: Readable | undefined;
  #lost: Counter | undefined;
  #unsettled = 0;
  #isStopped = false;
  #hasEnded = false;
  #isFinished = false;
  #taking: Promise<void> = Promise.resolve();
  #operators: OperatorPipeline | undefined;

  constructor(config: StdinConfig, settings: Settings, next: Consumer, io: StdinIo = PROCESS) {
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
    this.#io = io;
    this.#cutter = new LineCutter(parseSize(config.max_log_size));
    const hasAttributes = Object.keys(config.attributes).length > 0;
    this.#shared = hasAttributes ? createSharedAttributes(config.attributes) : NO_ATTRIBUTES;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#lost = host.metrics.counter('winnow_stdin_lost_log_records', 'Records the pipeline gave up; a pipe cannot be read again.');
    this.#intake = this.#createIntake(host);
    const input = this.#io.input();
    this.#input = input;
    input.on('data', this.#onData);
    input.once('end', this.#onEnd);
    input.once('error', this.#onError);
    if (input.readableEnded || input.destroyed) this.#onEnd();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const intake = this.#intake;
    if (!intake || this.#isStopped) return;
    this.#isStopped = true;
    intake.heed(signal);
    this.#operators?.heed(signal);
    const input = this.#input;
    input?.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).pause();
    await this.#taking;
    await this.#take(this.#cutter.rest());
    await intake.close(signal);
    await this.#operators?.stop(signal);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#input?.pause();
    this.#taking = this.#taking
      .then(() => this.#take(this.#cutter.push(chunk)))
      .then(() => {
        if (!this.#isStopped) this.#input?.resume();
      });
  };

  readonly #onEnd = (): void => {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#taking = this.#taking.then(() => this.#take(this.#cutter.rest()));
    void this.#taking.then(() => this.#intake?.drain()).then(() => this.#finish());
  };

  readonly #onError = (problem: Error): void => {
    this.#host?.log.error('Standard input cannot be read any more.', {}, problem);
    this.#onEnd();
  };

  async #take(pieces: Iterable<Piece>): Promise<void> {
    const intake = this.#intake;
    if (!intake) return;
    for (const { bytes, from, to } of pieces) {
      const end = to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
      if (end === from) continue;
      if (intake.isFull) await intake.room();
      intake.add(bytes, from, end, this.#fill);
    }
  }

  readonly #fill = (batch: LogBatch, row: number): void => {
    if (this.#shared.entries.size > 0) batch.sharedOf[row] = batch.addShared(this.#shared);
  };

  /** When the input has ended and everything of it is settled. */
  #finish(): void {
    if (this.#isFinished || this.#isStopped || this.#unsettled > 0 || !this.#host) return;
    this.#isFinished = true;
    const stops = this.#config.on_end === 'stop_agent';
    this.#host.log.info('Standard input has ended, and every record of it is settled.', { on_end: this.#config.on_end });
    if (stops) this.#io.stopAgent();
  }

  #createIntake(host: Host): Intake {
    const config = this.#config;
    const operators = new OperatorPipeline(config.operators, { id: this.#settings.id, next: this.#next });
    operators.start(host);
    this.#operators = operators;
    const resource = Object.keys(config.resource).length > 0 ? createResource(config.resource) : undefined;
    const source = Math.floor(host.random() * 2 ** 32);
    return new Intake({
      next: operators.next,
      clock: host.clock,
      rowsMax: config.max_batch_records,
      bytesMax: parseSize(config.max_batch_size),
      delayMs: parseDuration(config.flush_interval),
      process: (batch) => {
        if (resource) batch.resourceOf.fill(batch.addResource(resource), 0, batch.length);
        operators.process(batch);
      },
      deliver: (rows) => {
        if (rows === 0) return undefined;
        this.#unsettled++;
        return new Delivery(rows, source, (outcome) => this.#settled(outcome));
      },
      onBroken: (problem) => host.fatal(problem),
    });
  }

  #settled({ abandoned }: Outcome): void {
    this.#unsettled--;
    if (abandoned > 0) {
      this.#lost?.add(abandoned);
      this.#host?.log.error('Lines were lost: the pipeline gave them up, and a pipe cannot be read again.', { records: abandoned });
    }
    // Only once the last batch is on its way: more of them may be about to go.
    if (this.#hasEnded) void this.#taking.then(() => this.#intake?.drain()).then(() => this.#finish());
  }
}
