import { Double, keyOf, resourceAttributes, toJson, ValueType, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';
import { compileValue, type CompiledValue, type Environment, type OttlValue } from '#ottl';
import type { LabelKey } from './label-key.ts';

/** Puts one label's value of a row into the key. */
export type WriteLabel = (batch: LogBatch, row: number, key: LabelKey) => void;

/** The number of a row; NaN when there is none that can be used, undefined when there is nothing at all. */
export type ReadNumber = (batch: LogBatch, row: number) => number | undefined;

interface Wanted {
  readonly attribute?: string;
  readonly value?: string;
}

/** Where an attribute is looked for: in the record, among what it shares with others, in its resource. */
class AttributeSource {
  readonly #key: Key;
  readonly #ofResource = new WeakMap<Origin, AttributeValue | typeof NOTHING>();

  constructor(name: string) {
    this.#key = keyOf(name);
  }

  slot(batch: LogBatch, row: number): number {
    return batch.attributes.find(row, this.#key);
  }

  /** For rows without a slot of that name. */
  shared(batch: LogBatch, row: number): AttributeValue | undefined {
    const shared = batch.shared[batch.sharedOf[row] as number]?.entries.get(this.#key);
    if (shared !== undefined) return shared;
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    let value = this.#ofResource.get(resource);
    if (value === undefined) {
      value = resourceAttributes(resource)[this.#key.text] ?? NOTHING;
      this.#ofResource.set(resource, value);
    }
    return value === NOTHING ? undefined : value;
  }
}

const NOTHING = Symbol('nothing');

export function createLabelWriter({ attribute, value }: Wanted, environment: Environment): WriteLabel {
  if (value !== undefined) {
    const evaluate = compileValue(value, { environment });
    return (batch, row, key) => key.addText(textOf(evaluate(batch, row)));
  }
  const source = new AttributeSource(attribute ?? '');
  return (batch, row, key) => {
    const slot = source.slot(batch, row);
    if (slot < 0) {
      key.addText(textOf(source.shared(batch, row)));
      return;
    }
    const { attributes, space } = batch;
    if (attributes.type[slot] !== ValueType.string) {
      key.addText(textOf(attributes.value(slot)));
      return;
    }
    const start = attributes.start[slot] as number;
    const size = attributes.size[slot] as number;
    if (start >= 0) key.add(space.bytes, start, size);
    else key.add(space.side, ~start, size);
  };
}

/** Undefined when neither is given: each record counts as 1. */
export function createNumberReader({ attribute, value }: Wanted, environment: Environment): ReadNumber | undefined {
  if (value !== undefined) {
    const evaluate: CompiledValue = compileValue(value, { environment });
    return (batch, row) => numberOf(evaluate(batch, row));
  }
  if (attribute === undefined) return undefined;
  const source = new AttributeSource(attribute);
  return (batch, row) => {
    const slot = source.slot(batch, row);
    if (slot < 0) return numberOf(source.shared(batch, row));
    const type = batch.attributes.type[slot];
    if (type === ValueType.int || type === ValueType.double) return batch.attributes.number[slot];
    return numberOf(batch.attributes.value(slot));
  };
}

type Given = OttlValue | AttributeValue | undefined;

function textOf(value: Given): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (value instanceof Double) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return isTime(value) ? value.toString() : toJson(value as AttributeValue);
}

type OttlTime = Extract<Given, { readonly nanoseconds: bigint }>;

/** Moments and durations of OTTL. A map may have such a key, but no map is of a class. */
function isTime(value: object): value is OttlTime {
  return 'nanoseconds' in value && typeof value.nanoseconds === 'bigint' && Object.getPrototypeOf(value) !== Object.prototype;
}

function numberOf(value: Given): number | undefined {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  if (value instanceof Double) return value.value;
  // Times and durations of OTTL, as the seconds that Prometheus counts in.
  return isTime(value) ? Number(value.nanoseconds) / 1e9 : Number.NaN;
}
