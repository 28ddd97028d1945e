import type { Counter, Host } from '#component';
import type { LogBatch } from '#model';
import { Embedded } from '../embedded.ts';
import { type Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import type { AutoParserConfig } from '../formats/config.ts';
import { FieldWriter } from '../formats/field-writer.ts';
import type { Format } from '../formats/format.ts';
import type { Operator } from '../operator.ts';
import { FILE_NAME, FILE_PATH, Sources } from '../sources.ts';
import { Found, TextSource } from '../text-source.ts';
import { localZone, zoneOf } from '../time/zone.ts';
import { PlainText } from './plain-text.ts';
import { Recogniser, type RecognisedName } from './recognition.ts';

/** Lines that are looked at before a format is settled on. */
const SAMPLE_ROWS = 32;
/** One line in so many has to be logfmt. */
const LOGFMT_SHARE = 4;
/** After so many lines, a format that does not fit half of them is given up. */
const WINDOW_ROWS = 256;
/** A source of which nothing was recognised is looked at again after ever more lines: first after as many as there were, or these. */
const RETRY_ROWS_FIRST = 128;
const RETRY_ROWS_MAX = 1 << 20;
/** What more sources have is told at DEBUG only. */
const TOLD_MAX = 100;
export const AUTO_SOURCES_MAX = 10_000;

interface SourceState {
  readonly name: string;
  format: Format | undefined;
  formatName: RecognisedName;
  /** Rows until the format is looked for; -1 when there is one. */
  rowsToLook: number;
  retryRows: number;
  rows: number;
  misfits: number;
}

/**
 * Finds the format of each source by itself, from the first lines, and reads it. Says once what it found. Lines that do
 * not fit are looked at as plain text; when they become half of all, the format is looked for anew.
 */
export class AutoParser implements Operator {
  readonly #source: TextSource;
  readonly #fields: FieldWriter;
  readonly #embedded: Embedded;
  readonly #recogniser: Recogniser;
  readonly #plain: PlainText;
  readonly #sources: Sources<SourceState>;
  readonly #failures: Failures;
  #host: Host | undefined;
  #misfits: Counter | undefined;
  #told = 0;

  constructor(config: AutoParserConfig, failures: Failures) {
    const zone = config.location ? zoneOf(config.location) : localZone();
    this.#source = new TextSource(parseField(config.parse_from ?? 'body'));
    this.#fields = new FieldWriter(parseField(config.parse_to ?? 'attributes'));
    this.#embedded = new Embedded(config);
    this.#recogniser = new Recogniser(zone);
    this.#plain = new PlainText(zone);
    this.#failures = failures;
    this.#sources = new Sources({ max: config.max_sources ?? AUTO_SOURCES_MAX, keys: [FILE_PATH, FILE_NAME], create: createState });
  }

  start(host: Host): void {
    this.#host = host;
    this.#misfits = host.metrics.counter('winnow_parse_misfit_log_records', 'Records that were not of the format their source has.');
  }

  process(batch: LogBatch): void {
    const nowMs = this.#host?.clock.now() ?? Date.now();
    this.#recogniser.begin(nowMs);
    this.#plain.begin(nowMs);
    this.#embedded.begin(nowMs);
    this.#sources.begin(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const state = this.#sources.of(row);
      if (state.rowsToLook === 0) this.#look(batch, row, state);
      this.#parse(batch, row, state);
      if (!this.#embedded.isEmpty && !this.#embedded.apply(batch, row)) this.#failures.add(batch, row, () => this.#embedded.describe());
    }
  }

  #parse(batch: LogBatch, row: number, state: SourceState): void {
    if (state.rowsToLook > 0) state.rowsToLook--;
    if (this.#source.find(batch, row) !== Found.text) return;
    if (!state.format) {
      // An error is one also while nothing else is known.
      this.#plain.parse(batch, row, this.#source);
      return;
    }
    const problem = state.format.parse(batch, row, this.#source, this.#fields);
    state.rows++;
    // What daemons write into files has no priority: a level is then a word of the message.
    if (problem === undefined && state.formatName === 'syslog' && batch.severity[row] === 0) this.#levelOf(batch, row);
    if (problem !== undefined) {
      state.misfits++;
      this.#misfits?.add(1);
      this.#plain.parse(batch, row, this.#source);
    }
    if (state.rows < WINDOW_ROWS) return;
    // Rows of the window are looked at together: a stack trace alone is no reason to doubt a format.
    if (state.misfits * 2 > state.rows) state.rowsToLook = 0;
    state.rows = 0;
    state.misfits = 0;
  }

  #levelOf(batch: LogBatch, row: number): void {
    if (this.#source.find(batch, row) === Found.text) this.#plain.parseLevel(batch, row, this.#source);
  }

  /** Looks at the lines of this source that are at hand. */
  #look(batch: LogBatch, first: number, state: SourceState): void {
    const votes = new Map<RecognisedName, number>();
    let sampled = 0;
    for (let row = first; row < batch.length && sampled < SAMPLE_ROWS; row++) {
      if (batch.isDropped[row] === 1 || this.#sources.of(row) !== state) continue;
      if (this.#source.find(batch, row) !== Found.text || this.#source.from === this.#source.to) continue;
      const name = this.#recogniser.recognise(this.#source.bytes, this.#source.from, this.#source.to);
      votes.set(name, (votes.get(name) ?? 0) + 1);
      sampled++;
    }
    this.#sources.of(first);
    if (sampled === 0) return;
    this.#settle(state, votes, sampled);
  }

  #settle(state: SourceState, votes: ReadonlyMap<RecognisedName, number>, sampled: number): void {
    // Continuation lines are `none`: they speak neither for nor against a format.
    // But pairs may stand in any text: a few lines with some do not make a source logfmt.
    const isSeldom = (name: RecognisedName, count: number): boolean => name === 'common_logfmt' && count * LOGFMT_SHARE < sampled;
    const [best] = [...votes].filter(([name, count]) => name !== 'none' && !isSeldom(name, count)).toSorted(([, a], [, b]) => b - a);
    const name = best?.[0] ?? 'none';
    const before = state.formatName;
    state.formatName = name;
    state.format = this.#recogniser.formatOf(name);
    state.rows = 0;
    state.misfits = 0;
    if (state.format && name !== 'plain') state.rowsToLook = -1;
    else {
      // Plain text may be the head of something else, and nothing at all may become something. A banner comes alone.
      if (state.retryRows === 0) state.retryRows = sampled < SAMPLE_ROWS ? sampled : RETRY_ROWS_FIRST;
      state.rowsToLook = state.retryRows;
      state.retryRows = Math.min(state.retryRows * 2, RETRY_ROWS_MAX);
    }
    if (name !== before) this.#tell(state, before, best?.[1] ?? 0, sampled);
  }

  #tell({ name, formatName }: SourceState, before: RecognisedName, lines: number, sampled: number): void {
    const facts = { source: name, format: formatName, lines, of: sampled, before: before === 'none' ? undefined : before };
    const log = this.#host?.log;
    if (this.#told++ < TOLD_MAX) log?.info('The format of a source was recognised.', facts);
    else log?.debug('The format of a source was recognised.', facts);
  }
}

function createState(name: string): SourceState {
  return { name, format: undefined, formatName: 'none', rowsToLook: 0, retryRows: 0, rows: 0, misfits: 0 };
}
