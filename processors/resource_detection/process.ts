import { basename } from 'node:path';
import { userInfo } from 'node:os';
import type { Found } from './surroundings.ts';

/** This agent as a process. */
export function detectProcess(): Found {
  return {
    'process.pid': process.pid,
    'process.executable.name': basename(process.execPath),
    'process.executable.path': process.execPath,
    'process.owner': owner(),
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.command_args': [...process.argv],
  };
}

/** In a container the user may have no name. */
function owner(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
