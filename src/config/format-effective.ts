import { stringify } from 'yaml';
import type { Config } from './config.ts';

export interface FormatOptions {
  /** True to show options that were not written, too. */
  readonly defaults?: boolean;
}

/** The configuration as it will run, in YAML, secrets masked. */
export function formatEffective(config: Config, { defaults = false }: FormatOptions = {}): string {
  // Long regexes stay on one line, so they can be copied; equal lists are repeated, not turned into anchors.
  return stringify(defaults ? config.effective() : config.written(), { lineWidth: 0, aliasDuplicateObjects: false });
}
