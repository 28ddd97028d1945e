import assert from 'node:assert';
import type { Delivery, Transaction } from '#component';
import { encodeAnyValue, decodeAnyValue, toJson, type AttributeValue, type Double } from './any-value.ts';
import { AttributeTable, ValueType, type ValueTypeNumber } from './attribute-table.ts';
import { ByteSpace } from './byte-space.ts';
import { claimsOf, type Claim } from './claims.ts';
import { copyRows, growRows } from './copy-rows.ts';
import { hexOf } from './columns.ts';
import { EncodedRows, type DecodeRows, type Signal } from './encoded-rows.ts';
import { keyOf, type Key } from './key.ts';
import { RareColumns } from './rare-columns.ts';
import { EMPTY_ORIGIN, type Origin } from './resource.ts';
import { NO_ATTRIBUTES, withoutKey, type SharedAttributes } from './shared-attributes.ts';
import { addTo } from './table.ts';
import type { Template } from './template.ts';

const ROWS_FIRST = 256;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * Log records as columns over shared bytes: a row is an index, text becomes a string only when somebody asks. See
 * ARCHITECTURE.md, "The record model".
 *
 * Most code needs the methods. The columns are public for the few places where a method call a row is too much: the
 * OTLP writer and reader, the parsers, and file_log.
 */
export class LogBatch {
  length = 0;
  readonly space: ByteSpace;
  attributes: AttributeTable;

  /** Milliseconds since 1970, and nanoseconds (0–999,999) beyond them. 0 means unknown. */
  timeMs: Float64Array = new Float64Array(ROWS_FIRST);
  timeNs: Int32Array = new Int32Array(ROWS_FIRST);
  observedMs: Float64Array = new Float64Array(ROWS_FIRST);
  observedNs: Int32Array = new Int32Array(ROWS_FIRST);
  severity: Uint8Array = new Uint8Array(ROWS_FIRST);
  severityTextStart: Int32Array = new Int32Array(ROWS_FIRST);
  severityTextSize: Int32Array = new Int32Array(ROWS_FIRST);
  bodyType: Uint8Array = new Uint8Array(ROWS_FIRST);
  bodyStart: Int32Array = new Int32Array(ROWS_FIRST);
  bodySize: Int32Array = new Int32Array(ROWS_FIRST);
  /** 1 for a row that was dropped; it is settled already and must be passed over. */
  isDropped: Uint8Array = new Uint8Array(ROWS_FIRST);
  /** Indexes into the tables below. */
  resourceOf: Uint16Array = new Uint16Array(ROWS_FIRST);
  scopeOf: Uint16Array = new Uint16Array(ROWS_FIRST);
  sharedOf: Uint16Array = new Uint16Array(ROWS_FIRST);
  deliveryOf: Uint16Array = new Uint16Array(ROWS_FIRST);
  /** 16 and 8 bytes a row, all zero meaning none. */
  traceIds: Uint8Array | undefined;
  spanIds: Uint8Array | undefined;
  rare: RareColumns | undefined;
  /** The pattern of each row, once a miner has named it; empty when none did. It travels inside the agent only. */
  templateOf: (Template | undefined)[] = [];
  /** The rows as they came in OTLP, as far as nobody has edited them. */
  encoded: EncodedRows | undefined;
  /** True while the columns of what is inside the records are not filled in; see `open`. */
  isSealed = false;
  /** Has a source that can begin to read again at any row answer for the rows before this one separately. It may decline. */
  divideAt: ((row: number) => void) | undefined;

  resources: Origin[] = [EMPTY_ORIGIN];
  scopes: Origin[] = [EMPTY_ORIGIN];
  shared: SharedAttributes[] = [NO_ATTRIBUTES];
  deliveries: Delivery[] = [];
  #dropped = 0;

  constructor(space: ByteSpace = new ByteSpace()) {
    this.space = space;
    this.attributes = new AttributeTable(space, ROWS_FIRST);
  }

