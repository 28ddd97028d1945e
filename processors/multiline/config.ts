import { createConditionTest, createPatternTest, FirstEntries, LastEntries } from './entries.ts';
import type { Rule } from './rule.ts';
import { StackTraces } from './stack-traces.ts';

export interface MultilineConfig {
  is_first_entry?: string;
  is_last_entry?: string;
  line_start_pattern?: string;
  line_end_pattern?: string;
  combine_field: string;
  combine_with: string;
  overwrite_with: 'oldest' | 'newest';
  source_identifier?: string;
  force_flush_period: string;
  max_batch_size: number;
  max_log_size: number | string;
  max_unmatched_batch_size: number;
  max_sources: number;
  max_held_bytes: number | string;
  unfinished_at_shutdown: 'auto' | 'flush' | 'abandon';
}

/** Without a rule of the operator's own, stack traces are joined. Throws RangeError. */
export function createRule(config: MultilineConfig): Rule {
  const { is_first_entry: first, is_last_entry: last, line_start_pattern: start, line_end_pattern: end } = config;
  const unmatchedMax = config.max_unmatched_batch_size;
  if (first !== undefined) return new FirstEntries(createConditionTest(first), unmatchedMax);
  if (start !== undefined) return new FirstEntries(createPatternTest(start), unmatchedMax);
  if (last !== undefined) return new LastEntries(createConditionTest(last));
  if (end !== undefined) return new LastEntries(createPatternTest(end));
  return new StackTraces();
}
