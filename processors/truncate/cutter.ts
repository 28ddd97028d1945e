import { encodeAnyValue, toJson, type AttributeValue } from '#model';
import type { Note } from './cut.ts';
import type { Limits } from './limits.ts';
import { limitValue, type NestedCuts } from './nested.ts';
import { middleOf, withoutMiddle } from './stack.ts';

export const PARTS = ['body', 'attribute', 'attributes', 'array', 'depth', 'stack', 'record'] as const;
export type Part = (typeof PARTS)[number];

/** Cuts values to their limits, and counts by what was too long. */
export class Cutter {
  readonly note: Note;
  readonly #counts = new Map<Part, number>();
  readonly #cuts: NestedCuts = { strings: 0, arrays: 0, maps: 0, depths: 0 };

  constructor(note: Note) {
    this.note = note;
  }

  count(part: Part, count: number = 1): void {
    if (count > 0) this.#counts.set(part, (this.#counts.get(part) ?? 0) + count);
  }

  /** What was counted since the last call. */
  takeCounts(): readonly (readonly [Part, number])[] {
    if (this.#counts.size === 0) return [];
    const counts = [...this.#counts];
    this.#counts.clear();
    return counts;
  }

  /** The text within `max` bytes and as many lines as a stack trace may have; undefined when it is. */
  text(bytes: Buffer, max: number, limits: Limits, part: Part): Buffer | undefined {
    let shorter: Buffer | undefined;
    if (bytes.length >= limits.stackBytesMin) {
      const middle = middleOf(bytes, limits.stackHead, limits.stackTail);
      if (middle) {
        shorter = withoutMiddle(bytes, middle);
        this.count('stack');
      }
    }
    const left = shorter ?? bytes;
    if (left.length <= max) return shorter;
    this.count(part);
    return this.note.cut(left, 0, left.length, max);
  }

  /** A list or a map with more than `count` characters of JSON, as the beginning of that text; else undefined. */
  characters(read: () => AttributeValue, count: number): string | undefined {
    let json: Buffer;
    try {
      json = Buffer.from(toJson(read()));
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      return undefined;
    }
    const text = this.note.cutCharacters(json, 0, json.length, count);
    if (text) this.count('attribute');
    return text?.toString();
  }

  /** The nested value within the limits; undefined when it is. `read` may throw RangeError for what cannot be read. */
  nested(bytes: Uint8Array, read: () => AttributeValue, max: number, limits: Limits): AttributeValue | undefined {
    let value: AttributeValue;
    try {
      value = read();
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      this.count('depth');
      return this.note.of(bytes.length, bytes.length).toString();
    }
    const cuts = this.#cuts;
    cuts.strings = cuts.arrays = cuts.maps = cuts.depths = 0;
    const limited = limitValue(value, limits, this.note, cuts);
    this.count('attribute', cuts.strings);
    this.count('array', cuts.arrays);
    this.count('attributes', cuts.maps);
    this.count('depth', cuts.depths);
    const length = limited === value ? bytes.length : encodeAnyValue(limited).length;
    if (length <= max) return limited === value ? undefined : limited;
    this.count('attribute');
    const json = Buffer.from(toJson(limited));
    return this.note.cut(json, 0, json.length, max).toString();
  }
}
