import type { Consumer, Host, Outcome, Receiver, Settings, StorageClient, Transaction } from '#component';
import { createResource, type Origin } from '#model';
import { OperatorPipeline } from '#operators';
import { FileAttributes } from './attributes.ts';
import { toLimits, type FileLogConfig, type Limits } from './config.ts';
import type { Context } from './context.ts';
import { Descriptors } from './descriptors.ts';
import { findEncoding, type Encoding } from './encoding.ts';
import { Flow } from './flow.ts';
import { globMatches, parseGlob, type Glob } from './glob.ts';
import { Lanes } from './lanes.ts';
import { BlockSplitter, LineSplitter } from './lines.ts';
import { createCounters, createGauges } from './metrics.ts';
import { Mounts } from './mounts.ts';
import { MultilineSplitter } from './multiline.ts';
import { Ordering } from './ordering.ts';
import { compileMultiline } from './patterns.ts';
import { Poison } from './poison.ts';
import { Positions } from './positions.ts';
import { Problems } from './problems.ts';
import type { Range } from './ranges.ts';
import type { Splitter } from './records.ts';
import { Remembered } from './remembered.ts';
import type { Tail } from './tail.ts';
import { Tails } from './tails.ts';
import { createWatcher, type Watcher } from './watcher.ts';

/**
 * Follows files and gives their records away.
 *
 *   search ─▶ follower ─▶ tails ─▶ reader ─▶ batcher ─▶ pipeline
 *                           ▲                              │
 *                       positions ◀──── Delivery settles ──┘
 *
 * A position moves only past records that somebody else answers for. What the pipeline gives up is read again.
 */
export class FileLog implements Receiver {
  readonly #config: FileLogConfig;
  readonly #id: string;
  readonly #next: Consumer;
  readonly #limits: Limits;
  readonly #include: readonly Glob[];
  readonly #exclude: readonly Glob[];
  readonly #encoding: Encoding;
  readonly #operators: OperatorPipeline | undefined;
  readonly #resource: Origin | undefined;
  readonly #ordering: Ordering | undefined;
  readonly #stop = new AbortController();
  #context: Context | undefined;
  #lanes: Lanes | undefined;
  #watcher: Watcher | undefined;
  #poison: Poison | undefined;
  #storage: StorageClient | undefined;
  #remembered: Remembered | undefined;

  constructor(config: FileLogConfig, settings: Settings, next: Consumer) {
    this.#config = config;
    this.#id = settings.id;
    this.#next = next;
    this.#limits = toLimits(config);
    this.#include = config.include.flatMap((glob) => parseGlob(glob));
    this.#exclude = config.exclude.flatMap((glob) => parseGlob(glob));
    const encoding = findEncoding(config.encoding);
    if (!encoding) throw new RangeError(`${settings.id}: encoding "${config.encoding}" is not known`);
    this.#encoding = encoding;
    const { operators } = config;
    this.#operators = operators.length > 0 ? new OperatorPipeline(operators, { id: settings.id, next, isFromFiles: true }) : undefined;
    this.#resource = Object.keys(config.resource).length > 0 ? createResource(config.resource) : undefined;
    this.#ordering = config.ordering_criteria ? new Ordering(config.ordering_criteria) : undefined;
  }

