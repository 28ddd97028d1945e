import type { Measurement } from '../measurement.ts';
import { runOperatorStage } from './operator-stage.ts';

const COMBINED =
  '^(?P<remote>\\S+) \\S+ (?P<user>\\S+) \\[(?P<time>[^\\]]+)\\] "(?P<method>\\S+) (?P<path>\\S+) (?P<protocol>[^"]*)" ' +
  '(?P<status>\\d+) (?P<size>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<duration>[\\d.]+)$';

export async function run(input: string): Promise<Measurement> {
  return runOperatorStage('regex', input, [{ type: 'regex_parser', regex: COMBINED }]);
}
