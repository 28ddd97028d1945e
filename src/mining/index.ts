/** Template mining: the pattern behind each line. Imported as `#mining`. */
export { TemplateMiner, type MinedTemplate } from './template-miner.ts';
export { PLACEHOLDER, fillTemplate, variablesOf } from './variables.ts';
