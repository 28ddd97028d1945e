import { messageOf, type ConfigProblem } from '#component';
import { compileTemplate } from './text-template.ts';

export type Format = 'json' | 'proto' | 'flat_json' | 'text';
type FsyncPolicy = 'never' | 'flush' | 'always';

export interface RotationConfig {
  max_megabytes: number;
  max_age: string;
  at: string[];
  max_days: number;
  max_backups: number;
  localtime: boolean;
  compression: 'none' | 'gzip' | 'zstd';
}

export interface GroupByConfig {
  enabled: boolean;
  resource_attribute: string;
  /** Empty: the resource attribute counts. */
  attribute: string;
  fallback: string;
  max_open_files: number;
  max_files: number;
}

export interface FileConfig {
  path: string;
  append: boolean;
  /** Missing: no rotation. `null`, an empty key: all defaults. */
  rotation?: Partial<RotationConfig> | null;
  format: Format;
  template: string;
  newlines: 'escape' | 'keep';
  encoding?: string;
  compression: '' | 'none' | 'zstd';
  compression_params: { level?: number };
  flush_interval: string;
  fsync: FsyncPolicy;
  create_directory: boolean;
  directory_permissions: string;
  group_by?: Partial<GroupByConfig> | null;
}

const ROTATION: RotationConfig = {
  max_megabytes: 100,
  max_age: '0s',
  at: [],
  max_days: 0,
  max_backups: 100,
  localtime: false,
  compression: 'none',
};

const GROUP_BY: GroupByConfig = {
  enabled: false,
  resource_attribute: 'fileexporter.path_segment',
  attribute: '',
  fallback: '_',
  max_open_files: 100,
  max_files: 10_000,
};

/** With defaults filled in; undefined when the file is not rotated. */
export function rotationOf({ rotation }: FileConfig): RotationConfig | undefined {
  return rotation === undefined ? undefined : { ...ROTATION, ...rotation };
}

/** With defaults filled in; undefined when all records go to one file. */
export function groupByOf({ group_by: groupBy }: FileConfig): GroupByConfig | undefined {
  return groupBy?.enabled === true ? { ...GROUP_BY, ...groupBy } : undefined;
}

export function checkFileConfig(config: FileConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [...checkGroupBy(config)];
  if (config.encoding !== undefined) {
    problems.push({ path: 'encoding', message: `encoding extensions do not exist here, got "${config.encoding}"; use format` });
  }
  if (config.compression === 'zstd' && config.format !== 'json' && config.format !== 'proto') {
    const message = `zstd goes with format json or proto, got ${config.format}, whose lines are meant to be read`;
    problems.push({ path: 'compression', message: `${message}; rotation.compression compresses backups` });
  }
  try {
    compileTemplate(config.template, config.newlines);
  } catch (problem) {
    problems.push({ path: 'template', message: messageOf(problem) });
  }
  return problems;
}

function checkGroupBy({ path, append, group_by: groupBy }: FileConfig): ConfigProblem[] {
  if (!groupBy || groupBy.enabled === false) return [];
  if (groupBy.enabled === undefined) {
    const message = 'without enabled: true all records go to one file; write enabled: true, or false if that is meant';
    return [{ path: 'group_by.enabled', message }];
  }
  const problems: ConfigProblem[] = [];
  const stars = path.split('*').length - 1;
  if (stars !== 1) {
    const message = `with group_by the path has one * where the value goes, such as /var/log/winnow/*.jsonl; got ${stars} in "${path}"`;
    problems.push({ path: 'path', message });
  }
  if (!append) {
    problems.push({ path: 'append', message: 'append: false does not go with group_by, whose files are closed and opened again' });
  }
  return problems;
}
