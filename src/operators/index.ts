/** The Collector's stanza operators as compiled steps over batches. Imported as `#operators`. */
export { compileOperators, type OperatorChain } from './chain.ts';
export { checkOperators } from './check.ts';
export type { EmbeddedConfig, OperatorConfig } from './config.ts';
export { parseCondition, type Expression } from './expression/parse.ts';
export { parseField, type Field } from './field.ts';
export { operatorsSchema, parserOptions } from './schema.ts';
export { FILE_NAME, FILE_PATH, Sources } from './sources.ts';
export * from './attribute-actions/index.ts';
export { compileMatcher, type Matcher } from './regex/compile.ts';
export { compilePattern, type Pattern } from './regex/pattern.ts';
export { checkPassSeverity, passSeverity, severityOf, type PassSeverity } from './pass-severity.ts';
export { ResourceEdits, mergeAttributes } from './resource-edits.ts';
export * from './row-key/index.ts';
