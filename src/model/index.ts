/** The record model: batches of log records as columns over bytes. Imported as `#model`. */
export * from './any-value.ts';
export { appendRows, hasTableRoom } from './append-rows.ts';
export * from './attribute-table.ts';
export * from './byte-space.ts';
export type { Claim } from './claims.ts';
export { encodedRunBytes, EncodedRows, endOfEncodedRun, type DecodeRows, type Signal } from './encoded-rows.ts';
export * from './key.ts';
export * from './log-batch.ts';
export * from './rare-columns.ts';
export { reorderRows } from './reorder-rows.ts';
export * from './resource.ts';
export * from './severity.ts';
export * from './shared-attributes.ts';
export { TABLE_MAX } from './table.ts';
export type { Template } from './template.ts';
export { TIME_MS_MAX, utcText } from './time.ts';
