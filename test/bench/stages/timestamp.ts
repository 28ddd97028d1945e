import type { Measurement } from '../measurement.ts';
import { runOperatorStage } from './operator-stage.ts';

/** The time alone: the JSON is parsed before, unmeasured. */
export async function run(input: string): Promise<Measurement> {
  return runOperatorStage(
    'timestamp',
    input,
    [{ type: 'time_parser', parse_from: 'attributes.ts', layout: '%Y-%m-%dT%H:%M:%S.%LZ' }],
    [{ type: 'json_parser' }],
  );
}
