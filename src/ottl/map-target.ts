import { ValueType, type Key, type LogBatch } from '#model';
import { changedOrigin, decodedOf, encodeValue, originOf, setOrigin, valueOf, type OriginKind } from './origin.ts';
import { OttlProblem } from './problem.ts';
import { entryOf, isMap, toMap, toStored, typeOf, type Value, type ValueMap } from './value.ts';

/** A map of one row that is being edited. What was edited counts after `close`. */
export interface OpenMap {
  keys(): string[];
  count(): number;
  get(key: string): Value;
  set(key: string, value: Value): void;
  delete(key: string): void;
  close(): void;
}

/** A path to a map, for editors of its entries. */
export interface MapTarget {
  /** Undefined when there is nothing there. Throws OttlProblem when it is no map. */
  open(batch: LogBatch, row: number): OpenMap | undefined;
}

/** The attributes of a record, edited in the columns. One object serves all rows. */
export class AttributesTarget implements MapTarget, OpenMap {
  #batch: LogBatch | undefined;
  #row = 0;

  open(batch: LogBatch, row: number): OpenMap {
    this.#batch = batch;
    this.#row = row;
    return this;
  }

  keys(): string[] {
    const batch = this.#batch;
    if (!batch) return [];
    const shared = batch.shared[batch.sharedOf[this.#row] as number];
    const keys = shared ? Array.from(shared.entries.keys(), ({ text }) => text) : [];
    const { head, next, key, type } = batch.attributes;
    for (let slot = head[this.#row] as number; slot >= 0; slot = next[slot] as number) {
      if (type[slot] !== ValueType.none) keys.push((key[slot] as Key).text);
    }
    return keys;
  }

  count(): number {
    const batch = this.#batch;
    if (!batch) return 0;
    let count = batch.shared[batch.sharedOf[this.#row] as number]?.entries.size ?? 0;
    const { head, next, type } = batch.attributes;
    for (let slot = head[this.#row] as number; slot >= 0; slot = next[slot] as number) if (type[slot] !== ValueType.none) count++;
    return count;
  }

  get(key: string): Value {
    return this.#batch?.attribute(this.#row, key) ?? null;
  }

  set(key: string, value: Value): void {
    this.#batch?.setAttribute(this.#row, key, toStored(value));
  }

  delete(key: string): void {
    this.#batch?.deleteAttribute(this.#row, key);
  }

  close(): void {
    this.#batch = undefined;
  }
}

/** The attributes of a resource or a scope. */
export class OriginTarget implements MapTarget {
  readonly #kind: OriginKind;

  constructor(kind: OriginKind) {
    this.#kind = kind;
  }

  open(batch: LogBatch, row: number): OpenMap {
    const kind = this.#kind;
    const origin = originOf(batch, row, kind);
    const attributes = new Map(decodedOf(origin, kind).attributes);
    return {
      keys: () => [...attributes.keys()],
      count: () => attributes.size,
      get: (key) => {
        const bytes = attributes.get(key);
        return bytes === undefined ? null : valueOf(bytes);
      },
      set: (key, value) => void attributes.set(key, encodeValue(value)),
      delete: (key) => void attributes.delete(key),
      close: () => setOrigin(batch, row, kind, changedOrigin(origin, kind, { attributes })),
    };
  }
}

/** Any other map: read as a whole, written as a whole. */
export class ValueTarget implements MapTarget {
  readonly #text: string;
  readonly #get: (batch: LogBatch, row: number) => Value;
  readonly #set: (batch: LogBatch, row: number, value: Value) => void;

  constructor(text: string, get: (batch: LogBatch, row: number) => Value, set: (batch: LogBatch, row: number, value: Value) => void) {
    this.#text = text;
    this.#get = get;
    this.#set = set;
  }

  open(batch: LogBatch, row: number): OpenMap | undefined {
    const value = this.#get(batch, row);
    if (value === null) return undefined;
    if (!isMap(value)) throw new OttlProblem(`${this.#text} must be a map, got ${typeOf(value)}`);
    return new OpenValue(value, (edited) => this.#set(batch, row, edited));
  }
}

class OpenValue implements OpenMap {
  readonly #old: ValueMap;
  readonly #write: (edited: ValueMap) => void;
  #edited: Map<string, Value> | undefined;

  constructor(old: ValueMap, write: (edited: ValueMap) => void) {
    this.#old = old;
    this.#write = write;
  }

  keys(): string[] {
    return this.#edited ? [...this.#edited.keys()] : Object.keys(this.#old);
  }

  count(): number {
    return this.#edited?.size ?? Object.keys(this.#old).length;
  }

  get(key: string): Value {
    return this.#edited ? (this.#edited.get(key) ?? null) : entryOf(this.#old, key);
  }

  set(key: string, value: Value): void {
    this.#edit().set(key, value);
  }

  delete(key: string): void {
    this.#edit().delete(key);
  }

  close(): void {
    if (this.#edited) this.#write(toMap(this.#edited));
  }

  #edit(): Map<string, Value> {
    return (this.#edited ??= new Map(Object.entries(this.#old)));
  }
}
