import { Ajv, type ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { exampleRegistry } from '../../test/helpers/example-components.ts';
import { createJsonSchema } from './index.ts';

let validate: ValidateFunction;

beforeAll(async () => {
  // Strict, so that a keyword an editor does not know is refused here.
  validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true }).compile(
    await createJsonSchema(exampleRegistry),
  );
});

const accepts = (text: string): boolean => validate(parse(text));
const withService = (text: string): string => `${text}\nservice: { pipelines: { logs: { receivers: [file_log], exporters: [debug] } } }`;

describe('the schema of a whole file', () => {
  test.each([
    ['components by type, alias and name', 'receivers: { file_log: { include: [a] }, filelog/x: { include: [a] } }'],
    ['an empty component', 'exporters: { debug: }\nprocessors: { dedupe: }'],
    ['an empty section', 'processors: { dedupe: { rotation: } }'],
    ['a reference for a number', 'processors: { dedupe: { max_keys: "${env:N:-5}" } }'],
    [
      'a reference for a duration, a list and a word of a list',
      'receivers: { file_log: { include: "${env:I}", poll_interval: "${env:P}", start_at: "${S}" } }',
    ],
    ['operators', 'receivers: { file_log: { include: [a], operators: [{ type: json_parser }] } }'],
  ])('accepts %s', (_what, text) => expect(accepts(withService(text))).toBe(true));

  test.each([
    ['a type that does not exist', 'receivers: { file_lag: }'],
    ['an option that does not exist', 'processors: { dedupe: { intervall: 1s } }'],
    ['a wrong duration', 'processors: { dedupe: { interval: 10 sec } }'],
    ['a missing option', 'exporters: { otlp_http: {} }'],
    ['a section that does not exist', 'recievers: {}'],
  ])('refuses %s', (_what, text) => expect(accepts(withService(text))).toBe(false));

  test('refuses a file without service', () => expect(accepts('receivers: {}')).toBe(false));
});

test('keeps descriptions and defaults, and leaves our own keywords out', async () => {
  const schema = JSON.stringify(await createJsonSchema(exampleRegistry));

  expect(schema).toContain('"description":"Length of a window, in event time.","default":"10s"');
  expect(schema).not.toMatch(/"(secret|expected|discriminator)":/);
});