  async start(host: Host): Promise<void> {
    const { clock, fs, log } = host;
    this.#operators?.start(host);
    const storage = this.#config.storage === undefined ? host.storage : host.storageOf(this.#config.storage);
    this.#storage = storage;
    this.#poison = new Poison(storage, fs, clock, log);
    const flow = new Flow(this.#limits, clock, host.random);
    const tails = new Tails();
    const positions = new Positions(storage, clock, log);
    const unit = this.#encoding.kind.startsWith('utf-16') ? 2 : 1;
    const known = positions.load(unit);
    const context: Context = {
      id: this.#id,
      config: this.#config,
      limits: this.#limits,
      headBytes: known.reduce((most, { fingerprint }) => Math.max(most, fingerprint.length), this.#limits.fingerprintBytes),
      fs,
      clock,
      log,
      tails,
      positions,
      flow,
      descriptors: new Descriptors(this.#limits.openMax, (descriptor, tail) => this.#lanes?.close(descriptor, tail)),
      attributes: new FileAttributes(this.#config, fs),
      counters: createCounters(host.metrics),
      problems: new Problems(this.#id, log),
      isWanted: (path) => this.#isWanted(path),
      assign: (tail) => this.#lanes?.assign(tail),
    };
    this.#context = context;
    const hasStartedBefore = positions.hasStartedBefore;
    this.#remembered = new Remembered(context);
    this.#lanes = new Lanes({
      context,
      mounts: new Mounts(fs, clock),
      include: this.#include,
      exclude: this.#exclude,
      ordering: this.#ordering,
      startsAtEnd: this.#config.start_at === 'end' && !hasStartedBefore,
      poison: this.#poison,
      createBatcher: {
        next: this.#operators?.next ?? this.#next,
        clock,
        flow,
        splitter: this.#createSplitter(),
        encoding: this.#encoding,
        resource: this.#resource,
        receiver: this.#id,
        chunkBytes: this.#limits.chunkBytes,
        rules: {
          recordBytesMax: this.#limits.recordBytesMax,
          isTruncating: this.#config.max_log_size_behavior === 'truncate',
          trimsLeading: !this.#config.preserve_leading_whitespaces,
          trimsTrailing: !this.#config.preserve_trailing_whitespaces,
          unit,
          isBigEndian: this.#encoding.kind === 'utf-16be',
          isUtf8: this.#encoding.kind === 'utf-8',
          rowsMax: this.#limits.rowsMax,
        },
        includesNumber: this.#config.include_file_record_number,
        includesOffset: this.#config.include_file_record_offset,
        process: this.#operators && ((batch) => this.#operators?.process(batch)),
        retryElapsedMaxMs: this.#limits.retryElapsedMaxMs,
        signal: this.#stop.signal,
        onSettled: (tail, range, outcome, transaction) => this.#settled(tail, range, outcome, transaction),
        onEmpty: (tail, range) => this.#advance(tail, range),
        onRefusedForGood: (rows) => this.#refusedForGood(rows),
        onBroken: async (problem, ranges) => {
          await this.#poison?.mark(ranges);
          throw problem;
        },
      },
      onBroken: (problem) => host.fatal(problem),
    });
    for (const tail of known) this.#resume(tail);
    createGauges(host.metrics, context, this.#lanes);
    this.#lanes.start();
    positions.start();
    if (this.#config.watch) this.#watcher = await createWatcher(context, this.#lanes);
    this.#remembered.start();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const context = this.#context;
    if (!context || this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#operators?.heed(signal);
    this.#remembered?.stop();
    const deadline = new Promise<void>((done) => {
      if (signal.aborted) done();
      else signal.addEventListener('abort', () => done(), { once: true });
    });
    await Promise.race([this.#lanes?.stop(), deadline]);
    await this.#operators?.stop(signal);
    await this.#watcher?.close();
    // Records given away settle later, when those behind this component stop; their positions are written at once then.
    context.positions.hurry();
    for (const tail of context.tails) if (tail.ranges.length > 0) context.positions.touch(tail);
    await Promise.race([context.positions.flush(), deadline]);
    context.descriptors.closeAll();
  }

  #createSplitter(): Splitter {
    const { multiline } = this.#config;
    if (this.#encoding.kind === 'nop') return new BlockSplitter();
    if (!multiline) return new LineSplitter();
    const isStart = multiline.line_start_pattern !== '';
    const pattern = compileMultiline(isStart ? multiline.line_start_pattern : multiline.line_end_pattern);
    return new MultilineSplitter({ pattern, isStart, omitsPattern: multiline.omit_pattern });
  }

  /** Goes on with a file that an earlier run knew. */
  #resume(tail: Tail): void {
    const context = this.#context as Context;
    if (tail.state === 'named' && !this.#isWanted(tail.path)) tail.state = 'gone';
    context.tails.add(tail);
    tail.grownAt = context.clock.monotonic();
    tail.rotatedAt = tail.grownAt;
    if (tail.state !== 'gone') context.assign(tail);
  }

  #isWanted(path: string): boolean {
    return this.#include.some((glob) => globMatches(glob, path)) && !this.#exclude.some((glob) => globMatches(glob, path));
  }

  #settled(tail: Tail, range: Range, outcome: Outcome, transaction: Transaction | undefined): void {
    const context = this.#context as Context;
    if (outcome.abandoned > 0) {
      if (tail.ranges.has(range)) tail.repeat(range);
      if (!this.#stop.signal.aborted) this.#lanes?.readAgain(tail);
      return;
    }
    if (transaction && this.#storage?.owns(transaction)) context.positions.write(transaction, tail, range);
    else this.#advance(tail, range);
    if (this.#poison && !this.#poison.isEmpty) this.#poison.passed(tail);
  }

  #advance(tail: Tail, range: Range): void {
    tail.ranges.finish(range);
    this.#context?.positions.touch(tail);
  }

  #refusedForGood(rows: number): void {
    const { counters, log } = this.#context as Context;
    counters.refused.add(rows);
    log.error('Records were refused and dropped: retry_on_failure is off or its time is over.', { records: rows });
  }
}
