import type { Measurement } from '../measurement.ts';
import { runOperatorStage } from './operator-stage.ts';

/** The severity alone: the JSON is parsed before, unmeasured. */
export async function run(input: string): Promise<Measurement> {
  return runOperatorStage('severity', input, [{ type: 'severity_parser', parse_from: 'attributes.level' }], [{ type: 'json_parser' }]);
}