  /** Empties the batch for new rows over `bytes`. Tables keep their first, default entry only. */
  reset(bytes: Buffer): void {
    this.attributes.reset(this.length);
    this.length = 0;
    this.#dropped = 0;
    this.space.reset(bytes);
    this.traceIds = undefined;
    this.spanIds = undefined;
    this.rare = undefined;
    this.encoded = undefined;
    this.isSealed = false;
    this.divideAt = undefined;
    if (this.templateOf.length > 0) this.templateOf = [];
    this.resources.length = 1;
    this.scopes.length = 1;
    this.shared.length = 1;
    this.deliveries.length = 0;
  }

  /** Rows that are not dropped. */
  get liveRows(): number {
    return this.length - this.#dropped;
  }

  /** Appends a row with this body, first entries of all tables, and nothing else; returns its index. */
  addRow(type: ValueTypeNumber, start: number, size: number): number {
    if (this.encoded) this.forgetEncoded();
    const row = this.length++;
    if (row === this.timeMs.length) this.#grow();
    this.timeMs[row] = 0;
    this.timeNs[row] = 0;
    this.observedMs[row] = 0;
    this.observedNs[row] = 0;
    this.severity[row] = 0;
    this.severityTextSize[row] = 0;
    this.bodyType[row] = type;
    this.bodyStart[row] = start;
    this.bodySize[row] = size;
    this.isDropped[row] = 0;
    this.resourceOf[row] = 0;
    this.scopeOf[row] = 0;
    this.sharedOf[row] = 0;
    this.deliveryOf[row] = 0;
    return row;
  }

  /** Appends rows of which the caller fills in everything; returns the first. */
  extend(count: number): number {
    this.reserve(this.length + count);
    this.length += count;
    return this.length - count;
  }

  /** Makes room for so many rows in all. */
  reserve(rows: number): void {
    while (this.timeMs.length < rows) this.#grow();
  }

  /**
   * Appends rows whose `bodyStart` and `bodySize` the caller has written, in room reserved before; all else is as `addRow`
   * leaves it. Column by column this is a fraction of what as many calls of `addRow` cost.
   */
  addBodies(type: ValueTypeNumber, count: number): void {
    if (this.encoded) this.forgetEncoded();
    const from = this.length;
    const to = from + count;
    assert(to <= this.timeMs.length, 'rows are appended in reserved room');
    this.length = to;
    this.clearRecords(from, to);
    for (const column of [this.isDropped, this.resourceOf, this.scopeOf, this.sharedOf, this.deliveryOf]) column.fill(0, from, to);
    this.bodyType.fill(type, from, to);
  }

  /** Leaves rows without time, severity and body type. */
  clearRecords(from: number, to: number): void {
    for (const column of [this.timeMs, this.timeNs, this.observedMs, this.observedNs]) column.fill(0, from, to);
    for (const column of [this.severity, this.severityTextSize, this.bodyType]) column.fill(0, from, to);
  }

  // ---- rows as they came ----

  /** What the rows are. */
  get signal(): Signal {
    return this.encoded?.signal ?? 'logs';
  }

  /** Makes an empty batch one of encoded rows. The caller fills in `encoded`, and which resource and scope each row has. */
  seal(signal: Signal, decode: DecodeRows): EncodedRows {
    assert(this.length === 0, 'only an empty batch can be sealed');
    this.isSealed = true;
    return (this.encoded = new EncodedRows(signal, decode, this.timeMs.length));
  }

  /** Fills in what is inside the records, for those who want to read it. */
  open(): void {
    if (!this.isSealed) return;
    this.isSealed = false;
    this.attributes.reset(this.length);
    this.encoded?.decode(this, 0, this.length);
  }

  /** From here on the columns alone say what is in the records: somebody edits them. */
  forgetEncoded(): void {
    assert(this.signal === 'logs', 'spans have no columns that could say what is in them');
    this.open();
    this.encoded = undefined;
  }

