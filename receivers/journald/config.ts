import { duration, size, type ConfigProblem, type ConfigSchema, type PropertySchema } from '#component';
import { checkOperators, operatorsSchema, type OperatorConfig } from '#operators';

export interface JournaldConfig {
  units: string[];
  identifiers: string[];
  matches: Record<string, string>[];
  priority: string;
  grep: string;
  dmesg: boolean;
  directory?: string;
  files: string[];
  namespace: string;
  merge: boolean;
  all: boolean;
  start_at: 'beginning' | 'end';
  journalctl_path: string;
  body: 'message' | 'entry';
  convert_message_bytes: boolean;
  max_log_size: number | string;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  operators: OperatorConfig[];
  storage?: string;
  flush_interval: string;
  max_batch_records: number;
  max_batch_size: number | string;
}

const texts: PropertySchema = { type: 'object', additionalProperties: { type: 'string' }, default: {} };
const list: PropertySchema = { type: 'array', items: { type: 'string', minLength: 1 }, default: [] };

export const schema: ConfigSchema<JournaldConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    units: { ...list, description: 'Only entries of these units.', examples: [['ssh', 'nginx.service']] },
    identifiers: { ...list, description: 'Only entries with one of these syslog identifiers.' },
    matches: {
      type: 'array',
      default: [],
      items: { type: 'object', additionalProperties: { type: 'string' } },
      description: 'Only entries whose fields have these values: all of one item, of any item.',
      examples: [[{ _SYSTEMD_UNIT: 'ssh.service', _UID: '1000' }, { _TRANSPORT: 'kernel' }]],
    },
    priority: {
      type: 'string',
      default: 'info',
      pattern: '^([0-7]|emerg|alert|crit|err|warning|notice|info|debug)(\\.\\.([0-7]|emerg|alert|crit|err|warning|notice|info|debug))?$',
      expected: 'a priority such as "info" or a range such as "emerg..err"',
      description: 'Only entries of this priority and more important ones, or of a range.',
    },
    grep: { type: 'string', default: '', description: 'Only entries whose message matches this regular expression (PCRE2).' },
    dmesg: { type: 'boolean', default: false, description: 'Only messages of the kernel, of this boot.' },
    directory: { type: 'string', minLength: 1, description: 'Folder of the journal. Default: that of the system.' },
    files: { ...list, description: 'Files of the journal, instead of a folder.' },
    namespace: { type: 'string', default: '', description: 'Namespace of the journal.' },
    merge: { type: 'boolean', default: false, description: 'Entries of all machines whose journals are there.' },
    all: { type: 'boolean', default: true, description: 'Accepted; fields are always read whole.' },
    start_at: {
      type: 'string',
      enum: ['beginning', 'end'],
      default: 'end',
      description: 'Where the very first start begins. Later ones go on where the last has ended.',
    },
    journalctl_path: { type: 'string', minLength: 1, default: 'journalctl', description: 'The program, by name or path.' },
    body: {
      type: 'string',
      enum: ['message', 'entry'],
      default: 'message',
      description: 'What the body is: the message, with the other fields as attributes; or a map of all fields, as in the Collector.',
    },
    convert_message_bytes: { type: 'boolean', default: true, description: 'Accepted; bytes that are valid UTF-8 are always text.' },
    max_log_size: { ...size, minimum: 1024, default: '16MiB', description: 'Longest entry as JSON. A longer one is dropped and counted.' },
    attributes: { ...texts, description: 'Attributes of every record.' },
    resource: { ...texts, description: 'Attributes of the resource.' },
    operators: operatorsSchema,
    storage: { type: 'string', minLength: 1, description: 'Id of the extension that keeps the cursor. Default: the storage of the agent.' },
    flush_interval: { ...duration, default: '100ms', description: 'How long an entry may wait for others to share its batch.' },
    max_batch_records: { type: 'integer', minimum: 1, maximum: 60_000, default: 8192, description: 'Records in one batch.' },
    max_batch_size: {
      ...size,
      minimum: 1,
      default: '1MiB',
      description: 'Bytes of messages and fields in one batch. Two are held at most.',
    },
  },
};

/** What the schema cannot say. */
export function checkJournald(config: JournaldConfig): ConfigProblem[] {
  const problems = checkOperators(config.operators).map(({ path, message }) => ({ path: `operators.${path}`, message }));
  if (config.directory !== undefined && config.files.length > 0) {
    problems.push({ path: 'files', message: 'cannot be given together with "directory"; leave one of them out' });
  }
  for (const [index, match] of config.matches.entries()) {
    for (const name of Object.keys(match)) {
      if (/^[A-Z0-9_]+$/.test(name)) continue;
      problems.push({ path: `matches.${index}`, message: `expected a field such as _SYSTEMD_UNIT, got "${name}"` });
    }
  }
  return problems;
}

/** Where the stream is to begin. */
export interface Place {
  readonly cursor: string | undefined;
  /** Seconds since 1970, with a fraction. */
  readonly since: string | undefined;
}

/** The arguments of journalctl: to tell what is there and end, or to follow. */
export function argumentsOf(config: JournaldConfig, { cursor, since }: Place, isFollowing: boolean): string[] {
  // Without --all a field above 4 KiB comes as null. Without --no-tail only the last ten entries would come, and without
  // --quiet a remark that there are none.
  const args = ['--output=json', '--all', isFollowing ? '--follow' : '--quiet', '--no-tail', '--utc', `--priority=${config.priority}`];
  if (config.directory !== undefined) args.push(`--directory=${config.directory}`);
  for (const file of config.files) args.push(`--file=${file}`);
  for (const unit of config.units) args.push(`--unit=${unit}`);
  for (const identifier of config.identifiers) args.push(`--identifier=${identifier}`);
  if (config.grep !== '') args.push(`--grep=${config.grep}`);
  if (config.dmesg) args.push('--dmesg');
  if (config.namespace !== '') args.push(`--namespace=${config.namespace}`);
  if (config.merge) args.push('--merge');
  if (cursor !== undefined) args.push(`--after-cursor=${cursor}`);
  else if (since !== undefined) args.push(`--since=@${since}`);
  for (const [index, match] of config.matches.entries()) {
    if (index > 0) args.push('+');
    for (const [name, value] of Object.entries(match)) args.push(`${name}=${value}`);
  }
  return args;
}
