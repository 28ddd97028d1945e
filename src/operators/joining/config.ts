import { parseDuration, parseSize } from '#component';
import { keyOf } from '#model';
import { parseField } from '../field.ts';
import { createConditionTest, createPatternTest, FirstEntries, LastEntries } from './entries.ts';
import type { JoiningOptions } from './joining.ts';
import type { Rule } from './rule.ts';
import { StackTraces } from './stack-traces.ts';

/** The options of the Collector's operator `recombine`, and some of ours. */
export interface JoiningConfig {
  readonly is_first_entry?: string;
  readonly is_last_entry?: string;
  readonly line_start_pattern?: string;
  readonly line_end_pattern?: string;
  readonly combine_field: string;
  readonly combine_with: string;
  readonly overwrite_with: 'oldest' | 'newest';
  readonly source_identifier?: string;
  readonly force_flush_period: string;
  readonly max_batch_size: number;
  readonly max_log_size: number | string;
  readonly max_unmatched_batch_size: number;
  readonly max_sources: number;
  readonly max_held_bytes: number | string;
  readonly unfinished_at_shutdown: 'auto' | 'flush' | 'abandon';
}

export const JOINING_DEFAULTS: JoiningConfig = {
  combine_field: 'body',
  combine_with: '\n',
  overwrite_with: 'oldest',
  force_flush_period: '1s',
  max_batch_size: 1000,
  max_log_size: '1MiB',
  max_unmatched_batch_size: 100,
  max_sources: 1000,
  max_held_bytes: '16MiB',
  unfinished_at_shutdown: 'auto',
};

/** That of the operator `recombine`: as in the Collector. */
export const RECOMBINE_FLUSH_PERIOD = '5s';

/** The options compiled. Throws RangeError. */
export function toJoiningOptions(config: JoiningConfig): JoiningOptions {
  const { source_identifier: identifier } = config;
  const field = identifier === undefined ? undefined : parseField(identifier);
  const heldBytesMax = parseSize(config.max_held_bytes);
  return {
    rule: createRule(config),
    field: config.combine_field,
    separator: config.combine_with,
    isNewestKept: config.overwrite_with === 'newest',
    rowsMax: config.max_batch_size,
    // 0 is no bound of its own, as in the Collector.
    bytesMax: parseSize(config.max_log_size) || heldBytesMax,
    sourcesMax: config.max_sources,
    heldBytesMax,
    identifier: field?.root === 'attributes' && field.path[0] !== undefined ? keyOf(field.path[0]) : undefined,
    flushMs: Math.max(1, parseDuration(config.force_flush_period)),
    unfinished: config.unfinished_at_shutdown,
  };
}

/** Without a rule of the operator's own, stack traces are joined. */
function createRule(config: JoiningConfig): Rule {
  const { is_first_entry: first, is_last_entry: last, line_start_pattern: start, line_end_pattern: end } = config;
  const unmatchedMax = config.max_unmatched_batch_size;
  if (first !== undefined) return new FirstEntries(createConditionTest(first), unmatchedMax);
  if (start !== undefined) return new FirstEntries(createPatternTest(start), unmatchedMax);
  if (last !== undefined) return new LastEntries(createConditionTest(last));
  if (end !== undefined) return new LastEntries(createPatternTest(end));
  return new StackTraces();
}
