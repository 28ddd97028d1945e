/** Template mining: the pattern behind each line. Imported as `#mining`. */
export type { Cluster } from './cluster.ts';
export type { MinedTemplate } from './mined-template.ts';
export type { Source } from './source.ts';
export { TemplateMiner, type MinerOptions } from './template-miner.ts';
export { PLACEHOLDER, fillTemplate, variablesOf } from './variables.ts';
