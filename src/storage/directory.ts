import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

const OWNER_ONLY_DIRECTORY = 0o700;
const HASH_DIGITS = 12;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an agent without a `file_storage` extension keeps its state. A service manager names the folder; otherwise each
 * configuration has one of its own, so that two agents of one user do not meet by accident.
 */
export function defaultStorageDirectory(configPath: string, env: Environment, platform: NodeJS.Platform): string {
  // systemd lists several folders with colons when the unit asks for several; the first is ours.
  const [given] = (env['STATE_DIRECTORY'] ?? '').split(':');
  if (given) return given;
  const home = env['HOME'] || homedir();
  const own = process.getBuiltinModule('node:crypto').createHash('sha256').update(resolve(configPath)).digest('hex').slice(0, HASH_DIGITS);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'winnow', own);
  // The XDG specification says that a relative path is to be ignored.
  const state = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(state) ? state : join(home, '.local', 'state'), 'winnow', own);
}

/** Makes the folder for its owner alone. The mode of a folder that exists is the operator's affair. */
export function prepareDirectory(directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  // The mode given to mkdir is cut by the umask, which may also take away what the owner needs.
  chmodSync(directory, OWNER_ONLY_DIRECTORY);
}

/** A component's id or a folder's name as one path segment: `otlp_http/us` becomes `otlp_http%2Fus`. */
export function toPathSegment(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E');
}
