import { parseSize } from '#component';
import { keyOf, type ByteSpace, type LogBatch } from '#model';
import type { RegexParserConfig } from '../config.ts';
import { excerpt, type Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import { Parser, type Problem } from '../parser.ts';
import { AttributeTarget } from '../attribute-target.ts';
import { compileRegex, type CompiledRegex } from './compile.ts';

/** A longer text is not looked at: what a regular expression costs grows with it. */
export const TEXT_MAX = '64KiB';

/** Turns the named groups of a regular expression into fields. */
export class RegexParser extends Parser {
  readonly #target: AttributeTarget;
  readonly #regex: CompiledRegex;
  readonly #positions: Int32Array;
  readonly #textMax: number;

  constructor(config: RegexParserConfig, failures: Failures) {
    super(config, failures);
    this.#regex = compileRegex(config.regex);
    const keys = this.#regex.names.map((name) => keyOf(name));
    this.#target = new AttributeTarget(parseField(config.parse_to ?? 'attributes'), keys);
    this.#positions = new Int32Array(keys.length);
    this.#textMax = parseSize(config.text_max ?? TEXT_MAX);
  }

  protected override parse(batch: LogBatch, row: number): Problem | undefined {
    const { bytes, from, to, isSide } = this.source;
    if (to - from > this.#textMax) return this.#say(`is longer than text_max, ${this.#textMax} bytes`);
    if (!this.#regex.match(bytes, from, to)) return this.#say('does not match the regular expression');
    this.#place(batch.space, isSide);
    const problem = this.#target.write(batch, row, this.#positions, this.#regex.sizes);
    return problem === undefined ? undefined : asProblem(problem);
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

  #say(problem: string): Problem {
    const { source } = this;
    return () => `${source.field.text} ${problem}: ${excerpt(source.text())}`;
  }
}

function asProblem(text: string): Problem {
  return () => text;
}
