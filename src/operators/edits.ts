import { ValueType, type AttributeValue, type LogBatch } from '#model';
import { setRange } from './attribute-target.ts';
import type { AddConfig, AssignKeysConfig, MoveConfig, RemoveConfig, RetainConfig } from './config.ts';
import { parseCondition, type Expression } from './expression/parse.ts';
import { isAttribute, isBody, parseField, type Field } from './field.ts';
import type { RowStep } from './operator.ts';
import { deleteField, readField, resourceOf, setResource, writeField } from './values.ts';

const EXPRESSION = /^EXPR\(([\s\S]*)\)$/;

/** Sets a field to a value that is the same for all records, or to that of an expression: `EXPR(…)`. */
export class Add implements RowStep {
  readonly #field: Field;
  readonly #value: Expression;
  #problem: string | undefined;

  /** Throws RangeError. */
  constructor({ field, value }: AddConfig) {
    this.#field = parseField(field);
    const written = typeof value === 'string' ? EXPRESSION.exec(value)?.[1] : undefined;
    const constant = written === undefined ? toAttributeValue(value) : null;
    this.#value = written === undefined ? () => constant : parseCondition(written);
  }

  apply(batch: LogBatch, row: number): boolean {
    this.#problem = this.#set(batch, row);
    return this.#problem === undefined;
  }

  #set(batch: LogBatch, row: number): string | undefined {
    try {
      return writeField(batch, row, this.#field, this.#value(batch, row) ?? null);
    } catch (problem) {
      if (problem instanceof TypeError) return problem.message;
      throw problem;
    }
  }

  describe(): string {
    return this.#problem ?? '';
  }
}

export class Remove implements RowStep {
  readonly #field: Field;

  constructor(config: RemoveConfig) {
    this.#field = parseField(config.field);
  }

  apply(batch: LogBatch, row: number): boolean {
    return deleteField(batch, row, this.#field);
  }

  describe(): string {
    return `there is no ${this.#field.text}`;
  }
}

/** Writes the value of one field to another, and with `move` removes the first. */
export class Move implements RowStep {
  readonly #from: Field;
  readonly #to: Field;
  readonly #isCopy: boolean;
  #problem = '';

  constructor(config: MoveConfig) {
    this.#from = parseField(config.from);
    this.#to = parseField(config.to);
    this.#isCopy = config.type === 'copy';
  }

  apply(batch: LogBatch, row: number): boolean {
    if (this.#applyRange(batch, row)) return true;
    const value = readField(batch, row, this.#from);
    if (value === undefined) {
      this.#problem = `there is no ${this.#from.text}`;
      return false;
    }
    // The source goes first: moving a field into itself one level down must not remove the result.
    if (!this.#isCopy) deleteField(batch, row, this.#from);
    const problem = writeField(batch, row, this.#to, value);
    if (problem === undefined) return true;
    this.#problem = problem;
    if (!this.#isCopy) writeField(batch, row, this.#from, value);
    return false;
  }

  describe(): string {
    return this.#problem;
  }

  /** Text that moves between body and attributes keeps its bytes: only positions change. */
  #applyRange(batch: LogBatch, row: number): boolean {
    const from = this.#from;
    const to = this.#to;
    const table = batch.attributes;
    if (isBody(from) && isAttribute(to) && batch.bodyType[row] === ValueType.string) {
      setRange(batch, row, to.key, ValueType.string, batch.bodyStart[row] as number, batch.bodySize[row] as number);
      if (!this.#isCopy) batch.setBody(row, null);
      return true;
    }
    if (!isAttribute(from)) return false;
    const slot = table.find(row, from.key);
    if (slot < 0) return false;
    const type = table.type[slot];
    if (isAttribute(to)) {
      if (this.#isCopy || type === ValueType.encoded || to.key.text === from.key.text) return false;
      batch.deleteAttribute(row, to.key);
      table.rename(slot, to.key);
      return true;
    }
    if (!isBody(to) || type !== ValueType.string) return false;
    batch.bodyType[row] = ValueType.string;
    batch.bodyStart[row] = table.start[slot] as number;
    batch.bodySize[row] = table.size[slot] as number;
    if (!this.#isCopy) table.remove(slot);
    return true;
  }
}

/** Keeps the listed fields only, in those of body, attributes and resource that are named at all. */
export class Retain implements RowStep {
  readonly #fields: readonly Field[];

  constructor(config: RetainConfig) {
    this.#fields = config.fields.map((field) => parseField(field));
  }

  apply(batch: LogBatch, row: number): boolean {
    const kept = this.#fields.map((field) => [field, readField(batch, row, field)] as const);
    const roots = new Set(this.#fields.map(({ root }) => root));
    if (roots.has('body') && !kept.some(([field, value]) => isBody(field) && value !== undefined)) batch.setBody(row, null);
    if (roots.has('attributes')) for (const key of batch.attributesOf(row).keys()) batch.deleteAttribute(row, key);
    if (roots.has('resource') && Object.keys(resourceOf(batch, row)).length > 0) setResource(batch, row, {});
    for (const [field, value] of kept) if (value !== undefined && field.path.length > 0) writeField(batch, row, field, value);
    return true;
  }

  describe(): string {
    return '';
  }
}

/** Makes a map of a list: its values under the given names. */
export class AssignKeys implements RowStep {
  readonly #field: Field;
  readonly #keys: readonly string[];
  #problem = '';

  constructor(config: AssignKeysConfig) {
    this.#field = parseField(config.field);
    this.#keys = config.keys;
  }

  apply(batch: LogBatch, row: number): boolean {
    const values = readField(batch, row, this.#field);
    if (!Array.isArray(values) || values.length !== this.#keys.length) {
      const found = Array.isArray(values) ? `${values.length}` : 'no list';
      this.#problem = `expected a list of ${this.#keys.length} values in ${this.#field.text}, got ${found}`;
      return false;
    }
    const problem = writeField(batch, row, this.#field, Object.fromEntries(this.#keys.map((key, i) => [key, values[i] as AttributeValue])));
    this.#problem = problem ?? '';
    return problem === undefined;
  }

  describe(): string {
    return this.#problem;
  }
}

/** A value of YAML as an attribute value. Throws RangeError. */
export function toAttributeValue(value: unknown): AttributeValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toAttributeValue);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toAttributeValue(inner)]));
  throw new RangeError('expected a value');
}
