import { ValueType, decodeAnyValue, type AttributeValue, type LogBatch } from '#model';
import { setRange } from '../attribute-target.ts';
import type { JsonParserConfig } from '../config.ts';
import { excerpt, type Failures } from '../failures.ts';
import { isAttribute, isBody, parseField, type Field } from '../field.ts';
import { Parser, type Problem } from '../parser.ts';
import { writeField } from '../values.ts';
import { Byte, JsonProblem, skipSpace } from './bytes.ts';
import { NestedEncoder } from './nested.ts';
import { ObjectParser } from './object-parser.ts';

/** Turns a JSON object into fields. */
export class JsonParser extends Parser {
  readonly #target: Field;
  readonly #isToAttributes: boolean;
  readonly #objects: ObjectParser;
  readonly #nested: NestedEncoder;

  constructor(config: JsonParserConfig, failures: Failures) {
    super(config, failures);
    const isIntParsed = config.parse_ints ?? true;
    this.#target = parseField(config.parse_to ?? 'attributes');
    this.#isToAttributes = this.#target.root === 'attributes' && this.#target.path.length === 0;
    this.#objects = new ObjectParser(isIntParsed);
    this.#nested = new NestedEncoder(isIntParsed);
  }

  protected override parse(batch: LogBatch, row: number): Problem | undefined {
    const { bytes, from, to, isSide } = this.source;
    const problem = this.#isToAttributes
      ? this.#objects.parse(batch, row, bytes, from, to, isSide)
      : this.#parseElsewhere(batch, row, bytes, from, to);
    return problem && this.#say(problem);
  }

  #say({ message, at }: JsonProblem): Problem {
    const { source } = this;
    return () => `${source.field.text} is no JSON object: ${message} at position ${at - source.from + 1}: ${excerpt(source.text())}`;
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
