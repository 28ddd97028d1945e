import { join } from 'node:path';
import type { Clock } from '#component';
import { isMissing, type FileIo } from './file-io.ts';
import { globMatches, segmentMatches, type Glob, type Segment } from './glob.ts';

interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
}

interface Folder {
  /** Identity and time of change when it was last looked at; empty while there is none. */
  signature: string;
  entries: readonly Entry[];
  /** The wall clock may have ticked only after the last change: until then the folder is read again each time. */
  isFresh: boolean;
}

export interface DiscoverySettings {
  readonly io: FileIo;
  readonly clock: Clock;
  readonly include: readonly Glob[];
  readonly exclude: readonly Glob[];
  /** Folders that another lane looks after. */
  readonly skips: (folder: string) => boolean;
  readonly onProblem: (path: string, problem: unknown) => void;
}

// Most file systems stamp changes to a tick of 4–10 ms, some to a second: a folder read within that time of its last change
// may change again under the same stamp.
const STAMP_MS = 1_100;
// Mounts over FUSE and overlays do not always stamp a folder when a name in it changes.
const FULL_SCAN_MS = 10_000;
const DEPTH_MAX = 64;

/**
 * Finds the files that the patterns name.
 *
 * A scan that finds no folder changed costs one `stat` a folder and gives the earlier answer; only changed folders are
 * listed again. A link is followed; one that leads back to a folder above it is not.
 */
export class Discovery {
  readonly #settings: DiscoverySettings;
  readonly #folders = new Map<string, Folder>();
  #seen = new Set<string>();
  #paths: readonly string[] = [];
  #scannedAt = Number.NEGATIVE_INFINITY;
  #hasLinks = false;

  constructor(settings: DiscoverySettings) {
    this.#settings = settings;
  }

