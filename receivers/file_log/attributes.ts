import { basename, resolve } from 'node:path';
import type { Stats } from 'node:fs';
import type { FileSystem } from '#component';
import { createSharedAttributes, type SharedAttributes } from '#model';
import type { FileLogConfig } from './config.ts';

/** The attributes that all records of a file share. */
export class FileAttributes {
  readonly #config: FileLogConfig;
  readonly #fs: FileSystem;
  readonly #users: Names;
  readonly #groups: Names;

  constructor(config: FileLogConfig, fs: FileSystem) {
    this.#config = config;
    this.#fs = fs;
    this.#users = new Names(fs, '/etc/passwd');
    this.#groups = new Names(fs, '/etc/group');
  }

  /** Those of a file at `path`; a file's own win over configured ones, as in the Collector. */
  of(path: string, stat: Stats): SharedAttributes {
    const config = this.#config;
    const all: Record<string, string> = { ...config.attributes };
    if (config.include_file_name) all['log.file.name'] = basename(path);
    if (config.include_file_path) all['log.file.path'] = path;
    if (config.include_file_name_resolved || config.include_file_path_resolved) {
      const resolved = this.#resolve(path);
      if (config.include_file_name_resolved) all['log.file.name_resolved'] = basename(resolved);
      if (config.include_file_path_resolved) all['log.file.path_resolved'] = resolved;
    }
    if (config.include_file_owner_name) all['log.file.owner.name'] = this.#users.of(stat.uid);
    if (config.include_file_owner_group_name) all['log.file.owner.group.name'] = this.#groups.of(stat.gid);
    if (config.include_file_permissions) all['log.file.permissions'] = (stat.mode & 0o777).toString(8).padStart(3, '0');
    return createSharedAttributes(all);
  }

  #resolve(path: string): string {
    try {
      return this.#fs.realpathSync(path);
    } catch {
      return resolve(path);
    }
  }
}

/** Names of users or groups by number. The tables change seldom; a number that is not in them is read again. */
class Names {
  readonly #fs: FileSystem;
  readonly #table: string;
  #names = new Map<number, string>();

  constructor(fs: FileSystem, table: string) {
    this.#fs = fs;
    this.#table = table;
  }

  of(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    this.#read();
    const name = this.#names.get(id) ?? String(id);
    this.#names.set(id, name);
    return name;
  }

  #read(): void {
    try {
      for (const line of this.#fs.readFileSync(this.#table, 'utf8').split('\n')) {
        const [name, , id] = line.split(':');
        if (name && id) this.#names.set(Number(id), name);
      }
    } catch {
      // Without the table the number itself has to do.
    }
  }
}
