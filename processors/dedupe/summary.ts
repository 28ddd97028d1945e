import { keyOf, type AttributeValue, type Key, type LogBatch } from '#model';
import { readRequest } from '#otlp';
import { isCollectors, type DedupeConfig } from './config.ts';
import { parseField, without, type FieldPath } from './field-path.ts';
import { TimeText } from './time-text.ts';
import type { Window } from './window.ts';

const OWN_NAMES = { count: 'winnow.dedupe.count', first: 'winnow.dedupe.first_time', last: 'winnow.dedupe.last_time' };
const COLLECTORS_NAMES = { count: 'log_count', first: 'first_observed_timestamp', last: 'last_observed_timestamp' };
const SAMPLES = keyOf('winnow.dedupe.samples');

/** Makes the one record that stands for those of a window. */
export class Summary {
  readonly #count: Key;
  readonly #first: Key;
  readonly #last: Key;
  readonly #time: TimeText;
  readonly #isCollectors: boolean;
  /** Under the Collector's name, what does not count is not in the summary either. */
  readonly #removed: readonly FieldPath[];

  constructor(config: DedupeConfig, id: string) {
    this.#isCollectors = isCollectors(id);
    const names = isCollectors(id) ? COLLECTORS_NAMES : OWN_NAMES;
    this.#count = keyOf(config.log_count_attribute ?? names.count);
    this.#first = keyOf(names.first);
    this.#last = keyOf(names.last);
    this.#time = new TimeText(config.timezone, { milliseconds: !isCollectors(id) });
    this.#removed = isCollectors(id) ? config.exclude_fields.flatMap((text) => parseField(text) ?? []) : [];
  }

  /** One record for each window, in a batch of its own. */
  batchOf(windows: readonly Window[]): LogBatch {
    // Requests put one behind the other are one request.
    const batch = readRequest(Buffer.concat(windows.map(({ record }) => record)));
    for (const [row, window] of windows.entries()) this.#fill(batch, row, window);
    return batch;
  }

  #fill(batch: LogBatch, row: number, window: Window): void {
    for (const field of this.#removed) remove(batch, row, field);
    batch.setAttribute(row, this.#count, window.count);
    if (window.template) batch.templateOf[row] = window.template;
    // One that stands for itself alone says all there is to say; more would make it larger than what it saves.
    if (window.count === 1 && !this.#isCollectors) return;
    batch.setAttribute(row, this.#first, this.#time.of(window.firstMs));
    batch.setAttribute(row, this.#last, this.#time.of(window.lastMs));
    if (window.samples.length > 0) batch.setAttribute(row, SAMPLES, window.samples);
    // It stands where the last of its records stood.
    if (batch.timeMs[row] !== 0) {
      batch.timeMs[row] = window.lastMs;
      batch.timeNs[row] = 0;
    }
    batch.observedMs[row] = window.observedMs;
    batch.observedNs[row] = 0;
  }
}

function remove(batch: LogBatch, row: number, { from, path, key }: FieldPath): void {
  if (from === 'body') {
    const body = batch.body(row);
    const kept = without(body, path);
    if (kept !== body) batch.setBody(row, kept);
    return;
  }
  if (batch.deleteAttribute(row, key)) return;
  const [name = '', ...inner] = path;
  const value: AttributeValue | undefined = batch.attribute(row, name);
  if (inner.length === 0 || value === undefined) return;
  const kept = without(value, inner);
  if (kept !== value) batch.setAttribute(row, name, kept);
}
