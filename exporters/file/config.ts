import type { ConfigProblem } from '#component';

export type Format = 'json' | 'proto' | 'flat_json';
type FsyncPolicy = 'never' | 'flush' | 'always';

export interface RotationConfig {
  max_megabytes: number;
  max_days: number;
  max_backups: number;
  localtime: boolean;
}

export interface FileConfig {
  path: string;
  append: boolean;
  /** Missing: no rotation. `null`, an empty key: all defaults. */
  rotation?: Partial<RotationConfig> | null;
  format: Format;
  encoding?: string;
  compression: '' | 'none' | 'zstd';
  compression_params: { level?: number };
  flush_interval: string;
  fsync: FsyncPolicy;
  create_directory: boolean;
  directory_permissions: string;
  group_by?: { enabled?: unknown; [option: string]: unknown };
}

/** With defaults filled in; undefined when the file is not rotated. */
export function rotationOf({ rotation }: FileConfig): RotationConfig | undefined {
  if (rotation === undefined) return undefined;
  return { max_megabytes: 100, max_days: 0, max_backups: 100, localtime: false, ...rotation };
}

export function checkFileConfig(config: FileConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.encoding !== undefined) {
    problems.push({ path: 'encoding', message: `encoding extensions do not exist here, got "${config.encoding}"; use format` });
  }
  if (config.group_by !== undefined && config.group_by.enabled !== false) {
    const message = 'one file for each value of an attribute is not supported yet; use one pipeline and file exporter for each';
    problems.push({ path: 'group_by', message });
  }
  if (config.format === 'flat_json' && config.compression === 'zstd') {
    problems.push({ path: 'compression', message: 'zstd goes with format json or proto, got flat_json, whose lines are meant to be read' });
  }
  return problems;
}
