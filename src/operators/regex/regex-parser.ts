import { parseSize, type Clock, type Host } from '#component';
import { keyOf, type ByteSpace, type LogBatch } from '#model';
import type { RegexParserConfig } from '../config.ts';
import { Embedded } from '../embedded.ts';
import { excerpt, type Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import type { Operator } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { AttributeTarget } from '../attribute-target.ts';
import { compileRegex, type CompiledRegex } from './compile.ts';

/** A longer text is not looked at: what a regular expression costs grows with it. */
export const TEXT_MAX = '64KiB';

/** Turns the named groups of a regular expression into fields. */
export class RegexParser implements Operator {
  readonly #source: TextSource;
  readonly #target: AttributeTarget;
  readonly #regex: CompiledRegex;
  readonly #positions: Int32Array;
  readonly #textMax: number;
  readonly #embedded: Embedded;
  readonly #failures: Failures;
  #clock: Clock | undefined;

  constructor(config: RegexParserConfig, failures: Failures) {
    this.#source = new TextSource(parseField(config.parse_from ?? 'body'));
    this.#regex = compileRegex(config.regex);
    const keys = this.#regex.names.map((name) => keyOf(name));
    this.#target = new AttributeTarget(parseField(config.parse_to ?? 'attributes'), keys);
    this.#positions = new Int32Array(keys.length);
    this.#textMax = parseSize(config.text_max ?? TEXT_MAX);
    this.#embedded = new Embedded(config);
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#clock = host.clock;
  }

  process(batch: LogBatch): void {
    this.#embedded.begin(this.#clock?.now() ?? Date.now());
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (!this.#parse(batch, row)) continue;
      if (!this.#embedded.isEmpty && !this.#embedded.apply(batch, row)) this.#failures.add(batch, row, () => this.#embedded.describe());
    }
  }

  #parse(batch: LogBatch, row: number): boolean {
    const source = this.#source;
    if (source.find(batch, row) !== Found.text) {
      this.#failures.add(batch, row, () => `${source.field.text} is missing or no text`);
      return false;
    }
    const { bytes, from, to } = source;
    if (to - from > this.#textMax) return this.#fail(batch, row, `is longer than text_max, ${this.#textMax} bytes`);
    const isSide = source.isSide;
    if (!this.#regex.match(bytes, from, to)) return this.#fail(batch, row, 'does not match the regular expression');
    this.#place(batch.space, isSide);
    const problem = this.#target.write(batch, row, this.#positions, this.#regex.sizes);
    if (problem !== undefined) this.#failures.add(batch, row, () => problem);
    return problem === undefined;
  }

  /** Turns what has matched into positions of the byte space. */
  #place(space: ByteSpace, isSide: boolean): void {
    const { starts, sizes, texts } = this.#regex;
    const positions = this.#positions;
    for (let group = 0; group < positions.length; group++) {
      const start = starts[group] as number;
      if (start >= 0) {
        positions[group] = isSide ? ~start : start;
        continue;
      }
      const position = space.appendText(texts[group] ?? '');
      positions[group] = position;
      sizes[group] = space.sideLength - ~position;
    }
  }

  #fail(batch: LogBatch, row: number, problem: string): false {
    const source = this.#source;
    this.#failures.add(batch, row, () => `${source.field.text} ${problem}: ${excerpt(source.text())}`);
    return false;
  }
}
