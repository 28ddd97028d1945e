import { expect, test } from 'vitest';
import { LogBatch, ValueType, type AttributeValue } from '#model';
import { compileOperators } from './chain.ts';
import { checkOperators } from './check.ts';
import type { OperatorConfig } from './config.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

function run(operator: OperatorConfig, body: AttributeValue): { readonly body: unknown; readonly problem: unknown } {
  const host: TestHost = createTestHost();
  const batch = new LogBatch();
  batch.reset(Buffer.alloc(0));
  batch.addRow(ValueType.none, 0, 0);
  batch.setBody(0, body);
  const chain = compileOperators([operator], { id: 'file_log' });
  chain.start(host);
  chain.process(batch);
  return { body: batch.body(0), problem: host.lines[0]?.facts['problem'] };
}

test.each([
  [String.raw`"a \"b\"\n\t\\ \x41 \u00e9 \U0001F600 \101"`, 'a "b"\n\t\\ A é 😀 A'],
  ['`raw \\n "x"`', 'raw \\n "x"'],
  [String.raw`'\''`, "'"],
  ['""', ''],
])('unquote: %s', (quoted, text) => {
  expect(run({ type: 'unquote', field: 'body' }, quoted)).toEqual({ body: text, problem: undefined });
});

test.each([
  ['plain', 'the text is not quoted'],
  ['"open', 'the text is not quoted'],
  ['"', 'the text is not quoted'],
  ['"a" and "b"', 'the text is not quoted as a whole'],
  [String.raw`"a\"`, 'the text is not quoted as a whole'],
  ['`a`b`', 'the text is not quoted as a whole'],
  ["'ab'", 'single quotes hold one character'],
  [String.raw`"\q"`, '"\\" is no escape'],
  [String.raw`"\UFFFFFFFF"`, '"\\UFFFFFFFF" is no escape'],
  ['"a\nb"', 'the quoted text has a line break'],
  [17, 'body is missing or no text'],
])('unquote leaves %j as it is', (body, problem) => {
  expect(run({ type: 'unquote', field: 'body' }, body)).toEqual({ body, problem });
});

test.each<[Partial<OperatorConfig>, string, string]>([
  [{ regex: ' +', replace_with: ' ' }, 'a   b  c', 'a b c'],
  [{ regex: '{(.*?)}', replace_with: '${1}' }, '{a}{bb}{ccc}', 'abbccc'],
  [{ regex: '(?P<key>\\w+)=(\\w+)', replace_with: '$key:$2;' }, 'a=1 b=2', 'a:1; b:2;'],
  [{ regex_name: 'ansi_control_sequences' }, '\x1b[31;1mred\x1b[0m \x1b[2Kplain', 'red plain'],
  [{ regex: 'x' }, 'axb', 'ab'],
])('regex_replace: %j', (options, body, expected) => {
  const config = { type: 'regex_replace', field: 'body', ...options } as OperatorConfig;

  expect(run(config, body)).toEqual({ body: expected, problem: undefined });
});

test('regex_replace takes a field inside the body', () => {
  const config: OperatorConfig = { type: 'regex_replace', field: 'body.text', regex: 'b', replace_with: 'c' };

  expect(run(config, { text: 'abba', other: 'b' }).body).toEqual({ text: 'acca', other: 'b' });
});

test('strip_ansi_escape_codes takes colours away', () => {
  expect(run({ type: 'strip_ansi_escape_codes', field: 'body' }, '\x1b[31mred\x1b[0m').body).toBe('red');
});

test('sanitize_utf8 makes text of bytes', () => {
  expect(run({ type: 'sanitize_utf8' }, new Uint8Array([0x61, 0xff, 0x62]))).toEqual({ body: 'a\ufffdb', problem: undefined });
  expect(run({ type: 'sanitize_utf8' }, 'fine').body).toBe('fine');
  expect(run({ type: 'sanitize_utf8' }, 17).problem).toBe('body is missing or no text');
});

test('json_array_parser makes a list, or a map of it', () => {
  const text = '[1,"debug",{"a":[1]},[2],true,null,9007199254740993]';
  const list = [1, 'debug', '{"a":[1]}', '[2]', true, null, 9007199254740993n];

  expect(run({ type: 'json_array_parser', parse_to: 'body' }, text).body).toEqual(list);
  expect(run({ type: 'json_array_parser', parse_to: 'body', header: 'a,b' }, '[1,"x"]').body).toEqual({ a: 1, b: 'x' });
  expect(run({ type: 'json_array_parser', parse_to: 'body', header: 'a' }, '[1,2]').problem).toContain('2 values for 1 names');
  expect(run({ type: 'json_array_parser', parse_to: 'body' }, '{"a":1}').problem).toContain('no JSON array');
  expect(run({ type: 'json_array_parser', parse_to: 'body' }, '[1] 2').problem).toContain('more than a JSON array');
  expect(checkOperators([{ type: 'json_array_parser' }])).toMatchObject([{ message: expect.stringContaining('a list needs a field') }]);
});

test('assign_keys makes a map of a list', () => {
  const config: OperatorConfig = { type: 'assign_keys', field: 'body', keys: ['n', 'level', 'isFine'] };

  expect(run(config, [1, 'debug', true])).toEqual({ body: { n: 1, level: 'debug', isFine: true }, problem: undefined });
  expect(run(config, [1])).toEqual({ body: [1], problem: 'expected a list of 3 values in body, got 1' });
  expect(run(config, 'x').problem).toBe('expected a list of 3 values in body, got no list');
});

test('add takes the value of an expression', () => {
  const config = (value: unknown): OperatorConfig => ({ type: 'add', field: 'body', value });

  expect(run(config('EXPR("kube:" + body)'), 'web').body).toBe('kube:web');
  expect(run(config('EXPR(body + 1)'), 'web')).toEqual({ body: 'web', problem: expect.stringContaining('cannot add') });
  expect(checkOperators([config('EXPR(body +)')])).toMatchObject([{ path: '0.value' }]);
});
