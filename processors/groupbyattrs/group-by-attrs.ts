import { EditOnce, type Consumer, type Counter, type Histogram, type Host, type Processor } from '#component';
import {
  Double,
  TABLE_MAX,
  ValueType,
  encodeAnyValue,
  field,
  keyOf,
  withoutKey,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
} from '#model';
import { KeyTable, ResourceEdits, RowKey, attributePart, mergeAttributes } from '#operators';
import { EqualOrigins } from './equal-origins.ts';
import { putTogether } from './put-together.ts';

export interface GroupByAttrsConfig {
  keys: string[];
  max_groups: number;
}

// The Collector's, so that its dashboards fit.
const GROUP_BUCKETS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/**
 * Gives records with any of the keys the resource that has these values, takes the attributes away from the records, and
 * brings rows of equal resource and scope next to each other, so that they leave in one ResourceLogs.
 */
export class GroupByAttrs implements Processor {
  readonly mutates = true;
  readonly #editing: EditOnce;
  readonly #keys: readonly Key[];
  readonly #equalResources: EqualOrigins;
  readonly #equalScopes: EqualOrigins;
  readonly #resourceEdits: ResourceEdits;
  /** The values of a row, and the resource they belong to, as the key of a group. */
  readonly #groupKey: RowKey;
  readonly #groups: KeyTable;
  /** By slot of a group: for each resource it was merged into, the result. */
  readonly #merged: Map<Origin, Origin>[] = [];
  readonly #sharedWithout = new WeakMap<SharedAttributes, SharedAttributes>();
  #grouped: Counter | undefined;
  #notGrouped: Counter | undefined;
  #groupCounts: Histogram | undefined;

  constructor(config: GroupByAttrsConfig, next: Consumer) {
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#keys = config.keys.map((name) => keyOf(name));
    this.#equalResources = new EqualOrigins(config.max_groups);
    this.#equalScopes = new EqualOrigins(config.max_groups);
    this.#resourceEdits = new ResourceEdits((resource) => this.#equalResources.of(resource));
    this.#groupKey = new RowKey(config.keys.map(attributePart));
    this.#groups = new KeyTable(config.max_groups, (slot) => this.#merged[slot]?.clear());
  }

  async start({ metrics }: Host): Promise<void> {
    this.#grouped = metrics.counter('otelcol_processor_groupbyattrs_num_grouped_logs', 'Log records that had attributes grouped.');
    this.#notGrouped = metrics.counter(
      'otelcol_processor_groupbyattrs_num_non_grouped_logs',
      'Log records that had none of the attributes.',
    );
    this.#groupCounts = metrics.histogram('otelcol_processor_groupbyattrs_log_groups', 'Groups of a batch.', GROUP_BUCKETS);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #edit(batch: LogBatch): void {
    this.#resourceEdits.apply(batch);
    for (let i = 0; i < batch.scopes.length; i++) batch.scopes[i] = this.#equalScopes.of(batch.scopes[i] as Origin);
    const rows = batch.liveRows;
    const grouped = this.#keys.length > 0 ? this.#moveAll(batch) : 0;
    const groups = putTogether(batch);
    this.#grouped?.add(grouped);
    this.#notGrouped?.add(rows - grouped);
    this.#groupCounts?.observe(groups);
  }

  /** Returns how many rows had any of the attributes. */
  #moveAll(batch: LogBatch): number {
    const indexOf = new Map(batch.resources.map((resource, index) => [resource, index]));
    let grouped = 0;
    this.#groupKey.begin(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || this.#groupKey.read(row) === 0) continue;
      const resource = this.#resourceFor(batch, row);
      let index = indexOf.get(resource);
      if (index === undefined) {
        // A row for which the table has no room keeps its attributes and its resource.
        if (batch.resources.length >= TABLE_MAX) continue;
        indexOf.set(resource, (index = batch.addResource(resource)));
      }
      batch.resourceOf[row] = index;
      this.#takeAttributes(batch, row);
      grouped++;
    }
    this.#groupKey.end();
    return grouped;
  }

  #resourceFor(batch: LogBatch, row: number): Origin {
    const slot = this.#groups.slotOf(this.#groupKey);
    const merged = (this.#merged[slot] ??= new Map());
    const old = batch.resources[batch.resourceOf[row] as number] as Origin;
    let resource = merged.get(old);
    if (!resource) {
      resource = this.#equalResources.of(mergeAttributes(old, this.#valuesOf(batch, row), true));
      // A group usually has one resource; many come only where resources are made for each request.
      if (merged.size >= RESOURCES_MAX) merged.clear();
      merged.set(old, resource);
    }
    return resource;
  }

  #valuesOf(batch: LogBatch, row: number): Map<string, Uint8Array> {
    const values = new Map<string, Uint8Array>();
    for (const key of this.#keys) {
      const value = encodedAttribute(batch, row, key);
      if (value) values.set(key.text, Buffer.concat([key.encoded, field(KEY_VALUE_VALUE, value)]));
    }
    return values;
  }

  #takeAttributes(batch: LogBatch, row: number): void {
    const { attributes } = batch;
    if ((attributes.head[row] as number) >= 0) {
      for (const key of this.#keys) {
        const slot = attributes.find(row, key);
        if (slot >= 0) attributes.remove(slot);
      }
    }
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    let without = this.#sharedWithout.get(shared);
    if (!without) this.#sharedWithout.set(shared, (without = this.#withoutKeys(shared)));
    if (without === shared) return;
    if (batch.shared.length < TABLE_MAX) batch.sharedOf[row] = batch.addShared(without);
  }

  #withoutKeys(shared: SharedAttributes): SharedAttributes {
    let left = shared;
    for (const key of this.#keys) if (left.entries.has(key)) left = withoutKey(left, key);
    return left;
  }
}

const RESOURCES_MAX = 1000;
/** Of KeyValue. */
const KEY_VALUE_VALUE = 0x12;

/** The AnyValue of an attribute. What came encoded stays as it is: to decode it would make ints of whole doubles. */
function encodedAttribute(batch: LogBatch, row: number, key: Key): Uint8Array | undefined {
  const { attributes, space } = batch;
  const slot = attributes.find(row, key);
  const type = slot >= 0 ? attributes.type[slot] : ValueType.none;
  if (type === ValueType.encoded) return space.view(attributes.start[slot] as number, attributes.size[slot] as number);
  const value = batch.attribute(row, key);
  if (value === undefined) return undefined;
  return encodeAnyValue(type === ValueType.double ? new Double(Number(value)) : value);
}
