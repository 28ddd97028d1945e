import type { Clock, Host } from '#component';
import { ValueType, decodeAnyValue, type AttributeValue, type LogBatch } from '#model';
import { setRange } from '../attribute-target.ts';
import type { JsonParserConfig } from '../config.ts';
import { Embedded } from '../embedded.ts';
import { excerpt, type Failures } from '../failures.ts';
import { isAttribute, isBody, parseField, type Field } from '../field.ts';
import type { Operator } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { writeField } from '../values.ts';
import { Byte, JsonProblem, skipSpace } from './bytes.ts';
import { NestedEncoder } from './nested.ts';
import { ObjectParser } from './object-parser.ts';

/** Turns a JSON object into fields. */
export class JsonParser implements Operator {
  readonly #source: TextSource;
  readonly #target: Field;
  readonly #isToAttributes: boolean;
  readonly #objects: ObjectParser;
  readonly #nested: NestedEncoder;
  readonly #embedded: Embedded;
  readonly #failures: Failures;
  #clock: Clock | undefined;

  constructor(config: JsonParserConfig, failures: Failures) {
    const isIntParsed = config.parse_ints ?? true;
    this.#source = new TextSource(parseField(config.parse_from ?? 'body'));
    this.#target = parseField(config.parse_to ?? 'attributes');
    this.#isToAttributes = this.#target.root === 'attributes' && this.#target.path.length === 0;
    this.#objects = new ObjectParser(isIntParsed);
    this.#nested = new NestedEncoder(isIntParsed);
    this.#embedded = new Embedded(config);
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#clock = host.clock;
  }

  process(batch: LogBatch): void {
    this.#embedded.begin(this.#clock?.now() ?? Date.now());
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
    const { bytes, from, to } = source;
    const problem = this.#isToAttributes
      ? this.#objects.parse(batch, row, bytes, from, to, source.isSide)
      : this.#parseElsewhere(batch, row, bytes, from, to);
    if (problem === undefined) return true;
    this.#failures.add(batch, row, () => {
      const text = excerpt(bytes.toString('utf8', from, to));
      return `${source.field.text} is no JSON object: ${problem.message} at position ${problem.at - from + 1}: ${text}`;
    });
    return false;
  }

  #parseElsewhere(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number): JsonProblem | undefined {
    const space = batch.space;
    const start = space.sideLength;
    try {
      const first = skipSpace(bytes, from, to);
      if (first >= to || bytes[first] !== Byte.openBrace) throw new JsonProblem('expected an object', first);
      const end = skipSpace(bytes, this.#nested.encode(space, bytes, first, to), to);
      if (end < to) throw new JsonProblem('expected nothing after the object', end);
    } catch (problem) {
      if (!(problem instanceof JsonProblem)) throw problem;
      space.sideLength = start;
      return problem;
    }
    this.#write(batch, row, ~start, space.sideLength - start);
    return undefined;
  }

  /** Puts an encoded map where the target is; only into a map that is there already it must be merged. */
  #write(batch: LogBatch, row: number, position: number, size: number): void {
    const target = this.#target;
    if (isBody(target) && batch.bodyType[row] !== ValueType.encoded) {
      batch.bodyType[row] = ValueType.encoded;
      batch.bodyStart[row] = position;
      batch.bodySize[row] = size;
    } else if (isAttribute(target) && batch.attribute(row, target.key) === undefined) {
      setRange(batch, row, target.key, ValueType.encoded, position, size);
    } else {
      const value: AttributeValue = decodeAnyValue(batch.space.view(position, size), 0, size);
      writeField(batch, row, target, value);
    }
  }
}
