import { parseDuration, parseSize } from '#component';
import type { OperatorConfig } from '#operators';

type SortType = 'numeric' | 'alphabetical' | 'timestamp' | 'mtime';

export interface SortRule {
  sort_type: SortType;
  regex_key?: string;
  ascending: boolean;
  layout?: string;
  location: string;
}

export interface OrderingCriteria {
  regex?: string;
  top_n: number;
  group_by?: string;
  sort_by: SortRule[];
}

interface MultilineConfig {
  line_start_pattern: string;
  line_end_pattern: string;
  omit_pattern: boolean;
}

interface RetryConfig {
  enabled: boolean;
  initial_interval: string;
  max_interval: string;
  max_elapsed_time: string;
}

/** What the operator writes; spelling and meaning are the Collector's. */
export interface FileLogConfig {
  include: string[];
  exclude: string[];
  exclude_older_than: string;
  start_at: 'beginning' | 'end';
  poll_interval: string;
  watch: boolean;
  fingerprint_size: number | string;
  max_log_size: number | string;
  max_log_size_behavior: 'split' | 'truncate';
  encoding: string;
  multiline?: MultilineConfig;
  force_flush_period: string;
  preserve_leading_whitespaces: boolean;
  preserve_trailing_whitespaces: boolean;
  include_file_name: boolean;
  include_file_path: boolean;
  include_file_name_resolved: boolean;
  include_file_path_resolved: boolean;
  include_file_owner_name: boolean;
  include_file_owner_group_name: boolean;
  include_file_permissions: boolean;
  include_file_record_number: boolean;
  include_file_record_offset: boolean;
  compression: '' | 'gzip' | 'zstd' | 'auto';
  on_truncate: 'read_whole_file' | 'read_new' | 'ignore';
  delete_after_read: boolean;
  ordering_criteria?: OrderingCriteria;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  operators: OperatorConfig[];
  storage?: string;
  retry_on_failure: RetryConfig;
  max_concurrent_files: number;
  max_unsettled_bytes: number | string;
  max_unsettled_deliveries: number;
  read_chunk_size: number | string;
  max_batch_records: number;
  initial_buffer_size: number | string;
  max_batches: number;
  polls_to_archive: number;
  acquire_fs_lock: boolean;
  file_cache_advise: boolean;
  skip_unmodified_files: boolean;
  header?: Record<string, unknown>;
}

/**
 * How often a file that has just grown is looked at, in looks per poll interval: every 150 ms by default. Each look that
 * finds something is a request of its own, which costs more than the lines in it.
 */
const ACTIVE_POLLS = 4 / 3;

/** The numbers the program works with. */
export interface Limits {
  readonly pollMs: number;
  readonly activePollMs: number;
  readonly flushMs: number;
  readonly fingerprintBytes: number;
  readonly recordBytesMax: number;
  readonly chunkBytes: number;
  readonly rowsMax: number;
  readonly openMax: number;
  readonly unsettledBytesMax: number;
  readonly unsettledDeliveriesMax: number;
  readonly excludeOlderMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Infinity: a refused batch is offered for ever. 0: it is dropped at once. */
  readonly retryElapsedMaxMs: number;
}

export function toLimits(config: FileLogConfig): Limits {
  const retry = config.retry_on_failure;
  const elapsedMs = parseDuration(retry.max_elapsed_time);
  const pollMs = Math.max(1, parseDuration(config.poll_interval));
  return {
    pollMs,
    activePollMs: Math.max(1, pollMs / ACTIVE_POLLS),
    flushMs: parseDuration(config.force_flush_period),
    fingerprintBytes: parseSize(config.fingerprint_size),
    recordBytesMax: parseSize(config.max_log_size),
    chunkBytes: parseSize(config.read_chunk_size),
    rowsMax: config.max_batch_records,
    openMax: config.max_concurrent_files,
    unsettledBytesMax: parseSize(config.max_unsettled_bytes),
    unsettledDeliveriesMax: config.max_unsettled_deliveries,
    excludeOlderMs: parseDuration(config.exclude_older_than),
    retryFirstMs: parseDuration(retry.initial_interval),
    retryMaxMs: parseDuration(retry.max_interval),
    retryElapsedMaxMs: retry.enabled ? (elapsedMs === 0 ? Number.POSITIVE_INFINITY : elapsedMs) : 0,
  };
}
