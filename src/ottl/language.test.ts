import { describe, expect, test } from 'vitest';
import { Double, LogBatch, ValueType, createResource, createScope, createSharedAttributes } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { Environment, OttlProblem, compileCondition, compileStatement, compileValue } from './index.ts';

const BODY = '10.0.0.1 GET /cart 404';
const TIME_MS = Date.UTC(2026, 0, 30, 12, 34, 56, 789);

function rowOf(): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(BODY));
  const row = batch.addRow(ValueType.string, 0, BODY.length);
  batch.sharedOf[row] = batch.addShared(createSharedAttributes({ 'log.file.name': 'app.log' }));
  batch.setAttribute(row, 'level', 'warn');
  batch.setAttribute(row, 'status', 404);
  batch.setAttribute(row, 'ratio', 0.5);
  batch.setAttribute(row, 'whole', new Double(2));
  batch.setAttribute(row, 'cached', false);
  batch.setAttribute(row, 'user', { id: 17, roles: ['admin', 'ops'] });
  batch.setAttribute(row, 'raw', Uint8Array.of(1, 255));
  batch.setAttribute(row, 'big', 2n ** 60n);
  batch.setAttribute(row, 'nothing', null);
  batch.resourceOf[row] = batch.addResource(createResource({ 'service.name': 'shop', ports: [80, 443] }));
  batch.scopeOf[row] = batch.addScope(createScope('lib', '1.2'));
  batch.severity[row] = 13;
  batch.setSeverityText(row, 'WARN');
  batch.timeMs[row] = TIME_MS;
  batch.timeNs[row] = 12;
  batch.traceIdColumn().set(Buffer.from('0123456789abcdef0123456789abcdef', 'hex'), row * 16);
  return batch;
}

const isTrue = (condition: string): boolean => compileCondition(condition)(rowOf(), 0);

test('a body that is a whole double is one', () => {
  const batch = rowOf();
  batch.setBody(0, new Double(3));

  expect(compileCondition('IsDouble(body) and body + 0.5 == 3.5 and not IsInt(body)')(batch, 0)).toBe(true);
});

describe('holds', () => {
  test.each([
    // Paths, with and without the name of their context.
    'body == "10.0.0.1 GET /cart 404"',
    'log.body.string == body',
    'attributes["level"] == "warn" and log.attributes["level"] == "warn"',
    'attributes["log.file.name"] == "app.log"',
    'attributes["user"]["id"] == 17 and attributes["user"]["roles"][1] == "ops"',
    'attributes["user"]["none"] == nil and attributes["none"]["deeper"] == nil',
    'attributes[Concat(["lev", "el"], "")] == "warn"',
    'resource.attributes["service.name"] == "shop" and resource.attributes["ports"][0] == 80',
    'instrumentation_scope.name == "lib" and scope.version == "1.2"',
    'severity_number == SEVERITY_NUMBER_WARN and severity_text == "WARN" and severity_number.string == "WARN"',
    'time_unix_nano == 1769776496789000012 and UnixNano(time) == time_unix_nano',
    'observed_time_unix_nano == 0',
    'trace_id == TraceID("0123456789abcdef0123456789abcdef") and trace_id.string == "0123456789abcdef0123456789abcdef"',
    'span_id == SpanID(0x0000000000000000) and span_id.string == ""',
    'flags == 0 and event_name == "" and dropped_attributes_count == 0',
    'cache["x"] == nil',
    // Comparisons: numbers of different kinds as numbers, other types only with their like.
    'attributes["status"] == 404.0 and attributes["whole"] == 2 and 2 == attributes["whole"]',
    '400 <= attributes["status"] and attributes["status"] < 500',
    'attributes["ratio"] > 0 and attributes["ratio"] <= .5',
    'attributes["big"] == 1152921504606846976 and attributes["big"] > 1',
    'attributes["status"] != "404"',
    'attributes["cached"] == false and false < true',
    'attributes["raw"] == 0x01ff and attributes["raw"] < 0x02',
    'attributes["none"] == nil and attributes["nothing"] == nil and attributes["level"] != nil and nil != 0',
    '"abc" < "abd" and "a" < "é" and "\\uffff" < "🚀"',
    'attributes["user"]["roles"] == ["admin", "ops"] and {"a": {"b": [1]}} == {"a": {"b": [1.0]}}',
    '[1, 2] != [1] and {"a": 1} != {"a": 1, "b": 2}',
    'Duration("1h") > Duration("59m") and time > Unix(0)',
    // not binds tighter than and, and tighter than or.
    'not attributes["status"] == 500',
    'not (true and false) and not not true',
    'true or true and false',
    '(false or true) and (1 + 2) * 3 == 9',
    // Arithmetic.
    '7 / 2 == 3 and -7 / 2 == -3 and 7.0 / 2.0 == 3.5',
    '2 + 3 * 4 - 10 / 5 == 12',
    '1-2 == -1',
    '9223372036854775807 + 1 == -9223372036854775808',
    'attributes["status"] + 1 == 405',
    'Unix(10) - Unix(4) == Duration("6s") and Unix(4) + Duration("6s") == Unix(10)',
  ])('%s', (condition) => expect(isTrue(condition)).toBe(true));
});

