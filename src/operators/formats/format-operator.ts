import type { LogBatch } from '#model';
import { excerpt, type Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import { Parser, type ParserOptions, type Problem } from '../parser.ts';
import { FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';

/** A parser that leaves the reading of a text to a format. */
export class FormatOperator extends Parser {
  readonly #fields: FieldWriter;
  readonly #format: Format;

  constructor(format: Format, config: ParserOptions, failures: Failures) {
    super(config, failures);
    this.#format = format;
    this.#fields = new FieldWriter(parseField(config.parse_to ?? 'attributes'));
  }

  protected override begin(nowMs: number): void {
    this.#format.begin?.(nowMs);
  }

  protected override parse(batch: LogBatch, row: number): Problem | undefined {
    const problem = this.#format.parse(batch, row, this.source, this.#fields);
    return problem === undefined ? undefined : this.#say(problem);
  }

  #say(problem: string): Problem {
    const { source } = this;
    return () => `${source.field.text}: ${problem}: ${excerpt(source.text())}`;
  }
}
