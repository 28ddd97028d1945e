import { dirname } from 'node:path';
import type { Timer } from '#component';
import type { Context } from './context.ts';
import type { Lanes } from './lanes.ts';

export interface Watcher {
  close(): Promise<void>;
}

// Each watched entry costs memory (55 MiB for 5,000), so large folders are left to the poll.
const ENTRIES_MAX = 500;
const FOLDERS_MAX = 100;
const REFRESH_MS = 5_000;

/**
 * Lets the kernel tell of changes in the folders of the patterns. It is a hint and no more: what it misses, the poll
 * finds. The library is loaded only by those who ask for it.
 *
 * A folder in which a file grows is not watched until that file rests: 200 writes a second cost 8 % of a core in events,
 * and tell of a file that is looked at twenty times a second anyway.
 */
export async function createWatcher(context: Context, lanes: Lanes): Promise<Watcher> {
  const { watch } = await import('chokidar');
  const watched = new Set<string>();
  const watcher = watch([], { depth: 0, ignoreInitial: true, persistent: false });
  const unwatch = (folder: string): void => {
    if (watched.delete(folder)) watcher.unwatch(folder);
  };
  watcher.on('all', (_event, path) => {
    lanes.hint(path);
    unwatch(dirname(path));
  });
  watcher.on('error', (problem) => {
    const message = problem instanceof Error ? problem.message : String(problem);
    context.log.warn('A folder cannot be watched; it is polled all the same.', { 'error.message': message });
  });
  let timer: Timer | undefined;
  const refresh = (): void => {
    const wanted = quietFolders(lanes);
    for (const folder of watched) if (!wanted.has(folder)) unwatch(folder);
    for (const folder of wanted) {
      if (!watched.has(folder)) watcher.add(folder);
      watched.add(folder);
    }
    timer = context.clock.after(REFRESH_MS, refresh);
  };
  refresh();
  return {
    close: async () => {
      timer?.cancel();
      await watcher.close();
    },
  };
}

function quietFolders(lanes: Lanes): Set<string> {
  const busy = lanes.activeFolders();
  const quiet = new Set<string>();
  for (const { path, entries } of lanes.folders()) {
    if (entries <= ENTRIES_MAX && !busy.has(path) && quiet.size < FOLDERS_MAX) quiet.add(path);
  }
  return quiet;
}
