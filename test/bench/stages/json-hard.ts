import type { Measurement } from '../measurement.ts';
import { runOperatorStage } from './operator-stage.ts';

export async function run(input: string): Promise<Measurement> {
  return runOperatorStage('json-hard', input, [{ type: 'json_parser' }]);
}
