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

  const undefinedOnes = await say('elsewhere', 'file_storage');
  const mistyped = await say('file_storage/to', 'file_storage');
  const idleOnes = await say('file_storage/two', 'file_storage');

  const isUndefined = 'extension "elsewhere" is not defined; defined: file_storage, file_storage/two';
  const isMistyped = 'extension "file_storage/to" is not defined; did you mean "file_storage/two"?';
  const isIdle = 'extension "file_storage/two" is defined but does not run; add it to service.extensions';
  expect(undefinedOnes).toEqual(where.map((at) => `${at}: ${isUndefined}`));
  expect(mistyped).toEqual(where.map((at) => `${at}: ${isMistyped}`));
  expect(idleOnes.filter((line) => !line.endsWith('(warning)'))).toEqual(where.map((at) => `${at}: ${isIdle}`));
});

test('an authenticator that is not defined, or does not run, is a mistake with a place, wherever a component has one', async () => {
  const problems = await problemsOf(
    loadText(
      `
receivers: { otlp: { protocols: { http: { auth: { authenticator: basic_aut } } } } }
exporters: { otlp_http: { endpoint: "http://a", auth: { authenticator: bearer_token_auth } } }
extensions: { basic_auth: { htpasswd: { inline: "a:b" } }, bearer_token_auth: { token: t } }
service: { extensions: [basic_auth], pipelines: { logs: { receivers: [otlp], exporters: [otlp_http] } } }
`,
      { registry },
    ),
  );

  expect(problems.filter((line) => !line.endsWith('(warning)'))).toEqual([
    'config/winnow.yaml:2:66: receivers.otlp.protocols.http.auth.authenticator: extension "basic_aut" is not defined; did you mean "basic_auth"?',
    'config/winnow.yaml:3:72: exporters.otlp_http.auth.authenticator: extension "bearer_token_auth" is defined but does not run; add it to service.extensions',
  ]);
});
