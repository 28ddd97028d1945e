import { severityName, type LogBatch } from '#model';
import type { SeverityConfig } from '../config.ts';
import { parseField } from '../field.ts';
import type { RowStep } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { SeverityLookup } from './lookup.ts';
import { createSeverityMap } from './mapping.ts';

/**
 * Sets severity number and text from a field. What no mapping knows is no error, as in the Collector: the number stays
 * unspecified and the text says what was written.
 */
export class Severity implements RowStep {
  readonly #source: TextSource;
  readonly #lookup: SeverityLookup;
  readonly #isTextOverwritten: boolean;
  #problem = '';

  constructor(config: SeverityConfig) {
    this.#source = new TextSource(parseField(config.parse_from ?? ''));
    this.#lookup = new SeverityLookup(createSeverityMap(config));
    this.#isTextOverwritten = config.overwrite_text ?? false;
  }

  apply(batch: LogBatch, row: number): boolean {
    const source = this.#source;
    const found = source.find(batch, row);
    if (found === Found.text) {
      const { bytes, from, to } = source;
      const severity = this.#lookup.ofBytes(bytes, from, to);
      batch.severity[row] = severity;
      if (this.#isTextOverwritten && severity > 0) batch.setSeverityText(row, severityName(severity));
      else {
        batch.severityTextStart[row] = source.position(from);
        batch.severityTextSize[row] = to - from;
      }
      return true;
    }
    const field = source.field.text;
    if (found === Found.missing) return this.#fail(`there is no ${field}`);
    if (source.number === undefined || !Number.isInteger(source.number)) return this.#fail(`${field} is neither a text nor a whole number`);
    const text = String(source.number);
    const severity = this.#lookup.ofText(text);
    batch.severity[row] = severity;
    batch.setSeverityText(row, this.#isTextOverwritten && severity > 0 ? severityName(severity) : text);
    return true;
  }

  describe(): string {
    return this.#problem;
  }

  #fail(problem: string): false {
    this.#problem = problem;
    return false;
  }
}