describe('does not hold', () => {
  test.each([
    'attributes["none"] == "x"',
    'attributes["none"] < 5',
    'attributes["none"] >= 5',
    'attributes["status"] == "404"',
    'attributes["status"] < "5"',
    'attributes["user"] < {"a": 1}',
    'attributes["nothing"] != nil',
    'body == 5',
    'nil < 5',
    'IsMatch(attributes["none"], ".*")',
  ])('%s', (condition) => expect(isTrue(condition)).toBe(false));
});

describe('cannot be answered on the record', () => {
  test.each([
    ['attributes["level"]["x"] == 1', 'string has no key "x"'],
    ['body["x"] == 1', 'a body of type string has no keys'],
    ['attributes["user"]["roles"][2] == 1', 'index 2 is out of range: the list has 2 items'],
    ['attributes["status"] + 1.5 == 1.5', 'cannot calculate int and double with "+"; wrap one in Int() or Double()'],
    ['attributes["level"] + 1 == 1', 'cannot calculate string and int'],
    ['attributes["status"] / 0 == 1', 'division by zero'],
    ['HasPrefix(attributes["status"], "4")', 'HasPrefix: value must be a string, got int 404'],
    ['ToLowerCase(attributes["none"]) == "x"', 'ToLowerCase: target must be a string, got nil'],
    ['Coalesce([attributes["level"]])', 'a condition must be true or false, got string "warn"'],
  ])('%s', (condition, message) => {
    const evaluate = compileCondition(condition);

    expect(() => evaluate(rowOf(), 0)).toThrow(OttlProblem);
    expect(() => evaluate(rowOf(), 0)).toThrow(message);
  });
});

