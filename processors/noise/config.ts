export interface LoggerConfig {
  name: string;
  below: number | string;
}

export interface NoiseConfig {
  pass_severity: number | string;
  dumps: { action: 'drop' | 'cut' | 'keep'; min_length: number; max_brackets: number };
  stack_traces: { action: 'cut' | 'keep' };
  loggers: LoggerConfig[];
  logger_attributes: string[];
}
