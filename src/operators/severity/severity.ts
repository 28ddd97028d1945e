import { severityName, type LogBatch } from '#model';
import type { SeverityConfig } from '../config.ts';
import { parseField } from '../field.ts';
import type { RowStep } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { createSeverityMap } from './mapping.ts';

/** A text that was looked up before. */
interface Known {
  readonly bytes: Uint8Array;
  readonly severity: number;
}

const KNOWN_SLOTS = 256;
const KNOWN_BYTES_MAX = 64;

/**
 * Sets severity number and text from a field. What no mapping knows is no error, as in the Collector: the number stays
 * unspecified and the text says what was written.
 */
export class Severity implements RowStep {
  readonly #source: TextSource;
  readonly #map: ReadonlyMap<string, number>;
  readonly #isTextOverwritten: boolean;
  readonly #known: (Known | undefined)[] = Array.from({ length: KNOWN_SLOTS }, () => undefined);
  #problem = '';

  constructor(config: SeverityConfig) {
    this.#source = new TextSource(parseField(config.parse_from ?? ''));
    this.#map = createSeverityMap(config);
    this.#isTextOverwritten = config.overwrite_text ?? false;
  }

  apply(batch: LogBatch, row: number): boolean {
    const source = this.#source;
    const found = source.find(batch, row);
    if (found === Found.text) {
      const { bytes, from, to } = source;
      const severity = this.#lookUp(bytes, from, to);
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
    const severity = this.#map.get(text) ?? 0;
    batch.severity[row] = severity;
    batch.setSeverityText(row, this.#isTextOverwritten && severity > 0 ? severityName(severity) : text);
    return true;
  }

  describe(): string {
    return this.#problem;
  }

  #lookUp(bytes: Buffer, from: number, to: number): number {
    const size = to - from;
    if (size === 0) return this.#map.get('') ?? 0;
    // Length, first and last byte tell the names of severities apart.
    const slot = ((bytes[from] as number) * 31 + (bytes[to - 1] as number) * 7 + size) & (KNOWN_SLOTS - 1);
    const known = this.#known[slot];
    if (known && isSame(known.bytes, bytes, from, size)) return known.severity;
    const severity = this.#map.get(bytes.toString('utf8', from, to).toLowerCase()) ?? 0;
    if (size <= KNOWN_BYTES_MAX) this.#known[slot] = { bytes: Uint8Array.from(bytes.subarray(from, to)), severity };
    return severity;
  }

  #fail(problem: string): false {
    this.#problem = problem;
    return false;
  }
}

function isSame(own: Uint8Array, bytes: Uint8Array, from: number, size: number): boolean {
  if (own.length !== size) return false;
  for (let i = 0; i < size; i++) if (own[i] !== bytes[from + i]) return false;
  return true;
}
