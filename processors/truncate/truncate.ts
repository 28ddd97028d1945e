import { EditOnce, type Consumer, type Counter, type Host, type Processor } from '#component';
import { ValueType, type Key, type LogBatch } from '#model';
import type { TruncateConfig } from './config.ts';
import { Note } from './cut.ts';
import { Cutter, PARTS, type Part } from './cutter.ts';
import { fieldLimits, limitsBySeverity, type Limits } from './limits.ts';
import { Marks } from './marks.ts';
import { fitRecord, recordSize } from './record.ts';

// Longer keys are rare, and looking at each would cost more than looking at its value.
const KEY_BYTES = 128;

/** Cuts what is too long in place, and marks the record. Drops nothing, holds nothing. */
export class TruncateProcessor implements Processor {
  readonly mutates = true;
  readonly #limits: readonly Limits[];
  readonly #general: Limits;
  /** Characters that attributes of some names may have. */
  readonly #fields: ReadonlyMap<Key, number>;
  readonly #fieldsMin: number;
  readonly #cutter: Cutter;
  readonly #isMarking: boolean;
  readonly #editing: EditOnce;
  readonly #marks = new Marks();
  #counters = new Map<Part, Counter>();

  constructor(config: TruncateConfig, next: Consumer) {
    this.#limits = limitsBySeverity(config);
    this.#general = this.#limits[0] as Limits;
    this.#fields = fieldLimits(config);
    this.#fieldsMin = Math.min(Infinity, ...this.#fields.values());
    this.#cutter = new Cutter(new Note(config.note));
    this.#isMarking = config.mark;
    this.#editing = new EditOnce(next, (batch) => this.#truncate(batch));
  }

  async start({ metrics }: Host): Promise<void> {
    const counter = (part: Part): Counter =>
      metrics.counter('winnow_truncate_truncations', 'Values that were cut, by what was too long.', { part });
    this.#counters = new Map(PARTS.map((part) => [part, counter(part)]));
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #truncate(batch: LogBatch): void {
    const { isDropped, severity, length } = batch;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1) continue;
      const limits = this.#limits[severity[row] as number] ?? this.#general;
      this.#body(batch, row, limits);
      let bytes = batch.bodySize[row] as number;
      if ((batch.attributes.head[row] as number) >= 0) bytes += this.#attributes(batch, row, limits);
      if (bytes > limits.recordMax && recordSize(batch, row) > limits.recordMax)
        fitRecord(batch, row, limits.recordMax, { cutter: this.#cutter, marks: this.#marks });
      if (!this.#marks.isEmpty) this.#mark(batch, row);
    }
    for (const [part, count] of this.#cutter.takeCounts()) this.#counters.get(part)?.add(count);
  }

  #mark(batch: LogBatch, row: number): void {
    if (this.#marks.removed > 0) {
      const rare = batch.rareColumns();
      rare.droppedAttributes[row] = (rare.droppedAttributes[row] as number) + this.#marks.removed;
    }
    if (this.#isMarking) this.#marks.write(batch, row);
    this.#marks.clear();
  }

  #body(batch: LogBatch, row: number, limits: Limits): void {
    const size = batch.bodySize[row] as number;
    const isNested = batch.bodyType[row] === ValueType.encoded;
    if (size <= limits.bodyMax && size < (isNested ? limits.nestedBytesMin : limits.stackBytesMin)) return;
    const bytes = batch.space.view(batch.bodyStart[row] as number, size);
    if (isNested) {
      const value = this.#cutter.nested(bytes, () => batch.body(row), limits.bodyMax, limits);
      if (value === undefined) return;
      this.#marks.body(bytes);
      batch.setBody(row, value);
      return;
    }
    const text = this.#cutter.text(bytes, limits.bodyMax, limits, 'body');
    if (!text) return;
    this.#marks.body(bytes);
    batch.bodyStart[row] = batch.space.appendBytes(text);
    batch.bodySize[row] = text.length;
  }

  /** Returns about how many bytes the attributes have, rather too many. */
  #attributes(batch: LogBatch, row: number, limits: Limits): number {
    const { head, next, type, size } = batch.attributes;
    const shared = batch.shared[batch.sharedOf[row] as number]?.entries.size ?? 0;
    let count = shared;
    let bytes = 0;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      const kind = type[slot] as number;
      if (kind === ValueType.none) continue;
      if (++count > limits.attributesMax) {
        if (count === limits.attributesMax + 1) this.#cutter.count('attributes');
        batch.attributes.remove(slot);
        this.#marks.removed++;
      } else if (kind === ValueType.string || kind === ValueType.bytes) {
        const length = size[slot] as number;
        bytes += length;
        if (length > limits.attributeMax || length >= limits.stackBytesMin || length > this.#fieldsMin) this.#text(batch, slot, limits);
      } else if (kind === ValueType.encoded) {
        const length = size[slot] as number;
        bytes += length;
        if (length >= limits.nestedBytesMin || length > this.#fieldsMin) this.#nested(batch, slot, limits);
      }
    }
    return bytes + (count - shared) * KEY_BYTES;
  }

  #text(batch: LogBatch, slot: number, limits: Limits): void {
    const { attributes, space } = batch;
    const key = attributes.key[slot] as Key;
    const bytes = space.view(attributes.start[slot] as number, attributes.size[slot] as number);
    const field = this.#fields.get(key);
    const short = field === undefined ? undefined : this.#cutter.note.cutCharacters(bytes, 0, bytes.length, field);
    if (short) this.#cutter.count('attribute');
    const text = short ?? this.#cutter.text(bytes, limits.attributeMax, limits, 'attribute');
    if (!text) return;
    this.#marks.attribute(key.text, bytes);
    attributes.start[slot] = space.appendBytes(text);
    attributes.size[slot] = text.length;
  }

  #nested(batch: LogBatch, slot: number, limits: Limits): void {
    const { attributes, space } = batch;
    const key = attributes.key[slot] as Key;
    const bytes = space.view(attributes.start[slot] as number, attributes.size[slot] as number);
    const field = this.#fields.get(key);
    const value =
      (field === undefined ? undefined : this.#cutter.characters(() => attributes.value(slot), field)) ??
      this.#cutter.nested(bytes, () => attributes.value(slot), Infinity, limits);
    if (value === undefined) return;
    this.#marks.attribute(key.text, bytes);
    attributes.set(slot, value);
  }
}
