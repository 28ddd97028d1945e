import { expect, test } from 'vitest';
import { registry } from '../registry.ts';
import { loadText, problemsOf } from '../../test/helpers/load-text.ts';

const say = (storage: string, extensions: string): Promise<string[]> =>
  problemsOf(
    loadText(
      `
receivers: { file_log: { include: [/a], storage: ${storage} }, file_log/unused: { include: [/b], storage: nowhere } }
exporters: { otlp_http: { endpoint: "http://a", sending_queue: { storage: ${storage} } } }
extensions: { file_storage: , file_storage/two: }
service: { extensions: [${extensions}], pipelines: { logs: { receivers: [file_log], exporters: [otlp_http] } } }
`,
      { registry },
    ),
  );

test('a storage that is defined and runs is fine', async () => {
  expect(await say('file_storage/two', 'file_storage/two')).toEqual([]);
});

test('a storage that is not defined, and one that does not run, are mistakes with a place; unused components are not looked at', async () => {
  const where = [
    'config/winnow.yaml:2:50: receivers.file_log.storage',
    'config/winnow.yaml:3:75: exporters.otlp_http.sending_queue.storage',
  ];

  const undefinedOnes = await say('file_storage/to', 'file_storage');
  const idleOnes = await say('file_storage/two', 'file_storage');

  const isUndefined = 'extension "file_storage/to" is not defined; defined: file_storage, file_storage/two';
  const isIdle = 'extension "file_storage/two" is defined but does not run; add it to service.extensions';
  expect(undefinedOnes).toEqual(where.map((at) => `${at}: ${isUndefined}`));
  expect(idleOnes.filter((line) => !line.endsWith('(warning)'))).toEqual(where.map((at) => `${at}: ${isIdle}`));
});
