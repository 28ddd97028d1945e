import { LogBatch, ValueType, type Key, type Origin, type SharedAttributes } from '#model';
import { Hash, viewOf } from './hash.ts';

const NO_VIEW = new DataView(new ArrayBuffer(0));

/** A hash that was computed once, kept for what is met again. */
interface Known {
  readonly lo: number;
  readonly hi: number;
}

/**
 * Hashes parts of rows from the columns, without making strings. Attributes are a set: their hashes are added, so that
 * neither their order counts nor whether a row shares one with others.
 */
export class RowHash {
  readonly hash: Hash = new Hash();
  readonly #part = new Hash();
  readonly #seedLo: number;
  readonly #seedHi: number;
  #batch: LogBatch = new LogBatch();
  #bytes: DataView = NO_VIEW;
  #side: DataView = NO_VIEW;
  /** Sum over the attributes of a row. */
  #sumLo = 0;
  #sumHi = 0;
  /** Rows of one kind have the same keys in the same order, so the hash of a key is looked for at its place. */
  readonly #keyAt: (Key | undefined)[] = [];
  readonly #keyHashAt: Known[] = [];
  readonly #keys = new WeakMap<Key, Known>();
  readonly #origins = new WeakMap<Origin, Known>();
  readonly #shared = new WeakMap<SharedAttributes, Known>();
  readonly #sharedValues = new WeakMap<SharedAttributes, Map<Key, Known>>();
  #lastOrigin: Origin | undefined;
  #lastOriginHash: Known = { lo: 0, hi: 0 };
  #lastScope: Origin | undefined;
  #lastScopeHash: Known = { lo: 0, hi: 0 };
  #lastShared: SharedAttributes | undefined;
  #lastSharedHash: Known = { lo: 0, hi: 0 };
  /** Attributes that do not count. */
  readonly #excluded: ReadonlySet<string>;

  constructor(random: () => number, excluded: ReadonlySet<string> = new Set()) {
    this.#seedLo = Math.floor(random() * 4_294_967_296) | 0;
    this.#seedHi = Math.floor(random() * 4_294_967_296) | 0;
    this.#excluded = excluded;
  }

  begin(batch: LogBatch): void {
    this.#batch = batch;
    this.#bytes = viewOf(batch.space.bytes);
    this.#side = viewOf(batch.space.side);
  }

  /** Lets go of the batch. */
  end(): void {
    this.#batch = NO_BATCH;
    this.#bytes = NO_VIEW;
    this.#side = NO_VIEW;
  }

