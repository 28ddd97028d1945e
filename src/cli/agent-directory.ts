import { load, type ConfigFlags } from './load.ts';
import type { Shell } from './shell.ts';
import { storageDirectoryOf } from './storage-directory.ts';

export interface AgentFlags extends ConfigFlags {
  readonly storage?: string;
}

/** The folder the agent with this configuration uses: that of its first storage extension, or the default. */
export async function directoryOfAgent(flags: AgentFlags, shell: Shell): Promise<string> {
  if (flags.storage !== undefined || flags.config.length === 0) return storageDirectoryOf([], flags.storage, shell);
  const config = await load(flags, shell);
  for (const id of config.service.extensions) {
    const extension = config.extensions.get(id);
    const settings: object = extension?.config ?? {};
    if (extension?.type === 'file_storage' && 'directory' in settings && typeof settings.directory === 'string') {
      return storageDirectoryOf([], settings.directory, shell);
    }
  }
  return storageDirectoryOf(config.sourcePaths, undefined, shell);
}
