import { Buffer } from 'node:buffer';
import { resourceAttributes, type LogBatch, type Origin, type SharedAttributes } from '#model';
import { isTopic, type PartitionBy } from './config.ts';

const { hash } = process.getBuiltinModule('node:crypto');
const KEY_CHARACTERS = 16;

export interface RouterSettings {
  readonly topic: string;
  /** A resource attribute, or empty. */
  readonly topicFrom: string;
  readonly partitionBy: PartitionBy;
  /** Tells this agent from others, the same over restarts. */
  readonly agent: string;
}

/** Rows that go to one partition of one topic: ranges of a batch, first and end by turns. */
export interface Group {
  readonly topic: string;
  readonly key: Buffer | undefined;
  readonly ranges: number[];
}

/**
 * Says where rows go. The key of a source is made of what all its records share (resource, and for a file its name), and
 * of the agent: so it is the same after a restart, and agents with equal resources do not meet in one partition.
 */
export class Router {
  readonly #settings: RouterSettings;
  readonly #keys = new WeakMap<Origin, WeakMap<SharedAttributes, Buffer>>();
  readonly #topics = new WeakMap<Origin, string>();

  constructor(settings: RouterSettings) {
    this.#settings = settings;
  }

  /** The live rows of a batch, by topic and key, each group in the order of its rows. */
  groups(batch: LogBatch): Iterable<Group> {
    const groups = new Map<string, Group>();
    let group: Group | undefined;
    let previous = -1;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (!group || previous < 0 || !this.#isAlike(batch, previous, row)) {
        const topic = this.topicOf(batch, row);
        const key = this.keyOf(batch, row);
        const name = `${topic} ${key?.toString('latin1') ?? ''}`;
        const found = groups.get(name);
        group = found ?? { topic, key, ranges: [] };
        if (!found) groups.set(name, group);
      }
      const { ranges } = group;
      // Rows that were dropped in between do not end a range: whoever writes rows passes them over.
      if (ranges.length > 0 && ranges.at(-1) === previous + 1) ranges[ranges.length - 1] = row + 1;
      else ranges.push(row, row + 1);
      previous = row;
    }
    return groups.values();
  }

  topicOf(batch: LogBatch, row: number): string {
    const { topic, topicFrom } = this.#settings;
    if (topicFrom === '') return topic;
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    let found = this.#topics.get(resource);
    if (found === undefined) {
      const named = resourceAttributes(resource)[topicFrom];
      found = isTopic(named) ? named : topic;
      this.#topics.set(resource, found);
    }
    return found;
  }

  keyOf(batch: LogBatch, row: number): Buffer | undefined {
    const { partitionBy } = this.#settings;
    if (partitionBy === 'none') return undefined;
    const traceId = partitionBy === 'trace_id' ? batch.traceId(row) : '';
    if (traceId !== '') return Buffer.from(traceId, 'latin1');
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    let keys = this.#keys.get(resource);
    if (!keys) this.#keys.set(resource, (keys = new WeakMap()));
    let key = keys.get(shared);
    if (!key) keys.set(shared, (key = this.#createKey(resource, shared)));
    return key;
  }

  #createKey(resource: Origin, shared: SharedAttributes): Buffer {
    const { partitionBy, agent } = this.#settings;
    const parts = [resource.encoded];
    if (partitionBy !== 'resource') parts.push(shared.encoded, Buffer.from(agent));
    return Buffer.from(hash('sha256', Buffer.concat(parts)).slice(0, KEY_CHARACTERS), 'latin1');
  }

  #isAlike(batch: LogBatch, a: number, b: number): boolean {
    if (this.#settings.partitionBy === 'trace_id') return false;
    return batch.resourceOf[a] === batch.resourceOf[b] && batch.sharedOf[a] === batch.sharedOf[b];
  }
}
