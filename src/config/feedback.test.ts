import { expect, test } from 'vitest';
import { formatProblem } from '#component';
import { registry } from '../registry.ts';
import { loadText } from '../../test/helpers/load-text.ts';

async function warningsOf(receiver: string, path: string): Promise<string[]> {
  const config = await loadText(
    `
receivers:
  file_log: { ${receiver} }
exporters:
  file: { path: ${path} }
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [file] }
`,
    { registry },
  );
  return config.warnings.map((problem) => formatProblem(problem));
}

test('a pipeline that reads what it writes gives a warning', async () => {
  expect(await warningsOf('include: [/var/log/**/*.log]', '/var/log/winnow/out.log')).toEqual([
    'config/winnow.yaml:5:3: exporters.file: file_log of the same pipeline reads "/var/log/winnow/out.log", so each record comes again for ever; write it elsewhere, or add it to "exclude" of file_log',
  ]);
});

test('there is none where the file is left out, or lies elsewhere', async () => {
  expect(await warningsOf('include: [/var/log/*.log], exclude: [/var/log/out.log]', '/var/log/out.log')).toEqual([]);
  expect(await warningsOf('include: [/var/log/*.log]', '/var/log/out.jsonl')).toEqual([]);
});
