import { expect, test } from 'vitest';
import { formatProblem } from '#component';
import { registry } from '../registry.ts';
import { loadText } from '../../test/helpers/load-text.ts';

async function warningsOf(receiver: string, multiline: string): Promise<string[]> {
  const config = await loadText(
    `
receivers:
  file_log: { include: [/a], ${receiver} }
processors: { multiline: { ${multiline} } }
exporters: { debug: }
service:
  pipelines:
    logs: { receivers: [file_log], processors: [multiline], exporters: [debug] }
    logs/two: { receivers: [file_log], processors: [multiline], exporters: [debug] }
`,
    { registry },
  );
  return config.warnings.map((problem) => formatProblem(problem));
}

const WARNING =
  'config/winnow.yaml:3:3: receivers.file_log: white space before lines is cut off, and multiline goes by it; set "preserve_leading_whitespaces: true"';

test.each(['', 'line_start_pattern: "^\\\\S"', `is_first_entry: 'body matches "^[^\\\\s]"'`])(
  'multiline by indentation (%s) behind a receiver that cuts it off gives one warning',
  async (multiline) => {
    expect(await warningsOf('', multiline)).toEqual([WARNING]);
  },
);

test('there is none where indentation stays, or does not matter', async () => {
  expect(await warningsOf('preserve_leading_whitespaces: true', '')).toEqual([]);
  expect(await warningsOf('multiline: { line_start_pattern: "^a" }', '')).toEqual([]);
  expect(await warningsOf('', 'line_start_pattern: "^\\\\d{4}-"')).toEqual([]);
});
