import type { Clock, Host } from '#component';
import type { LogBatch } from '#model';
import type { EmbeddedConfig } from './config.ts';
import { Embedded } from './embedded.ts';
import type { Failures } from './failures.ts';
import { parseField } from './field.ts';
import type { Operator } from './operator.ts';
import { Found, TextSource } from './text-source.ts';

export interface ParserOptions extends EmbeddedConfig {
  readonly parse_from?: string;
  readonly parse_to?: string;
}

/** What hindered a row, made only when somebody wants to read it. */
export type Problem = () => string;

/**
 * What is the same in all parsers of one format: the text of each row is found and read, then the blocks inside the
 * parser are applied. A row counts as one failure at most.
 */
export abstract class Parser implements Operator {
  protected readonly source: TextSource;
  readonly #embedded: Embedded;
  readonly #failures: Failures;
  #clock: Clock | undefined;

  constructor(config: ParserOptions, failures: Failures) {
    this.source = new TextSource(parseField(config.parse_from ?? 'body'));
    this.#embedded = new Embedded(config);
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#clock = host.clock;
  }

  process(batch: LogBatch): void {
    const nowMs = this.#clock?.now() ?? Date.now();
    this.begin(nowMs);
    this.#embedded.begin(nowMs);
    const hasEmbedded = !this.#embedded.isEmpty;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const problem = this.source.find(batch, row) === Found.text ? this.parse(batch, row) : this.#missing;
      if (problem) this.#failures.add(batch, row, problem);
      else if (hasEmbedded && !this.#embedded.apply(batch, row)) this.#failures.add(batch, row, () => this.#embedded.describe());
    }
  }

  /** Called before the rows of a batch. */
  protected begin(_nowMs: number): void {}

  /** Reads the text that `source` has found, and writes what is in it. */
  protected abstract parse(batch: LogBatch, row: number): Problem | undefined;

  readonly #missing: Problem = () => `${this.source.field.text} is missing or no text`;
}