  open(): void {
    this.hash.set(this.#seedLo, this.#seedHi);
  }

  severity(row: number): void {
    const { severity, severityTextSize, severityTextStart } = this.#batch;
    const size = severityTextSize[row] as number;
    this.hash.words(severity[row] as number, size);
    if (size > 0) this.range(severityTextStart[row] as number, size);
  }

  body(row: number): void {
    const { bodyType, bodyStart, bodySize, rare } = this.#batch;
    const type = bodyType[row] as number;
    this.hash.words(type, 1);
    if (type !== ValueType.none) this.range(bodyStart[row] as number, bodySize[row] as number);
    if (!rare) return;
    this.range(rare.eventNameStart[row] as number, rare.eventNameSize[row] as number);
    this.range(rare.unknownStart[row] as number, rare.unknownSize[row] as number);
  }

  range(position: number, size: number): void {
    if (size === 0) this.hash.words(0, 0);
    else if (position >= 0) this.hash.bytes(this.#bytes, position, size);
    else this.hash.bytes(this.#side, ~position, size);
  }

  text(bytes: Uint8Array): void {
    this.hash.bytes(viewOf(bytes), 0, bytes.length);
  }

  /** Resource and scope. */
  origin(row: number): void {
    const { resources, resourceOf, scopes, scopeOf } = this.#batch;
    const resource = resources[resourceOf[row] as number] as Origin;
    if (resource !== this.#lastOrigin) {
      this.#lastOriginHash = this.#originHash(resource);
      this.#lastOrigin = resource;
    }
    const scope = scopes[scopeOf[row] as number] as Origin;
    if (scope !== this.#lastScope) {
      this.#lastScopeHash = this.#originHash(scope);
      this.#lastScope = scope;
    }
    this.hash.words(this.#lastOriginHash.lo, this.#lastOriginHash.hi);
    this.hash.words(this.#lastScopeHash.lo, this.#lastScopeHash.hi);
  }

  /** All attributes but the excluded ones. */
  attributes(row: number): void {
    const batch = this.#batch;
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    if (shared !== this.#lastShared) {
      this.#lastSharedHash = this.#sharedHash(shared);
      this.#lastShared = shared;
    }
    this.#sumLo = this.#lastSharedHash.lo;
    this.#sumHi = this.#lastSharedHash.hi;
    this.#addSlots(batch, row, this.#bytes, this.#side);
    this.hash.words(this.#sumLo, this.#sumHi);
  }

  /** One attribute; false when the row has none of that name. */
  attribute(row: number, key: Key): boolean {
    const batch = this.#batch;
    const slot = batch.attributes.find(row, key);
    if (slot >= 0) {
      this.#slot(batch, slot, this.#keyHash(key), this.#bytes, this.#side);
      this.hash.words(this.#part.lo, this.#part.hi);
      return true;
    }
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    const known = shared.entries.has(key) ? this.#sharedValueHash(shared, key) : undefined;
    if (known) this.hash.words(known.lo, known.hi);
    return known !== undefined;
  }

  #sharedValueHash(shared: SharedAttributes, key: Key): Known {
    let values = this.#sharedValues.get(shared);
    if (!values) this.#sharedValues.set(shared, (values = new Map()));
    let known = values.get(key);
    if (known) return known;
    const one = new LogBatch();
    one.addRow(ValueType.none, 0, 0);
    one.setAttribute(0, key, shared.entries.get(key) ?? null);
    this.#slot(one, 0, this.#keyHash(key), NO_VIEW, viewOf(one.space.side));
    known = { lo: this.#part.lo, hi: this.#part.hi };
    values.set(key, known);
    return known;
  }

  #addSlots(batch: LogBatch, row: number, bytes: DataView, side: DataView): void {
    const { head, next, type, key } = batch.attributes;
    let place = 0;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number, place++) {
      if (type[slot] === ValueType.none) continue;
      const own = key[slot] as Key;
      let known = this.#keyHashAt[place];
      if (known === undefined || this.#keyAt[place] !== own) {
        known = this.#keyHash(own);
        if (place < PLACES_MAX) {
          this.#keyAt[place] = own;
          this.#keyHashAt[place] = known;
        }
      }
      if (known === EXCLUDED) continue;
      this.#slot(batch, slot, known, bytes, side);
      this.#sumLo = (this.#sumLo + this.#part.lo) | 0;
      this.#sumHi = (this.#sumHi + this.#part.hi) | 0;
    }
  }

  /** The hash of one attribute, in `part`. */
  #slot({ attributes }: LogBatch, slot: number, key: Known, bytes: DataView, side: DataView): void {
    const part = this.#part;
    const type = attributes.type[slot] as number;
    part.set(key.lo ^ type, key.hi);
    switch (type) {
      case ValueType.string:
      case ValueType.bytes:
      case ValueType.encoded: {
        const position = attributes.start[slot] as number;
        const size = attributes.size[slot] as number;
        if (size === 0) part.words(0, type);
        else if (position >= 0) part.bytes(bytes, position, size);
        else part.bytes(side, ~position, size);
        break;
      }
      case ValueType.bool:
      case ValueType.int:
      case ValueType.double:
        part.number(attributes.number[slot] as number);
        break;
      default:
        part.words(type, 0);
    }
    part.finish();
  }

  #keyHash(key: Key): Known {
    if (this.#excluded.size > 0 && this.#excluded.has(key.text)) return EXCLUDED;
    let known = this.#keys.get(key);
    if (!known) this.#keys.set(key, (known = this.#once(key.bytes)));
    return known;
  }

  #originHash(origin: Origin): Known {
    let known = this.#origins.get(origin);
    if (!known) {
      const parts = Buffer.concat([origin.encoded, Buffer.from(`\0${origin.schemaUrl}`)]);
      this.#origins.set(origin, (known = this.#once(parts)));
    }
    return known;
  }

  #sharedHash(shared: SharedAttributes): Known {
    let known = this.#shared.get(shared);
    if (known) return known;
    const one = new LogBatch();
    one.addRow(ValueType.none, 0, 0);
    for (const [key, value] of shared.entries) one.setAttribute(0, key, value);
    this.#sumLo = 0;
    this.#sumHi = 0;
    this.#addSlots(one, 0, NO_VIEW, viewOf(one.space.side));
    known = { lo: this.#sumLo, hi: this.#sumHi };
    this.#shared.set(shared, known);
    return known;
  }

  #once(bytes: Uint8Array): Known {
    const part = this.#part;
    part.set(this.#seedLo, this.#seedHi);
    part.bytes(viewOf(bytes), 0, bytes.length);
    part.finish();
    return { lo: part.lo, hi: part.hi };
  }
}

const NO_BATCH = new LogBatch();
const EXCLUDED: Known = { lo: 0, hi: 0 };
// Attributes further back are rare, and are looked up.
const PLACES_MAX = 64;
