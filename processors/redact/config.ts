import type { RuleName } from './rules.ts';

/** `true` is the action of the processor, `false` leaves the rule out. */
export type RuleSwitch = boolean | 'mask' | 'hash';

interface PatternConfig {
  name: string;
  pattern: string;
  action?: 'mask' | 'hash';
}

export interface RedactConfig {
  action: 'mask' | 'hash';
  mask?: string;
  hash_key: string;
  hash_digits: number;
  hashes_max: number;
  rules: Partial<Record<RuleName, RuleSwitch>>;
  keys: string[];
  patterns: PatternConfig[];
  allow: string[];
  allow_all_keys?: boolean;
  allowed_keys: string[];
  ignored_keys: string[];
  ignored_key_patterns: string[];
  redact_all_types: boolean;
  blocked_key_patterns: string[];
  blocked_values: string[];
  allowed_values: string[];
  hash_function: '' | 'md5' | 'sha1' | 'sha3' | 'hmac-sha256' | 'hmac-sha512';
  hmac_key: string;
  summary: 'debug' | 'info' | 'silent';
}
