import { tmpdir } from 'node:os';
import { join } from 'node:path';

// What struct sockaddr_un holds on Linux (108) and macOS (104), less the byte that ends the path.
const PATH_BYTES_MAX = 103;

/**
 * Where an agent with this storage folder listens: `winnow.sock` in the folder. The kernel takes only short paths; for a
 * folder too deep, a name made of its path in the temporary folder serves both sides.
 */
export function socketPathOf(storageDirectory: string): string {
  const path = join(storageDirectory, 'winnow.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(storageDirectory).digest('hex').slice(0, 16);
  return join(tmpdir(), `winnow-${process.getuid?.() ?? 0}-${hash}.sock`);
}
