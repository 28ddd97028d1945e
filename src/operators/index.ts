/** The Collector's stanza operators as compiled steps over batches. Imported as `#operators`. */
export { compileOperators, type OperatorChain } from './chain.ts';
export { checkOperators } from './check.ts';
export type { OperatorConfig } from './config.ts';
export { operatorsSchema } from './schema.ts';
export * from './attribute-actions/index.ts';
export { compilePattern, type Pattern } from './regex/pattern.ts';
export { passSeverity, severityOf, type PassSeverity } from './pass-severity.ts';
export { ResourceEdits, mergeAttributes } from './resource-edits.ts';
export * from './row-key/index.ts';