  /** Folders in which files may appear, and how many entries each has. */
  *folders(): Iterable<{ readonly path: string; readonly entries: number }> {
    for (const [path, folder] of this.#folders) if (folder.signature !== '') yield { path, entries: folder.entries.length };
  }

  /** All paths, sorted. The same array as before when nothing has changed. */
  async scan(): Promise<readonly string[]> {
    const now = this.#settings.clock.monotonic();
    const isFull = now - this.#scannedAt >= FULL_SCAN_MS;
    if (!isFull && !this.#hasLinks && (await this.#isUnchanged())) return this.#paths;
    if (isFull) {
      this.#scannedAt = now;
      for (const folder of this.#folders.values()) folder.isFresh = true;
    }
    this.#seen = new Set();
    this.#hasLinks = false;
    const found = new Set<string>();
    for (const glob of this.#settings.include) {
      await this.#walk(glob.isAbsolute ? '/' : '', glob.segments, 0, 0, found);
    }
    for (const path of this.#folders.keys()) if (!this.#seen.has(path)) this.#folders.delete(path);
    const paths = [...found].filter((path) => !this.#settings.exclude.some((glob) => globMatches(glob, path))).toSorted();
    if (paths.length !== this.#paths.length || paths.some((path, i) => path !== this.#paths[i])) this.#paths = paths;
    return this.#paths;
  }

  async #isUnchanged(): Promise<boolean> {
    if (this.#folders.size === 0) return false;
    for (const [path, folder] of this.#folders) {
      if (folder.isFresh) return false;
      const answer = this.#signature(path);
      const signature = answer instanceof Promise ? await answer : answer;
      if (signature.text !== folder.signature) return false;
    }
    return true;
  }

  async #walk(folder: string, segments: readonly Segment[], at: number, depth: number, found: Set<string>): Promise<void> {
    const segment = segments[at];
    if (!segment || depth > DEPTH_MAX) return;
    const isLast = at === segments.length - 1;
    // A name without wildcards is gone down without listing what lies beside it, except where the file itself is named.
    if (segment.kind === 'name' && !isLast) {
      await this.#walk(join(folder, segment.text), segments, at + 1, depth, found);
      return;
    }
    if (segment.kind === 'any' && !isLast) await this.#walk(folder, segments, at + 1, depth, found);
    for (const entry of await this.#entries(folder)) {
      const path = join(folder, entry.name);
      if (segment.kind === 'any') {
        if ((await this.#kind(path, entry)) === 'folder') {
          if (entry.kind !== 'link' || !(await this.#leadsBack(folder, path))) await this.#walk(path, segments, at, depth + 1, found);
        } else if (isLast) {
          await this.#add(path, entry, found);
        }
      } else if (segmentMatches(segment, entry.name)) {
        if (isLast) await this.#add(path, entry, found);
        else if ((await this.#kind(path, entry)) === 'folder') await this.#walk(path, segments, at + 1, depth + 1, found);
      }
    }
  }

  async #add(path: string, entry: Entry, found: Set<string>): Promise<void> {
    if (found.has(path) || (await this.#kind(path, entry)) !== 'file') return;
    // Node gives names as text: one that is no UTF-8 leads nowhere any more, and must not be passed over without a word.
    if (entry.name.includes('\u{FFFD}') && (await this.#settings.io.stat(path)) === undefined) {
      this.#settings.onProblem(path, Object.assign(new Error('the name is not UTF-8'), { code: 'EILSEQ' }));
      return;
    }
    found.add(path);
  }

  async #kind(path: string, entry: Entry): Promise<'file' | 'folder' | 'other'> {
    if (entry.kind !== 'link') return entry.kind;
    this.#hasLinks = true;
    if (this.#settings.skips(path)) return 'other';
    try {
      const stat = await this.#settings.io.stat(path);
      if (!stat) return 'other';
      return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
    } catch (problem) {
      this.#settings.onProblem(path, problem);
      return 'other';
    }
  }

  async #leadsBack(folder: string, link: string): Promise<boolean> {
    try {
      const target = await this.#settings.io.realpath(link);
      const here = await this.#settings.io.realpath(folder === '' ? '.' : folder);
      return here === target || here.startsWith(target === '/' ? '/' : `${target}/`);
    } catch {
      return true;
    }
  }

  async #entries(path: string): Promise<readonly Entry[]> {
    const own = path === '' ? '.' : path;
    if (this.#settings.skips(own)) return [];
    const known = this.#folders.get(path);
    if (known && this.#seen.has(path)) return known.entries;
    this.#seen.add(path);
    const { text, changedMs } = await this.#signature(path);
    if (known && !known.isFresh && known.signature === text) return known.entries;
    const isFresh = this.#settings.clock.now() - changedMs < STAMP_MS;
    const folder: Folder = { signature: text, entries: text === '' ? [] : await this.#list(path), isFresh };
    this.#folders.set(path, folder);
    return folder.entries;
  }

  async #list(path: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    try {
      for (const found of await this.#settings.io.readdir(path === '' ? '.' : path)) {
        if (found.isFile()) entries.push({ name: found.name, kind: 'file' });
        else if (found.isDirectory()) entries.push({ name: found.name, kind: 'folder' });
        // A file system that does not tell the type is asked again by `stat`, as for a link.
        else if (found.isSymbolicLink() || !isSpecial(found)) entries.push({ name: found.name, kind: 'link' });
      }
    } catch (problem) {
      if (!isMissing(problem)) this.#settings.onProblem(path, problem);
    }
    return entries;
  }

  #signature(path: string): { text: string; changedMs: number } | Promise<{ text: string; changedMs: number }> {
    try {
      const stat = this.#settings.io.stat(path === '' ? '.' : path);
      return stat instanceof Promise ? stat.then(toSignature, () => NOTHING) : toSignature(stat);
    } catch (problem) {
      this.#settings.onProblem(path, problem);
      return NOTHING;
    }
  }
}

const NOTHING = { text: '', changedMs: Number.NEGATIVE_INFINITY };

function toSignature(stat: { dev: number; ino: number; mtimeMs: number; isDirectory(): boolean } | undefined): typeof NOTHING {
  if (!stat?.isDirectory()) return NOTHING;
  return { text: `${stat.dev}:${stat.ino}:${stat.mtimeMs}`, changedMs: stat.mtimeMs };
}

function isSpecial(entry: { isFIFO(): boolean; isSocket(): boolean; isBlockDevice(): boolean; isCharacterDevice(): boolean }): boolean {
  return entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice();
}
