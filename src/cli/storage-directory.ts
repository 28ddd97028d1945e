import { resolve } from 'node:path';
import { defaultStorageDirectory } from '#storage';
import type { Shell } from './shell.ts';

/** Where an agent with these configuration files keeps its state, unless the configuration lists a storage extension. */
export function storageDirectoryOf(sourcePaths: readonly string[], flag: string | undefined, { env, cwd }: Shell): string {
  if (flag !== undefined) return resolve(cwd, flag);
  return defaultStorageDirectory(sourcePaths[0] ?? cwd, env, process.platform);
}
