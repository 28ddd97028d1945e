import { ValueType, encodeAnyValue, keyOf, type AttributeValue, type LogBatch, type Template } from '#model';
import { PLACEHOLDER, variablesOf } from '#mining';
import type { DedupeConfig } from './config.ts';
import { parseField, valueAt, without, type FieldPath } from './field-path.ts';
import type { Hash } from './hash.ts';
import { RowHash } from './row-hash.ts';

/** Where a record comes from counts also where its wording alone decides. */
const SOURCE_KEYS = ['log.file.name', 'log.file.path', 'host.name', 'hostname', 'service.name', 'appname'].map((name) => keyOf(name));

/** What makes two records equal, as the configuration says it. After `of` the key is in `hash`. */
export class RowKey {
  readonly #row: RowHash;
  readonly #include: readonly FieldPath[];
  /** Fields inside values, which have to be decoded to leave something out. */
  readonly #nested: readonly FieldPath[];
  readonly #byTemplate: boolean;
  readonly #variables: readonly number[];
  readonly #templates = new WeakMap<Template, Uint8Array>();

  constructor(config: DedupeConfig, random: () => number) {
    const fields = (texts: readonly string[]): FieldPath[] => texts.flatMap((text) => parseField(text) ?? []);
    const excluded = fields(config.exclude_fields);
    this.#include = fields(config.include_fields);
    this.#nested = excluded.filter(({ from, path }) => from === 'body' || path.length > 1);
    this.#byTemplate = config.by === 'template';
    this.#variables = config.template_variables;
    // An attribute of which something is left out inside is hashed by itself, without that.
    const outer = this.#nested.flatMap(({ from, path }) => (from === 'attributes' && path[0] !== undefined ? [path[0]] : []));
    const names = excluded.flatMap(({ from, key }) => (from === 'attributes' ? [key.text] : []));
    this.#row = new RowHash(random, new Set([...names, ...outer]));
  }

  get hash(): Hash {
    return this.#row.hash;
  }

  begin(batch: LogBatch): void {
    this.#row.begin(batch);
  }

  end(): void {
    this.#row.end();
  }

  of(batch: LogBatch, row: number): void {
    this.#row.open();
    this.#row.origin(row);
    const template = this.#byTemplate ? batch.templateOf[row] : undefined;
    if (template) this.#template(batch, row, template);
    else if (this.#include.length === 0 || !this.#included(batch, row)) this.#content(batch, row);
    this.#row.hash.finish();
  }

  #content(batch: LogBatch, row: number): void {
    this.#row.severity(row);
    this.#row.attributes(row);
    if (this.#nested.length === 0) {
      this.#row.body(row);
      return;
    }
    this.#bodyWithout(batch, row);
    for (const name of new Set(this.#nested.flatMap(({ from, path }) => (from === 'attributes' ? [path[0] as string] : [])))) {
      const value = batch.attribute(row, name);
      if (value !== undefined) this.#value(this.#nestedWithout(value, name));
      else this.#row.hash.words(0, 1);
    }
  }

  #bodyWithout(batch: LogBatch, row: number): void {
    if (batch.bodyType[row] !== ValueType.encoded) {
      this.#row.body(row);
      return;
    }
    let body = batch.body(row);
    for (const { from, path } of this.#nested) if (from === 'body') body = without(body, path);
    this.#value(body);
  }

  #nestedWithout(value: AttributeValue, name: string): AttributeValue {
    let kept = value;
    for (const { from, path } of this.#nested) if (from === 'attributes' && path[0] === name) kept = without(kept, path.slice(1));
    return kept;
  }

  /** Only the chosen fields; false when the record has none of them. */
  #included(batch: LogBatch, row: number): boolean {
    let found = 0;
    for (const [i, field] of this.#include.entries()) {
      this.#row.hash.words(i, 7);
      if (this.#field(batch, row, field)) found++;
    }
    return found > 0;
  }

  #field(batch: LogBatch, row: number, { from, path, key }: FieldPath): boolean {
    if (from === 'body') {
      if (path.length === 0) {
        this.#row.body(row);
        return batch.bodyType[row] !== ValueType.none;
      }
      return batch.bodyType[row] === ValueType.encoded && this.#value(valueAt(batch.body(row), path));
    }
    if (this.#row.attribute(row, key)) return true;
    const [name, ...inner] = path;
    return inner.length > 0 && this.#value(valueAt(batch.attribute(row, name as string), inner));
  }

  #value(value: AttributeValue | undefined): boolean {
    if (value === undefined) return false;
    this.#row.text(encodeAnyValue(value));
    return true;
  }

  #template(batch: LogBatch, row: number, template: Template): void {
    let id = this.#templates.get(template);
    if (!id) this.#templates.set(template, (id = Buffer.from(template.id)));
    this.#row.text(id);
    this.#row.severity(row);
    for (const key of SOURCE_KEYS) this.#row.attribute(row, key);
    if (this.#include.length > 0) this.#included(batch, row);
    if (this.#variables.length > 0) this.#chosenVariables(batch, row, template);
  }

  #chosenVariables(batch: LogBatch, row: number, template: Template): void {
    const start = batch.bodyStart[row] as number;
    const size = batch.bodySize[row] as number;
    const { bytes, side } = batch.space;
    const from = start >= 0 ? start : ~start;
    const ranges =
      batch.bodyType[row] === ValueType.string ? variablesOf(template, start >= 0 ? bytes : side, from, from + size) : undefined;
    // A line that does not show its variables is as different as it reads.
    if (!ranges) {
      this.#row.body(row);
      return;
    }
    // One range more than placeholders begins with the header of the line.
    const header = ranges.length / 2 - placeholders(template);
    for (const variable of this.#variables) {
      const at = 2 * (variable + header);
      const low = ranges[at];
      const high = ranges[at + 1];
      if (low === undefined || high === undefined) this.#row.hash.words(0, 2);
      else this.#row.range(start >= 0 ? low : ~low, high - low);
    }
  }
}

function placeholders({ text }: Template): number {
  return text.split(PLACEHOLDER).length - 1;
}
