/** What a component may know of the program: its contract, its host, its errors. Imported as `#component`. */
export * from './component.ts';
export * from './delivery.ts';
export * from './edit-once.ts';
export * from './errors.ts';
export { RowProblem } from './row-problem.ts';
export * from './host.ts';
export * from './offer.ts';
export * from './own-records.ts';
export * from './prepare.ts';
export * from './schema.ts';
export * from './storage.ts';
