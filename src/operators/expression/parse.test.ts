import { describe, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { parseCondition } from './parse.ts';

const BODY = '10.0.0.1 GET /cart 404';

function rowOf(): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(BODY));
  batch.addRow(ValueType.string, 0, BODY.length);
  batch.setAttribute(0, 'level', 'warn');
  batch.setAttribute(0, 'http.status', 404);
  batch.setAttribute(0, 'ratio', 0.5);
  batch.setAttribute(0, 'cached', false);
  batch.setAttribute(0, 'user', { id: 17, roles: ['admin', 'ops'] });
  return batch;
}

function evaluate(condition: string): unknown {
  return parseCondition(condition)(rowOf(), 0);
}

describe('is true', () => {
  test.each([
    'true',
    'attributes.level == "warn"',
    "attributes['level'] != 'info'",
    'attributes["http.status"] >= 400 and attributes["http.status"] < 500',
    'attributes["http.status"] == 404.0 && attributes.ratio == 0.5 || true',
    'attributes.missing == nil',
    'attributes.level != nil',
    'attributes.user.id == 17',
    'attributes?.user?.id > -1',
    'attributes.cached == false',
    'not attributes.cached',
    '!attributes.cached and not (attributes.level == "info")',
    'body matches "^[0-9.]+ GET"',
    "body matches '^\\\\d+\\\\.0'",
    'body matches `\\d{3}$`',
    '$ matches "(?i)get (?P<path>/[a-z]+)"',
    'attributes.level not matches "^(info|debug)$"',
    'body contains "/cart" and body startsWith "10." and body endsWith "404"',
    'attributes.level in ["warn", "error"]',
    '"id" in attributes.user',
    '"ops" in attributes.user.roles',
    'attributes.level not in ["info"]',
    '"a\\"b\\u0041" == \'a"bA\'',
    'false or false or true and true',
    '"level" in attributes and not ("nothing" in attributes)',
    '"x" not in resource',
    '"kube:" + attributes.level == "kube:warn"',
    'attributes.user.id + 3 == 20 and 0.5 + attributes.ratio == 1',
    '(attributes.missing ?? "none") == "none"',
    'attributes.missing?.deeper == nil',
    '(attributes.cached ? 1 : 2) == 2',
    'len(body) == 22 and len(attributes.user.roles) == 2 and len(attributes.user) == 2',
    'upper(attributes.level) == "WARN" and lower("A") == "a" and trim(" a ") == "a"',
    'hasPrefix(body, "10.") and hasSuffix(body, "404")',
    'type(body) == "string" and type(attributes.user) == "map" and type(attributes.missing) == "nil"',
    'type(attributes.ratio) == "float" and type(attributes.user.id) == "int" and type([1]) == "array"',
    'string(attributes.user.id) + "" == "17"',
    'env("WINNOW_NO_SUCH_VARIABLE") == ""',
    'not (attributes.missing contains "1") and not (attributes.missing matches "1")',
    'not (attributes.missing startsWith "a") and not (body endsWith attributes.missing)',
    'get(attributes, "level") == "warn" and get(body, "x") == nil and get(attributes.user, "id") == 17',
    'int("404") == 404 and int(attributes.ratio) == 0 and float("0.5") == 0.5',
    'replace(attributes.level, "w", "b") == "barn" and trimPrefix("a.b", "a.") == "b" and trimSuffix("a.b", ".b") == "a"',
  ])('%s', (condition) => {
    expect(evaluate(condition)).toBe(true);
  });
});

describe('is false', () => {
  test.each([
    'body matches "^GET"',
    'attributes.level == 5',
    'attributes.missing != nil',
    'resource.x == "y"',
    '"x" in attributes.missing',
  ])('%s', (condition) => {
    expect(evaluate(condition)).toBe(false);
  });
});

describe('cannot be answered', () => {
  test.each([
    ['int(attributes.level) == 1', 'expected a number'],
    ['attributes["http.status"] contains "4"', 'expected a text, got the number 404'],
    ['attributes.level and true', 'expected true or false, got the string warn'],
    ['attributes.level > 3', 'cannot order the string warn and the number 3'],
    ['3 in attributes.level', 'expected a list or a map behind "in"'],
    ['len(attributes.ratio) > 1', 'expected a text, got the number 0.5'],
    ['attributes.level + 1 == 2', 'cannot add the string warn and the number 1'],
    ['attributes.level ? true : false', 'expected true or false'],
    [`replace("${'a'.repeat(20_000)}", "", "${'b'.repeat(20_000)}") == ""`, 'more than 16 Mi characters'],
  ])('%s', (condition, message) => {
    expect(() => evaluate(condition)).toThrow(message);
  });
});

describe('is refused', () => {
  test.each([
    ['', 'got "the end"'],
    ['body matches', 'expected a regular expression in quotes behind "matches"'],
    ['body matches attributes.x', 'expected a regular expression in quotes'],
    ['body matches "("', 'a "(" without its ")"'],
    ['body == "x" "y"', 'expected and, or, a comparison or the end at character 13'],
    ['(body == "x"', 'expected ")" at character 13'],
    ['len(body', 'expected "," at character 9'],
    ['len(body, 2) > 1', 'len takes 1 value, got 2'],
    ['len > 1', 'expected "("'],
    ['body ? true', 'expected ":"'],
    ['attributes[0] == 1', 'expected a name in quotes at character 12'],
    ['level == "warn"', 'expected body, attributes, resource, a function'],
    ['body = "x"', 'is no part of a condition'],
    ['"open', 'is no part of a condition'],
    ['- body', 'expected a number'],
    ['('.repeat(99), 'inside each other'],
    ['!'.repeat(99), 'fewer negations'],
    [`body${' == 1'.repeat(1002)}`, 'at most 1000 comparisons, sums and choices'],
    [`"a"${' + "a"'.repeat(1002)} == ""`, 'at most 1000 comparisons, sums and choices'],
    [`${'true ? true : '.repeat(1002)} true`, 'at most 1000 comparisons, sums and choices'],
  ])('%s', (condition, message) => {
    expect(() => parseCondition(condition)).toThrow(message);
  });
});

test('as many conditions as are written stand side by side', () => {
  const many = (sign: string, condition: string): string => Array.from({ length: 30_000 }, () => condition).join(` ${sign} `);

  expect(evaluate(many('or', 'body == "x"'))).toBe(false);
  expect(evaluate(many('and', 'body != "x"'))).toBe(true);
  expect(evaluate(`"a"${' + "a"'.repeat(1000)} == "a"`)).toBe(false);
});
