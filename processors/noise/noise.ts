import { EditOnce, type Consumer, type Counter, type Host, type Processor } from '#component';
import { SeverityNumber, ValueType, type LogBatch } from '#model';
import type { NoiseConfig } from './config.ts';
import { Census, charactersEnd, type DumpSettings } from './dumps.ts';
import { ChattyLoggers } from './loggers.ts';
import { parseSeverity, saysError } from './severity.ts';
import { Line, lineKind, withoutFrames, type LineKind } from './traces.ts';

/** The reason under which dropped records are counted everywhere. */
const REASON = 'noise';

const RULES = ['dumps', 'stack_traces', 'loggers'] as const;
type Rule = (typeof RULES)[number];

/** Drops and cuts what says nothing. A record at or above `pass_severity` goes through as it came. */
export class NoiseProcessor implements Processor {
  readonly mutates = true;
  readonly #passSeverity: number;
  readonly #dumpAction: NoiseConfig['dumps']['action'];
  readonly #dump: DumpSettings;
  readonly #isCuttingTraces: boolean;
  readonly #loggers: ChattyLoggers;
  readonly #census = new Census();
  readonly #editing: EditOnce;
  readonly #next: Consumer;
  #dropped = new Map<Rule, Counter>();
  #droppedInAll: Counter | undefined;
  #cut = new Map<Rule, Counter>();
  /** What the last line of the last source was: a trace may go on in the next batch. */
  #lastSource = -1;
  #lastLine: LineKind = Line.other;

  constructor(config: NoiseConfig, next: Consumer) {
    this.#passSeverity = parseSeverity(config.pass_severity) ?? SeverityNumber.error;
    this.#dumpAction = config.dumps.action;
    this.#dump = { length: config.dumps.min_length, brackets: config.dumps.max_brackets };
    this.#isCuttingTraces = config.stack_traces.action === 'cut';
    this.#loggers = new ChattyLoggers(config.loggers, config.logger_attributes);
    this.#next = next;
    this.#editing = new EditOnce({ consume: (batch) => this.#give(batch) }, (batch) => this.#sift(batch));
  }

  async start({ metrics }: Host): Promise<void> {
    const counters = (name: string, help: string): Map<Rule, Counter> =>
      new Map(RULES.map((rule) => [rule, metrics.counter(name, help, { rule })]));
    this.#dropped = counters('winnow_noise_dropped_log_records', 'Records that were dropped, by rule.');
    this.#droppedInAll = metrics.counter('winnow_processor_dropped_log_records', 'Log records dropped on purpose.', { reason: REASON });
    this.#cut = counters('winnow_noise_cut_log_records', 'Records whose body was cut, by rule.');
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  /** A batch of which nothing is left is settled already. */
  async #give(batch: LogBatch): Promise<void> {
    if (batch.liveRows > 0) await this.#next.consume(batch);
  }

  #sift(batch: LogBatch): void {
    const { isDropped, severity, length } = batch;
    const hasLoggers = !this.#loggers.isEmpty;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1 || (severity[row] as number) >= this.#passSeverity) continue;
      if (hasLoggers && this.#loggers.isChatter(batch, row)) this.#drop(batch, row, 'loggers');
      else if (batch.bodyType[row] === ValueType.string || batch.bodyType[row] === ValueType.bytes) this.#siftText(batch, row);
    }
  }

  #siftText(batch: LogBatch, row: number): void {
    const { space } = batch;
    const position = batch.bodyStart[row] as number;
    const bytes = position < 0 ? space.side : space.bytes;
    const from = position < 0 ? ~position : position;
    const to = from + (batch.bodySize[row] as number);
    this.#census.take(bytes, from, to, this.#dump.length);
    if (this.#isCuttingTraces && this.#siftTrace(batch, row, bytes, from, to)) return;
    if (this.#dumpAction === 'keep' || !this.#census.isDump(bytes, from, to, this.#dump) || saysError(batch, row)) return;
    if (this.#dumpAction === 'drop') this.#drop(batch, row, 'dumps');
    else this.#cutDump(batch, row, bytes, from, to);
  }

  /** True when the record was a part of a trace. */
  #siftTrace(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number): boolean {
    const source = batch.deliveries[batch.deliveryOf[row] as number]?.source ?? -1;
    const line = lineKind(bytes, from, to, source === this.#lastSource ? this.#lastLine : Line.other);
    this.#lastSource = source;
    this.#lastLine = line;
    const { newline } = this.#census;
    const isOneLine = newline < 0 || newline === to - 1;
    if (isOneLine && line === Line.other) return false;
    if (isOneLine) {
      this.#drop(batch, row, 'stack_traces');
      return true;
    }
    const left = withoutFrames(bytes, from, to);
    if (!left) return false;
    batch.bodyStart[row] = batch.space.appendBytes(left);
    batch.bodySize[row] = left.length;
    this.#cut.get('stack_traces')?.add(1);
    return true;
  }

  #cutDump(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number): void {
    const end = charactersEnd(bytes, from, to, this.#dump.length);
    const note = Buffer.from(`... [cut, ${to - from} bytes]`);
    const left = Buffer.concat([bytes.subarray(from, end), note]);
    batch.bodyStart[row] = batch.space.appendBytes(left);
    batch.bodySize[row] = left.length;
    this.#cut.get('dumps')?.add(1);
  }

  #drop(batch: LogBatch, row: number, rule: Rule): void {
    batch.drop(row, REASON);
    this.#droppedInAll?.add(1);
    this.#dropped.get(rule)?.add(1);
  }
}
