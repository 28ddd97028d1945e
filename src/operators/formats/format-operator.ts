import type { Clock, Host } from '#component';
import type { LogBatch } from '#model';
import type { EmbeddedConfig } from '../config.ts';
import { Embedded } from '../embedded.ts';
import { excerpt, type Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import type { Operator } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';

interface FormatOptions extends EmbeddedConfig {
  readonly parse_from?: string;
  readonly parse_to?: string;
}

/** A parser: finds the text of each row, has it read by a format, and counts those that cannot be read. */
export class FormatOperator implements Operator {
  readonly #source: TextSource;
  readonly #fields: FieldWriter;
  readonly #format: Format;
  readonly #embedded: Embedded;
  readonly #failures: Failures;
  #clock: Clock | undefined;

  constructor(format: Format, config: FormatOptions, failures: Failures) {
    this.#format = format;
    this.#source = new TextSource(parseField(config.parse_from ?? 'body'));
    this.#fields = new FieldWriter(parseField(config.parse_to ?? 'attributes'));
    this.#embedded = new Embedded(config);
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#clock = host.clock;
  }

  process(batch: LogBatch): void {
    const nowMs = this.#clock?.now() ?? Date.now();
    this.#format.begin?.(nowMs);
    this.#embedded.begin(nowMs);
    const hasEmbedded = !this.#embedded.isEmpty;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (!this.#parse(batch, row)) continue;
      if (hasEmbedded && !this.#embedded.apply(batch, row)) this.#failures.add(batch, row, () => this.#embedded.describe());
    }
  }

  #parse(batch: LogBatch, row: number): boolean {
    const source = this.#source;
    if (source.find(batch, row) !== Found.text) {
      this.#failures.add(batch, row, () => `${source.field.text} is missing or no text`);
      return false;
    }
    const problem = this.#format.parse(batch, row, source, this.#fields);
    if (problem === undefined) return true;
    this.#failures.add(batch, row, () => `${source.field.text}: ${problem}: ${excerpt(source.text())}`);
    return false;
  }
}
