/** One rule as written: all of its conditions must hold, of a list one entry. */
export interface RuleConfig {
  category: string;
  if?: string;
  loggers?: string[];
  services?: string[];
  paths?: string[];
  keywords?: string[];
  attributes?: string[];
  severity?: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
}
