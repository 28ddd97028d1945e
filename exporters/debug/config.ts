import type { ConfigProblem } from '#component';

export interface DebugConfig {
  verbosity: 'basic' | 'normal' | 'detailed';
  loglevel?: string;
  sampling_initial: number;
  sampling_thereafter: number;
  output_paths: string[];
  use_internal_logger: boolean;
  sending_queue: object | null;
}

export function checkDebugConfig({ output_paths: paths }: DebugConfig): ConfigProblem[] {
  return paths.flatMap((path, i) => {
    if (path === 'stdout' || path === 'stderr') return [];
    return [{ path: `output_paths.${i}`, message: `expected stdout or stderr, got "${path}"; use the file exporter for files` }];
  });
}
