import { Double, keyOf, resourceAttributes, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';
import { ConditionList, OttlProblem, compileValue, type CompiledValue, type Environment, type OttlFailures } from '#ottl';
import type { CountedAttributeConfig, CountedConfig } from './config.ts';

/** How many records of one resource had these values. */
export interface Sum {
  readonly resource: Origin;
  readonly attributes: readonly (readonly [Key, AttributeValue])[];
  records: number;
}

type Read = (batch: LogBatch, row: number) => AttributeValue | undefined;

interface Source {
  readonly key: Key;
  readonly read: Read;
}

/** Counts the rows of one batch under one name. */
export class Tally {
  readonly name: string;
  readonly #conditions: ConditionList | undefined;
  readonly #sources: readonly Source[];
  /** Attributes of the resources of the batch at hand, read once each. */
  readonly #resources = new WeakMap<Origin, Readonly<Record<string, AttributeValue>>>();

  constructor(name: string, { conditions, attributes }: CountedConfig, environment: Environment, failures: OttlFailures) {
    this.name = name;
    if (conditions.length > 0) this.#conditions = new ConditionList(conditions, 'log', { environment, failures, mode: 'ignore' });
    this.#sources = attributes.map((config) => ({ key: keyOf(config.key), read: this.#createRead(config, environment) }));
  }

  /** True when it has to look into the records. */
  get reads(): boolean {
    return this.#conditions !== undefined || this.#sources.length > 0;
  }

  count(batch: LogBatch): Sum[] {
    const sums = new Map<string, Sum>();
    const { length, isDropped, resourceOf, resources } = batch;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1 || (this.#conditions && !this.#conditions.holds(batch, row))) continue;
      const values = this.#valuesOf(batch, row);
      if (!values) continue;
      const resource = resourceOf[row] as number;
      const id = values.length === 0 ? String(resource) : `${resource} ${idOf(values)}`;
      const sum = sums.get(id);
      if (sum) sum.records++;
      else {
        const attributes = this.#sources.map(({ key }, i) => [key, values[i] ?? null] as const);
        sums.set(id, { resource: resources[resource] as Origin, attributes, records: 1 });
      }
    }
    return [...sums.values()];
  }

  /** Undefined for a record that lacks one of the attributes: it is not counted. */
  #valuesOf(batch: LogBatch, row: number): AttributeValue[] | undefined {
    const values: AttributeValue[] = [];
    for (const { read } of this.#sources) {
      const value = read(batch, row);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  }

  #createRead({ key: name, value, default_value: preset }: CountedAttributeConfig, environment: Environment): Read {
    if (value !== undefined) {
      const evaluate = compileValue(value, { environment });
      return (batch, row) => plainOf(evaluate, batch, row) ?? preset;
    }
    const key = keyOf(name);
    return (batch, row) => batch.attribute(row, key) ?? this.#ofResource(batch, row)[name] ?? preset;
  }

  #ofResource(batch: LogBatch, row: number): Readonly<Record<string, AttributeValue>> {
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    let attributes = this.#resources.get(resource);
    if (!attributes) this.#resources.set(resource, (attributes = resourceAttributes(resource)));
    return attributes;
  }
}

/** What an expression gives, as far as it is text, a number, or true or false. What fails or is empty is no value. */
function plainOf(evaluate: CompiledValue, batch: LogBatch, row: number): AttributeValue | undefined {
  let value: ReturnType<CompiledValue>;
  try {
    value = evaluate(batch, row);
  } catch (problem) {
    if (problem instanceof OttlProblem) return undefined;
    throw problem;
  }
  if (value instanceof Double) return value.value;
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

function idOf(values: readonly AttributeValue[]): string {
  const [only] = values;
  // One text is what most counts go by. A list in JSON does not begin with a quote.
  if (values.length === 1 && typeof only === 'string') return `"${only}`;
  return JSON.stringify(values, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
