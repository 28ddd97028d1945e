import type { Measurement } from '../measurement.ts';
import { runProcessorStage } from './processor-stage.ts';

export function run(input: string): Promise<Measurement> {
  return runProcessorStage('redact', input);
}