  #edited(row: number): void {
    this.open();
    if (this.encoded) this.encoded.size[row] = 0;
  }

  // ---- body, times, severity ----

  body(row: number): AttributeValue {
    const start = this.bodyStart[row] as number;
    const size = this.bodySize[row] as number;
    switch (this.bodyType[row]) {
      case ValueType.string:
        return this.space.text(start, size);
      case ValueType.bytes:
        return Uint8Array.from(this.space.view(start, size));
      case ValueType.encoded:
        return decodeAnyValue(this.space.view(start, size), 0, size);
      default:
        return null;
    }
  }

  /** The body as text: strings as they are, bytes as UTF-8 with replacement characters, other values as JSON. */
  bodyText(row: number): string {
    const type = this.bodyType[row];
    if (type === ValueType.string || type === ValueType.bytes) {
      return this.space.text(this.bodyStart[row] as number, this.bodySize[row] as number);
    }
    const value = type === ValueType.encoded ? this.body(row) : '';
    return typeof value === 'string' ? value : toJson(value);
  }

  setBody(row: number, value: AttributeValue | Double): void {
    if (this.encoded) this.#edited(row);
    const space = this.space;
    if (value === null) {
      this.bodyType[row] = ValueType.none;
      this.bodySize[row] = 0;
      return;
    }
    const isText = typeof value === 'string';
    const isBytes = value instanceof Uint8Array;
    const start = isText ? space.appendText(value) : space.appendBytes(isBytes ? value : encodeAnyValue(value));
    this.bodyType[row] = isText ? ValueType.string : isBytes ? ValueType.bytes : ValueType.encoded;
    this.bodyStart[row] = start;
    this.bodySize[row] = space.sideLength - ~start;
  }

  severityText(row: number): string {
    return this.space.text(this.severityTextStart[row] as number, this.severityTextSize[row] as number);
  }

  setSeverityText(row: number, text: string): void {
    if (this.encoded) this.#edited(row);
    const start = this.space.appendText(text);
    this.severityTextStart[row] = start;
    this.severityTextSize[row] = this.space.sideLength - ~start;
  }

  /** Trace id in lower-case hex, empty when there is none. */
  traceId(row: number): string {
    return hexOf(this.traceIds, row, TRACE_ID_BYTES);
  }

  spanId(row: number): string {
    return hexOf(this.spanIds, row, SPAN_ID_BYTES);
  }

  /** The 16 bytes of each row, made on first use. */
  traceIdColumn(): Uint8Array {
    return (this.traceIds ??= new Uint8Array(this.timeMs.length * TRACE_ID_BYTES));
  }

  spanIdColumn(): Uint8Array {
    return (this.spanIds ??= new Uint8Array(this.timeMs.length * SPAN_ID_BYTES));
  }

  rareColumns(): RareColumns {
    return (this.rare ??= new RareColumns(this.timeMs.length));
  }

  eventName(row: number): string {
    const rare = this.rare;
    return rare ? this.space.text(rare.eventNameStart[row] as number, rare.eventNameSize[row] as number) : '';
  }

  setEventName(row: number, name: string): void {
    if (this.encoded) this.#edited(row);
    const rare = this.rareColumns();
    const start = this.space.appendText(name);
    rare.eventNameStart[row] = start;
    rare.eventNameSize[row] = this.space.sideLength - ~start;
  }

  // ---- attributes ----

  /** The value of an attribute, also of one that the row shares with others; undefined when there is none. */
  attribute(row: number, name: string | Key): AttributeValue | undefined {
    const key = typeof name === 'string' ? keyOf(name) : name;
    const slot = this.attributes.find(row, key);
    if (slot >= 0) return this.attributes.value(slot);
    return this.shared[this.sharedOf[row] as number]?.entries.get(key);
  }

  setAttribute(row: number, name: string | Key, value: AttributeValue | Double): void {
    if (this.encoded) this.#edited(row);
    const key = typeof name === 'string' ? keyOf(name) : name;
    let slot = this.attributes.find(row, key);
    if (slot < 0) {
      this.#unshare(row, key);
      slot = this.attributes.add(row, key, ValueType.empty, 0, 0, 0);
    }
    this.attributes.set(slot, value);
  }

  /** True when there was such an attribute. */
  deleteAttribute(row: number, name: string | Key): boolean {
    if (this.encoded) this.#edited(row);
    const key = typeof name === 'string' ? keyOf(name) : name;
    const slot = this.attributes.find(row, key);
    if (slot >= 0) this.attributes.remove(slot);
    return slot >= 0 || this.#unshare(row, key);
  }

  /** All attributes of a row, the shared ones first. */
  attributesOf(row: number): Map<string, AttributeValue> {
    const all = new Map<string, AttributeValue>();
    for (const [key, value] of this.shared[this.sharedOf[row] as number]?.entries ?? []) all.set(key.text, value);
    const { head, next, key, type } = this.attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      if (type[slot] !== ValueType.none) all.set((key[slot] as Key).text, this.attributes.value(slot));
    }
    return all;
  }

  #unshare(row: number, key: Key): boolean {
    const shared = this.shared[this.sharedOf[row] as number] as SharedAttributes;
    if (!shared.entries.has(key)) return false;
    this.sharedOf[row] = this.addShared(withoutKey(shared, key));
    return true;
  }

  // ---- tables ----

  /** Index of these attributes in the batch's table; equal ones are found again if they are the last added. */
  addShared(shared: SharedAttributes): number {
    return addTo(this.shared, shared, (a, b) => a === b || Buffer.compare(a.encoded, b.encoded) === 0);
  }

  addResource(resource: Origin): number {
    return addTo(this.resources, resource, (a, b) => a === b);
  }

  addScope(scope: Origin): number {
    return addTo(this.scopes, scope, (a, b) => a === b);
  }

  // ---- responsibility ----

  /** One Delivery for all rows. */
  setDelivery(delivery: Delivery): void {
    assert(delivery.outstanding === this.liveRows, 'a Delivery answers for each row of its batch');
    this.deliveries = [delivery];
    this.deliveryOf.fill(0, 0, this.length);
  }

  /** Drops a row on purpose: it is settled here and now, and passed over from here on. The caller counts it. */
  drop(row: number, reason: string): void {
    if (this.isDropped[row] === 1) return;
    this.isDropped[row] = 1;
    this.#dropped++;
    this.deliveries[this.deliveryOf[row] as number]?.dropped(1, reason);
  }

  /** Who answers for the live rows of `[from, to)`, in row order. */
  claims(from: number = 0, to: number = this.length): Claim[] {
    return claimsOf(this, from, to);
  }

  /** Settles all live rows as delivered or on disk. */
  settleDurable(transaction?: Transaction): void {
    for (const { delivery, rows } of this.claims()) delivery.durable(rows, transaction);
  }

  settleAbandoned(): void {
    for (const { delivery, rows } of this.claims()) delivery.abandoned(rows);
  }

  /**
   * A copy to edit: it shares the bytes and copies the columns. `deliveries` replace this batch's, one for one.
   */
  clone(deliveries: readonly Delivery[]): LogBatch {
    assert(deliveries.length === this.deliveries.length, 'each Delivery needs its replacement');
    const copy = new LogBatch(this.space.clone());
    copyRows(copy, this);
    copy.deliveries = [...deliveries];
    copy.#dropped = this.#dropped;
    return copy;
  }

  /**
   * The same rows for another reader: bytes and columns are shared, settlements go to `deliveries`. Valid until somebody
   * edits or resets this batch. Making a LogBatch costs 50 µs, so a caller with a view that nobody reads any more hands
   * it in as `spare`.
   */
  view(deliveries: Delivery[], spare: LogBatch = new LogBatch(this.space)): LogBatch {
    assert(deliveries.length === this.deliveries.length, 'each Delivery needs its replacement');
    const view = Object.assign(spare, this);
    view.divideAt = undefined;
    view.deliveries = deliveries;
    view.#dropped = this.#dropped;
    return view;
  }

  #grow(): void {
    growRows(this, this.timeMs.length * 2);
  }
}
