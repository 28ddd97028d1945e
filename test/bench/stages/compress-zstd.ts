import type { Measurement } from '../measurement.ts';
import { run as compress } from './compress.ts';

export function run(input: string): Promise<Measurement> {
  return compress(input, 'zstd');
}
