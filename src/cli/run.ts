import { ConfigError, parseDuration, messageOf } from '#component';
import { createLogs, resolveTelemetry } from '#telemetry';
import { Agent } from './agent.ts';
import { load, type ConfigFlags } from './load.ts';
import type { Shell } from './shell.ts';
import { storageDirectoryOf } from './storage-directory.ts';
import { systemClock } from '../pipeline/index.ts';

export interface RunFlags extends ConfigFlags {
  readonly shutdownTimeout: string;
  readonly storage?: string;
}

/** Runs the agent until a signal stops it; resolves to the exit code. */
export async function run(flags: RunFlags, shell: Shell): Promise<number> {
  const shutdownTimeoutMs = timeoutOf(flags);
  const config = await load(flags, shell);
  const telemetry = resolveTelemetry(config.service.telemetry, shell);
  const logs = await createLogs({ settings: telemetry.logs, resource: telemetry.resource, clock: systemClock });
  // Asked for only when no extension stores: making its name loads node:crypto, 4 MB.
  const storageDirectory = (): string => storageDirectoryOf(config.sourcePaths, flags.storage, shell);
  // The timers that components use do not keep the process alive, so something has to.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    return await new Agent(config, { telemetry, log: logs.log, records: logs.records, storageDirectory, shutdownTimeoutMs, shell }).run();
  } finally {
    clearInterval(alive);
    await logs.close();
  }
}

function timeoutOf({ shutdownTimeout }: RunFlags): number {
  try {
    return parseDuration(shutdownTimeout);
  } catch (error) {
    throw new ConfigError([{ path: '--shutdown-timeout', message: messageOf(error) }]);
  }
}
