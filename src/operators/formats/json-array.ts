import { Double, decodeAnyValue, toJson, type AttributeValue, type LogBatch } from '#model';
import type { Field } from '../field.ts';
import { Byte, JsonProblem, skipSpace } from '../json/bytes.ts';
import { NestedEncoder } from '../json/nested.ts';
import type { TextSource } from '../text-source.ts';
import { writeField } from '../values.ts';
import type { Format } from './format.ts';

/** Reads a JSON array as a list or, with names for its values, as a map. Maps and lists inside become JSON, as in the Collector. */
export class JsonArray implements Format {
  readonly #names: readonly string[] | undefined;
  readonly #target: Field;
  readonly #encoder = new NestedEncoder(true);

  /** Throws RangeError when there is no place for a list. */
  constructor(header: string | undefined, target: Field) {
    this.#names = header?.split(',').map((name) => name.trim());
    this.#target = target;
    const isRoot = target.root !== 'body' && target.path.length === 0;
    if (isRoot && !this.#names)
      throw new RangeError(`a list needs a field such as ${target.root}.list in "parse_to", or names in "header"`);
  }

  parse(batch: LogBatch, row: number, { bytes, from, to }: TextSource): string | undefined {
    const values = this.#read(batch, bytes, from, to);
    if (typeof values === 'string') return values;
    const names = this.#names;
    if (!names) return writeField(batch, row, this.#target, values);
    if (values.length !== names.length) return `${values.length} values for ${names.length} names`;
    return writeField(batch, row, this.#target, Object.fromEntries(names.map((name, i) => [name, values[i] as AttributeValue])));
  }

  /** The values, or what is wrong with the text. */
  #read(batch: LogBatch, bytes: Buffer, from: number, to: number): AttributeValue[] | string {
    const { space } = batch;
    const start = space.sideLength;
    try {
      const first = skipSpace(bytes, from, to);
      if (first >= to || bytes[first] !== Byte.openBracket) return 'no JSON array';
      const end = skipSpace(bytes, this.#encoder.encode(space, bytes, first, to), to);
      if (end < to) return 'more than a JSON array';
      const size = space.sideLength - start;
      const list = decodeAnyValue(space.view(~start, size), 0, size);
      return Array.isArray(list) ? list.map(asPlain) : 'no JSON array';
    } catch (problem) {
      if (problem instanceof JsonProblem) return problem.message;
      throw problem;
    } finally {
      space.sideLength = start;
    }
  }
}

function asPlain(value: AttributeValue): AttributeValue {
  return typeof value === 'object' && value !== null && !(value instanceof Double) ? toJson(value) : value;
}
