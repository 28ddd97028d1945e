import type { Observation } from '#anomaly';
import {
  ValueType,
  keyOf,
  resourceAttributes,
  type AttributeValue,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
} from '#model';
import type { AnomalyConfig } from './config.ts';

/** What an attribute may be, as bits. */
const Role = { none: 0, source: 1, session: 2, duration: 4 } as const;
/** Attributes further back are rare, and are looked up. */
const PLACES_MAX = 64;

/** What the attributes that rows share say. */
interface SharedFacts {
  readonly source: string | undefined;
  readonly session: string | undefined;
  readonly durationMs: number | undefined;
}

/** Reads from the columns what the detectors want of a row. One observation is used for all rows. */
export class RowReader {
  readonly observation: Observation;
  readonly #sourceKeys: readonly Key[];
  readonly #sessionKeys: readonly Key[];
  readonly #durationKeys: readonly Key[];
  /** Resources are few and come again; what their attributes say is read once. */
  readonly #ofResource = new WeakMap<Origin, string | undefined>();
  #lastResource: Origin | undefined;
  #lastSource: string | undefined;
  readonly #roles = new Map<string, number>();
  /** Keys by their place in a row, and their roles: rows of one source have the same ones in the same order. */
  readonly #lastKeys: (Key | undefined)[] = [];
  readonly #lastRoles: number[] = [];
  readonly #ofShared = new WeakMap<SharedAttributes, SharedFacts>();
  /** Of the batch at hand, by index in its table. */
  readonly #facts: (SharedFacts | undefined)[] = [];

  constructor(config: AnomalyConfig) {
    this.#sourceKeys = config.source_attributes.map(keyOf);
    this.#sessionKeys = config.session_attributes.map(keyOf);
    this.#durationKeys = config.duration_attributes.map(keyOf);
    const roles = [
      [this.#sourceKeys, Role.source],
      [this.#sessionKeys, Role.session],
      [this.#durationKeys, Role.duration],
    ] as const;
    for (const [keys, role] of roles) for (const { text } of keys) this.#roles.set(text, (this.#roles.get(text) ?? Role.none) | role);
    this.observation = {
      timeMs: 0,
      severity: 0,
      template: undefined,
      session: undefined,
      durationMs: undefined,
      bytes: new Uint8Array(0),
      from: 0,
      to: 0,
    };
  }

  begin(): void {
    this.#facts.length = 0;
  }

  /** Fills the observation; returns the source. */
  read(batch: LogBatch, row: number, now: number): string {
    const one = this.observation;
    one.timeMs = (batch.timeMs[row] as number) || (batch.observedMs[row] as number) || now;
    one.severity = batch.severity[row] as number;
    one.template = batch.templateOf[row];
    // Few rows have any of these for themselves, and what they share is known.
    const own = this.#ownRoles(batch, row);
    const facts = this.#factsOf(batch, batch.sharedOf[row] as number);
    const session = (own & Role.session) === 0 ? facts.session : textOf(batch, row, this.#sessionKeys, true);
    one.session = session ?? (batch.traceIds && (batch.traceId(row) || undefined));
    one.durationMs = (own & Role.duration) === 0 ? facts.durationMs : this.#duration(batch, row);
    this.#body(batch, row);
    const ofResource = this.#sourceOf(batch.resources[batch.resourceOf[row] as number]);
    if (ofResource !== undefined) return ofResource;
    return ((own & Role.source) === 0 ? facts.source : textOf(batch, row, this.#sourceKeys, false)) ?? '';
  }

  /** The roles of the attributes that the row does not share. */
  #ownRoles({ attributes }: LogBatch, row: number): number {
    const { head, next, key } = attributes;
    let roles = 0;
    let place = 0;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number, place++) {
      const own = key[slot] as Key;
      roles |= this.#lastKeys[place] === own ? (this.#lastRoles[place] as number) : this.#roleOf(place, own);
    }
    return roles;
  }

  #roleOf(place: number, key: Key): number {
    const role = this.#roles.get(key.text) ?? Role.none;
    if (place < PLACES_MAX) {
      this.#lastKeys[place] = key;
      this.#lastRoles[place] = role;
    }
    return role;
  }

  #factsOf(batch: LogBatch, index: number): SharedFacts {
    const known = this.#facts[index];
    if (known) return known;
    const shared = batch.shared[index];
    let facts = shared ? this.#ofShared.get(shared) : NO_FACTS;
    if (!facts && shared) this.#ofShared.set(shared, (facts = this.#readShared(shared)));
    return (this.#facts[index] = facts ?? NO_FACTS);
  }

  #readShared({ entries }: SharedAttributes): SharedFacts {
    const values = (keys: readonly Key[]): (AttributeValue | undefined)[] => keys.map((key) => entries.get(key));
    return {
      source: values(this.#sourceKeys).find((value) => typeof value === 'string'),
      session: values(this.#sessionKeys).find((value) => typeof value === 'string' && value !== '') as string | undefined,
      durationMs: values(this.#durationKeys).find((value) => typeof value === 'number'),
    };
  }

  #body(batch: LogBatch, row: number): void {
    const one = this.observation;
    const type = batch.bodyType[row];
    const start = batch.bodyStart[row] as number;
    const isText = type === ValueType.string || type === ValueType.bytes;
    one.bytes = start >= 0 ? batch.space.bytes : batch.space.side;
    one.from = start >= 0 ? start : ~start;
    one.to = isText ? one.from + (batch.bodySize[row] as number) : one.from;
  }

  #sourceOf(resource: Origin | undefined): string | undefined {
    if (!resource || resource === this.#lastResource) return resource && this.#lastSource;
    if (!this.#ofResource.has(resource)) {
      const attributes: Readonly<Record<string, AttributeValue>> = resourceAttributes(resource);
      const name = this.#sourceKeys.map(({ text }) => attributes[text]).find((value) => typeof value === 'string');
      this.#ofResource.set(resource, name);
    }
    this.#lastResource = resource;
    this.#lastSource = this.#ofResource.get(resource);
    return this.#lastSource;
  }

  #duration(batch: LogBatch, row: number): number | undefined {
    for (const key of this.#durationKeys) {
      const value = batch.attribute(row, key);
      if (typeof value === 'number') return value;
    }
    return undefined;
  }
}

const NO_FACTS: SharedFacts = { source: undefined, session: undefined, durationMs: undefined };

/** The first of these attributes that is a text. */
function textOf(batch: LogBatch, row: number, keys: readonly Key[], isFilled: boolean): string | undefined {
  for (const key of keys) {
    const value = batch.attribute(row, key);
    if (typeof value === 'string' && !(isFilled && value === '')) return value;
  }
  return undefined;
}
