/** YAML in, typed Config out; every message carries file:line:column. */
export * from './config.ts';
export { formatEffective } from './format-effective.ts';
export { createJsonSchema } from './json-schema.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { type Registry, type RegistryEntry } from './registry-entry.ts';
