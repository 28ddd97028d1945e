import type { Observation } from '#anomaly';
import { ValueType, keyOf, resourceAttributes, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';
import type { AnomalyConfig } from './config.ts';

/** Reads from the columns what the detectors want of a row. One observation is used for all rows. */
export class RowReader {
  readonly observation: Observation;
  readonly #sourceKeys: readonly Key[];
  readonly #sessionKeys: readonly Key[];
  readonly #durationKeys: readonly Key[];
  /** Resources are few and come again; what their attributes say is read once. */
  readonly #ofResource = new WeakMap<Origin, string | undefined>();

  constructor(config: AnomalyConfig) {
    this.#sourceKeys = config.source_attributes.map(keyOf);
    this.#sessionKeys = config.session_attributes.map(keyOf);
    this.#durationKeys = config.duration_attributes.map(keyOf);
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

  /** Fills the observation; returns the source. */
  read(batch: LogBatch, row: number, now: number): string {
    const one = this.observation;
    one.timeMs = (batch.timeMs[row] as number) || (batch.observedMs[row] as number) || now;
    one.severity = batch.severity[row] as number;
    one.template = batch.templateOf[row];
    one.session = this.#session(batch, row);
    one.durationMs = this.#duration(batch, row);
    this.#body(batch, row);
    return this.#source(batch, row);
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

  #source(batch: LogBatch, row: number): string {
    const resource = batch.resources[batch.resourceOf[row] as number];
    const ofResource = resource && this.#sourceOf(resource);
    if (ofResource !== undefined) return ofResource;
    for (const key of this.#sourceKeys) {
      const value = batch.attribute(row, key);
      if (typeof value === 'string') return value;
    }
    return '';
  }

  #sourceOf(resource: Origin): string | undefined {
    if (this.#ofResource.has(resource)) return this.#ofResource.get(resource);
    const attributes: Readonly<Record<string, AttributeValue>> = resourceAttributes(resource);
    const name = this.#sourceKeys.map(({ text }) => attributes[text]).find((value) => typeof value === 'string');
    this.#ofResource.set(resource, name);
    return name;
  }

  #session(batch: LogBatch, row: number): string | undefined {
    for (const key of this.#sessionKeys) {
      const value = batch.attribute(row, key);
      if (typeof value === 'string' && value !== '') return value;
    }
    return batch.traceIds ? batch.traceId(row) || undefined : undefined;
  }

  #duration(batch: LogBatch, row: number): number | undefined {
    for (const key of this.#durationKeys) {
      const value = batch.attribute(row, key);
      if (typeof value === 'number') return value;
    }
    return undefined;
  }
}
