import { Double, type AttributeValue, type LogBatch } from '#model';
import { parseField, type Field } from './field.ts';
import type { FlattenConfig } from './formats/config.ts';
import type { RowStep } from './operator.ts';
import { deleteField, readField, writeField } from './values.ts';

/** Moves the members of a map one level up, and removes the map. */
export class Flatten implements RowStep {
  readonly #field: Field;
  readonly #parent: Field;

  /** Throws RangeError. */
  constructor(config: FlattenConfig) {
    this.#field = parseField(config.field);
    const above = this.#field.path.slice(0, -1).map((name) => `[${JSON.stringify(name)}]`);
    this.#parent = parseField(`${this.#field.root}${above.join('')}`);
  }

  apply(batch: LogBatch, row: number): boolean {
    // The roots have no level above them.
    if (this.#field.path.length === 0) return this.#field.root !== 'body' || isMap(batch.body(row));
    const value = readField(batch, row, this.#field);
    if (!isMap(value)) return false;
    deleteField(batch, row, this.#field);
    return writeField(batch, row, this.#parent, value) === undefined;
  }

  describe(): string {
    return `${this.#field.text} is missing or no map`;
  }
}

function isMap(value: unknown): value is { readonly [key: string]: AttributeValue } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Double)
  );
}