describe('is refused, and shows where', () => {
  test.each([
    ['', 'column 1: expected a path, a function, a text in double quotes'],
    ['body = "x"', 'column 6: expected an operator or the end, got "="; did you mean "=="?\n    body = "x"\n         ^'],
    ["body == 'x'", 'column 9: "\'" is no part of the language; did you mean double quotes around texts?'],
    ['body == "x', 'column 9: "\\"" is no part of the language: a text without its closing "'],
    ['body == "x" && true', 'got "&&"; did you mean "and"?'],
    ['!true', 'got "!"; did you mean "not"?'],
    ['(body == "x"', 'column 13: expected ")", got the end'],
    ['body ==', 'column 8: expected a path'],
    ['attributes["a"]', 'column 1: a path alone is no condition; compare it, as in attributes["a"] == true'],
    ['"x"', 'expected a condition, got string "x"; compare it with something'],
    ['(body == "x") == true', 'a condition is no value'],
    ['severty_number > 1', '"severty_number" is no field; did you mean "severity_number"?'],
    ['log.bdy == 1', '"bdy" is no field of log; did you mean "body"?'],
    ['resource == 1', 'expected a field behind "resource": attributes'],
    ['span.name == "x"', '"span" does not exist in logs'],
    ['severity_number["x"] == 1', '"severity_number" takes no key'],
    ['attributes[1.5] == 1', 'column 12: a key is a text or an int, got double'],
    ['attributes[0] == 1', 'attributes are named by texts, got int 0'],
    ['severity_number >= SEVERITY_NUMBER_WARNING', 'did you mean "SEVERITY_NUMBER_WARN"?'],
    ['isMatch(body, "x")', '"isMatch" is no function; did you mean "IsMatch"?'],
    ['set(body, "x")', 'set edits the record and gives no value'],
    ['IsMatch(body)', 'IsMatch needs the argument pattern: IsMatch(target, pattern)'],
    ['IsMatch(body, "x", "y")', 'IsMatch takes target, pattern; this is one too many'],
    ['IsMatch(body, pattrn = "x")', '"pattrn" is no argument of IsMatch; did you mean "pattern"?'],
    ['IsMatch(pattern = "x", body)', 'arguments without a name come before those with one'],
    ['IsMatch(body, target = "x")', 'target is given twice'],
    ['IsMatch(body, "(")', 'column 15: IsMatch: pattern is no pattern: a "(" without its ")"'],
    ['IsMatch(body, attributes["p"])', 'pattern must be written out here; it cannot come from a record'],
    ['HasPrefix(5, "x")', 'value must be a string, got int'],
    ['body == 9223372036854775808', 'column 9: an int must fit into 64 bits'],
    ['SHA256 == "x"', 'expected "(" behind SHA256'],
    ['Duration("soon") > Duration("1s")', 'Duration takes a text such as "1h30m"'],
    [`${'('.repeat(99)}true${')'.repeat(99)}`, 'expected at most 60 levels'],
  ])('%s', (condition, message) => {
    expect(() => compileCondition(condition)).toThrow(RangeError);
    expect(() => compileCondition(condition)).toThrow(message);
  });

  test('the place in a long or broken line is still to be seen', () => {
    const padding = 'true and '.repeat(30);

    expect(() => compileCondition(`${padding}bdy == 1 ${'and true '.repeat(30)}`)).toThrow(/\n {4}….*bdy == 1 .*…\n +\^$/);
    expect(() => compileCondition('true and\n  bdy == 1\n  and true')).toThrow(
      'line 2, column 3: "bdy" is no field; did you mean "body"?\n      bdy == 1\n      ^',
    );
  });

  test('statements', () => {
    expect(() => compileStatement('body == "x"')).toThrow('expected an operator or the end');
    expect(() => compileStatement('Concat(["a"], "")')).toThrow(
      'Concat gives a value and edits nothing; write it inside an editor such as set',
    );
    expect(() => compileStatement('st(body, "x")')).toThrow('"st" is no editor; did you mean "set"?');
    expect(() => compileStatement('set(body, "x") where')).toThrow('got the end');
    expect(() => compileStatement('set("a", "x")')).toThrow('target must be a path');
    expect(() => compileStatement('set(severity_number.string, "x")')).toThrow('target cannot be set');
    expect(() => compileStatement('delete_key(severity_text, "x")')).toThrow('target must be a map');
  });
});

test('both sides of a comparison may be the constant', () => {
  expect(isTrue('SEVERITY_NUMBER_ERROR > severity_number and SEVERITY_NUMBER_INFO <= severity_number')).toBe(true);
  expect(isTrue('"warn" == attributes["level"] and "error" != attributes["level"]')).toBe(true);
});

test('a text compares by its bytes, wherever the value lies', () => {
  const batch = rowOf();
  batch.setBody(0, 'größe');
  const holds = (condition: string): boolean => compileCondition(condition)(batch, 0);

  expect(holds('body == "größe" and body != "grösse"')).toBe(true);
  expect(holds('HasPrefix(body, "grö") and HasSuffix(body, "ße") and not HasPrefix(body, "größer")')).toBe(true);
  expect(holds('IsMatch(body, "^.{5}$") and Len(body) == 7')).toBe(true);
  expect(holds('attributes["log.file.name"] == "app.log" and HasSuffix(attributes["log.file.name"], ".log")')).toBe(true);
});

test('Now and UUID are the host’s time and chance', () => {
  const environment = new Environment();
  environment.start(createTestHost({ clock: new FakeClock(TIME_MS), random: () => 0.5 }));

  expect(compileValue('UnixMilli(Now())', { environment })(rowOf(), 0)).toBe(TIME_MS);
  expect(compileValue('UUID()', { environment })(rowOf(), 0)).toBe('80808080-8080-4080-8080-808080808080');
  expect(compileValue('UUIDv7()', { environment })(rowOf(), 0)).toBe('019c0ee6-4095-7080-8080-808080808080');
});

test('resource and scope have their fields without a prefix in their own context', () => {
  const resource = compileCondition('attributes["service.name"] == "shop" and resource.attributes["service.name"] == "shop"', {
    context: 'resource',
  });
  const scope = compileCondition('name == "lib" and scope.version == "1.2" and resource.attributes["service.name"] == "shop"', {
    context: 'scope',
  });

  expect(resource(rowOf(), 0)).toBe(true);
  expect(scope(rowOf(), 0)).toBe(true);
  expect(() => compileCondition('body == "x"', { context: 'resource' })).toThrow('"body" is no field');
});
