import { grown } from './columns.ts';
import type { LogBatch } from './log-batch.ts';
import { RareColumns } from './rare-columns.ts';

/** Gives `copy`, a new batch over a copy of the byte space, columns and tables like those of `source`. */
export function copyRows(copy: LogBatch, source: LogBatch): void {
  copy.length = source.length;
  copy.attributes = source.attributes.cloneFor(copy.space);
  copy.timeMs = source.timeMs.slice();
  copy.timeNs = source.timeNs.slice();
  copy.observedMs = source.observedMs.slice();
  copy.observedNs = source.observedNs.slice();
  copy.severity = source.severity.slice();
  copy.severityTextStart = source.severityTextStart.slice();
  copy.severityTextSize = source.severityTextSize.slice();
  copy.bodyType = source.bodyType.slice();
  copy.bodyStart = source.bodyStart.slice();
  copy.bodySize = source.bodySize.slice();
  copy.isDropped = source.isDropped.slice();
  copy.resourceOf = source.resourceOf.slice();
  copy.scopeOf = source.scopeOf.slice();
  copy.sharedOf = source.sharedOf.slice();
  copy.deliveryOf = source.deliveryOf.slice();
  copy.traceIds = source.traceIds?.slice();
  copy.spanIds = source.spanIds?.slice();
  copy.rare = source.rare && new RareColumns(source.timeMs.length).copy(source.length, source.rare);
  copy.encoded = source.encoded?.clone();
  copy.isSealed = source.isSealed;
  copy.templateOf = source.templateOf.slice();
  copy.resources = [...source.resources];
  copy.scopes = [...source.scopes];
  copy.shared = [...source.shared];
}

/** Gives every column room for so many rows. */
export function growRows(batch: LogBatch, rows: number): void {
  batch.timeMs = grown(batch.timeMs, rows);
  batch.observedMs = grown(batch.observedMs, rows);
  batch.timeNs = grown(batch.timeNs, rows);
  batch.observedNs = grown(batch.observedNs, rows);
  batch.severityTextStart = grown(batch.severityTextStart, rows);
  batch.severityTextSize = grown(batch.severityTextSize, rows);
  batch.bodyStart = grown(batch.bodyStart, rows);
  batch.bodySize = grown(batch.bodySize, rows);
  batch.severity = grown(batch.severity, rows);
  batch.bodyType = grown(batch.bodyType, rows);
  batch.isDropped = grown(batch.isDropped, rows);
  batch.resourceOf = grown(batch.resourceOf, rows);
  batch.scopeOf = grown(batch.scopeOf, rows);
  batch.sharedOf = grown(batch.sharedOf, rows);
  batch.deliveryOf = grown(batch.deliveryOf, rows);
  batch.attributes.growRows(rows);
  batch.encoded?.grow(rows);
  if (batch.traceIds) batch.traceIds = grown(batch.traceIds, rows * 16);
  if (batch.spanIds) batch.spanIds = grown(batch.spanIds, rows * 8);
  if (batch.rare) batch.rare = new RareColumns(rows).copy(batch.rare.flags.length, batch.rare);
}
