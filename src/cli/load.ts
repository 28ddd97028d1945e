import { loadConfig, type Config } from '../config/index.ts';
import { registry } from '../registry.ts';
import type { Shell } from './shell.ts';

/** The options of every command that reads a configuration. */
export interface ConfigFlags {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly skipUnsupported?: boolean;
}

export async function load({ config: sources, set: sets, skipUnsupported = false }: ConfigFlags, { env, cwd }: Shell): Promise<Config> {
  return loadConfig({ sources, sets, env, cwd, registry, skipUnsupported });
}
