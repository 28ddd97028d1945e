/** The documented examples of the Collector's functions, and what its documentation says of odd arguments. */
import { describe, expect, test } from 'vitest';
import { Double, LogBatch, createResource, type AttributeValue } from '#model';
import { OttlProblem, compileStatement, compileValue, type OttlValue } from './index.ts';
import { Duration, Time } from './time-values.ts';

function rowOf(attributes: Readonly<Record<string, AttributeValue>> = {}, body: AttributeValue = 'a body'): LogBatch {
  const batch = new LogBatch();
  const row = batch.addRow(0, 0, 0);
  batch.setBody(row, body);
  for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  batch.resourceOf[row] = batch.addResource(createResource({ 'service.name': 'shop', env: 'prod' }));
  return batch;
}

const valueOf = (expression: string, batch: LogBatch = rowOf()): OttlValue => compileValue(expression)(batch, 0);

describe('texts', () => {
  test.each<[string, OttlValue]>([
    ['Concat(["HTTP method is: ", "GET"], "")', 'HTTP method is: GET'],
    ['Concat(["a", 1, 1.5, true, nil, 0x0aff, [1], {}], "|")', 'a|1|1.5|true|<nil>|0aff||'],
    ['Split("a|b|c", "|")', ['a', 'b', 'c']],
    ['Split("a|b|c", "|")[1]', 'b'],
    ['Substring("123456789", 0, 3)', '123'],
    ['Substring("一二三", 0, 4, true)', '一'],
    ['Trim(" this is a test ", " ")', 'this is a test'],
    ['Trim("!!this is a test!!", "!!")', 'this is a test'],
    ['TrimPrefix("ingest_service", "ingest_")', 'service'],
    ['TrimSuffix("ingest_service", "_service")', 'ingest'],
    ['HasPrefix("ingest_service", "ingest_")', true],
    ['HasSuffix("ingest_service", "_service")', true],
    ['ConvertCase("myMetric", "snake")', 'my_metric'],
    ['ConvertCase("my_metric", "camel")', 'MyMetric'],
    ['ConvertCase("MY_METRIC", "lower")', 'my_metric'],
    ['ToUpperCase("my_metric")', 'MY_METRIC'],
    ['ToCamelCase("my_metric_name")', 'MyMetricName'],
    ['ToSnakeCase("MyMetricName")', 'my_metric_name'],
    ['IsMatch("string", ".*ring")', true],
    ['IsMatch(404, "^40")', true],
    ['IsMatch({"a": [1]}, "\\\\[1\\\\]")', true],
    ['Index("hello world", "world")', 6],
    ['Index(["a", "error"], "error")', 1],
    ['Index("größe", "e")', 6],
    ['Len("größe")', 7],
    ['Len([1, 2])', 2],
    ['Len({"a": 1})', 1],
    ['Format("%02d", [7])', '07'],
    ['Format("%04d-%02d-%02d", [2026, 1, 30])', '2026-01-30'],
    ['Format("%s is %5.2f%% (%v) %x %q|%-4s|", ["x", 1.234, true, 255, "q", "l"])', 'x is  1.23% (true) ff "q"|l   |'],
    ['Format("%d %s", ["x"])', '%!d(string=x) %!s(MISSING)'],
    ['Format("%s %d %d", [1, 1.5, nil, 2])', '%!s(int64=1) %!d(float64=1.5) %!d(<nil>)%!(EXTRA int64=2)'],
    ['Base64Encode("test string")', 'dGVzdCBzdHJpbmc='],
    ['Base64Encode("??>", "base64-raw-url")', 'Pz8-'],
    ['Decode("aGVsbG8gd29ybGQ=", "base64")', 'hello world'],
    ['Base64Decode("aGVsbG8gd29ybGQ=")', 'hello world'],
  ])('%s', (expression, expected) => expect(valueOf(expression)).toEqual(expected));
});

describe('conversions', () => {
  test.each<[string, OttlValue]>([
    ['Int("12")', 12],
    ['Int("2.0")', null],
    ['Int(-2.9)', -2],
    ['Int(true)', 1],
    ['Int("9223372036854775807")', 9223372036854775807n],
    ['Int("9223372036854775808")', null],
    ['Double("2.0")', new Double(2)],
    ['Double("x")', null],
    ['Double(1)', new Double(1)],
    ['Bool("true")', true],
    ['Bool("0")', false],
    ['Bool("maybe")', null],
    ['Bool(0.5)', true],
    ['String([1,2,3])', '[1,2,3]'],
    ['String(false)', 'false'],
    ['String(0x0aff)', '0aff'],
    ['String(nil)', null],
    ['IsInt(1)', true],
    ['IsInt(1.0)', false],
    ['IsDouble(1.0)', true],
    ['IsString("x")', true],
    ['IsBool(false)', true],
    ['IsBool(42)', false],
    ['IsMap({})', true],
    ['IsList([])', true],
    ['IsEmpty("")', true],
    ['IsEmpty({"a": 1})', false],
    ['IsEmpty(attributes["none"])', true],
    ['ParseInt("0b1111_0000", 0)', 240],
    ['ParseInt("-0xFF", 0)', -255],
    ['ParseInt("-0o123", 0)', -83],
    ['ParseInt("AA", 16)', 170],
    ['ParseInt("-20", 8)', -16],
    ['SHA1("name")', '6ae999552a0d2dca14d62e2bc8b764d377b1dd6c'],
    ['SHA256("name")', '82a3537ff0dbce7eec35d69edc3a189ee6f17d82f353a553f9aa96cb0be3ce89'],
    ['MD5("name")', 'b068931cc450442b63f5b3d276ea4297'],
    ['FNV("hello world")', 8618312879776256743n],
    ['Hex("1")', '31'],
    ['IsValidLuhn("17893729974")', true],
    ['IsValidLuhn(17893729975)', false],
    ['Log(1)', new Double(0)],
    ['Coalesce([attributes["user.id"], nil, "unknown"])', 'unknown'],
    ['ContainsValue([1, 2, 3, 4, 5], 3)', true],
    ['ContainsValue(["GET", "PUT"], "POST")', false],
    ['Keys({"k1": "v1", "k2": "v2"})', ['k1', 'k2']],
    ['Values({"k1": "v1", "k2": 2})', ['v1', 2]],
    ['Sort([3, 1, 2.5], "desc")', [3, 2.5, 1]],
    ['Sort(["b", true, 10])', [10, 'b', true]],
    ['SliceToMap([{"name": "foo", "value": 2}, {"name": "bar", "value": 5}], ["name"], ["value"])', { foo: 2, bar: 5 }],
    ['SliceToMap([{"a": 1}])', { '0': { a: 1 } }],
    ['IsInCIDR("192.168.4.5", ["10.0.0.0/8", "192.168.0.0/16"])', true],
    ['IsInCIDR("2001:db8::1", ["2001:db8::/32"])', true],
    ['IsInCIDR("8.8.8.8", ["10.0.0.0/8"])', false],
  ])('%s', (expression, expected) => expect(valueOf(expression)).toEqual(expected));
});

describe('times', () => {
  test.each<[string, OttlValue]>([
    ['Time("02/04/2023", "%m/%d/%Y", "UTC")', new Time(Date.UTC(2023, 1, 4))],
    ['Time("2023-05-26 12:34:56", "%Y-%m-%d %H:%M:%S", "America/New_York")', new Time(Date.UTC(2023, 4, 26, 16, 34, 56))],
    ['Time("2023-05-26T12:34:56.123456789Z", "2006-01-02T15:04:05Z07:00")', new Time(Date.UTC(2023, 4, 26, 12, 34, 56, 123), 456_789)],
    ['FormatTime(Time("02/04/2023", "%m/%d/%Y", "UTC"), "%A %h %e %Y")', 'Saturday Feb  4 2023'],
    ['FormatTime(Unix(1700000000, 120000000), "%Y-%m-%dT%H:%M:%S.%L%j")', '2023-11-14T22:13:20.120+00:00'],
    ['FormatTime(Unix(1700000000, 120000000), "2006-01-02T15:04:05.999Z07:00")', '2023-11-14T22:13:20.12Z'],
    ['FormatTime(Unix(1700000000), "%c")', 'Tue Nov 14 22:13:20 2023'],
    ['UnixSeconds(Time("02/04/2023", "%m/%d/%Y", "UTC"))', 1_675_468_800],
    ['UnixMilli(Unix(5, 6000000))', 5006],
    ['UnixNano(Unix(1700000000, 1))', 1_700_000_000_000_000_001n],
    ['TruncateTime(Unix(1700000001), Duration("1h"))', new Time(1_699_999_200_000)],
    ['Year(Unix(1700000000))', 2023],
    ['Month(Unix(1700000000))', 11],
    ['Weekday(Unix(1700000000))', 2],
    ['Hour(Unix(1700000000))', 22],
    ['Nanosecond(Unix(1, 7))', 7],
    ['Hours(Duration("1h"))', new Double(1)],
    ['Minutes(Duration("90s"))', 1.5],
    ['Milliseconds(Duration("1h"))', 3_600_000],
    ['Nanoseconds(Duration("1.5us"))', 1500],
    ['Duration("1000000h")', new Duration(3_600_000_000_000_000_000n)],
    ['String(Duration("90m1.5s"))', '1h30m1.5s'],
    ['String(Unix(1700000000, 1000))', '2023-11-14T22:13:20.000001Z'],
  ])('%s', (expression, expected) => expect(valueOf(expression)).toEqual(expected));
});

describe('parsers', () => {
  test.each<[string, OttlValue]>([
    ['ParseJSON("{\\"attr\\":true}")', { attr: true }],
    ['ParseJSON("[\\"attr1\\",\\"attr2\\"]")', ['attr1', 'attr2']],
    ['ParseJSON("{\\"n\\":12345678901234567}")', { n: 12_345_678_901_234_567n }],
    ['ParseKeyValue("k1=v1 k2=v2 k3=v3")', { k1: 'v1', k2: 'v2', k3: 'v3' }],
    ['ParseKeyValue("k1!v1_k2!v2_k3!v3", "!", "_")', { k1: 'v1', k2: 'v2', k3: 'v3' }],
    ['ParseKeyValue("a=\\"x y\\" b=\'z = 1\' c=")', { a: 'x y', b: 'z = 1', c: '' }],
    [
      'ParseCSV("999-999-9999,Joe Smith,joe.smith@example.com", "phone,name,email")',
      { phone: '999-999-9999', name: 'Joe Smith', email: 'joe.smith@example.com' },
    ],
    [
      'ParseCSV("\\"555-555-5556,Joe Smith\\",joe.smith@example.com", "phone,name,email", mode="ignoreQuotes")',
      { phone: '"555-555-5556', name: 'Joe Smith"', email: 'joe.smith@example.com' },
    ],
    ['ParseCSV("\\"a\\"\\"b\\"|c|", "x,y,z", delimiter="|", headerDelimiter=",")', { x: 'a"b', y: 'c', z: '' }],
    ['ExtractPatterns("GIT_SHA=abc12 by me", "GIT_SHA=(?P<sha>\\\\w+)(?: by (?P<who>\\\\w+))?")', { sha: 'abc12', who: 'me' }],
    ['ExtractPatterns("nothing", "GIT_SHA=(?P<sha>\\\\w+)")', {}],
    [
      'ExtractGrokPatterns("smith:pass123:1001", "%{USERNAME:user.name}:%{PASSWORD:user.password}:%{INT:user.id:int}", true, ["PASSWORD=%{WORD}"])',
      { 'user.name': 'smith', 'user.password': 'pass123', 'user.id': 1001 },
    ],
    ['ExtractGrokPatterns("12 x", "%{INT} %{WORD:w}")', { INT: '12', w: 'x' }],
    ['ToKeyValueString({"k1":"v=1","k2":"v2","k3":"\\"v=3\\""})', 'k1="v=1" k2=v2 k3="\\"v=3\\""'],
    ['ToKeyValueString({"b": {"c": [1]}, "a": 1}, ":", ",", true)', 'a:1,b:"{\\"c\\":[1]}"'],
    [
      'URL("http://www.example.com")',
      { 'url.original': 'http://www.example.com', 'url.scheme': 'http', 'url.domain': 'www.example.com', 'url.path': '' },
    ],
    [
      'URL("/cart/item.tar.gz?id=7#top")',
      {
        'url.original': '/cart/item.tar.gz?id=7#top',
        'url.scheme': '',
        'url.domain': '',
        'url.path': '/cart/item.tar.gz',
        'url.fragment': 'top',
        'url.extension': 'gz',
        'url.query': 'id=7',
      },
    ],
    ['URL("http://myusername:mypassword@www.example.com:80/foo.gif?key1=val1&key2=val2#fragment")["url.port"]', 80],
    ['ParseSeverity(250, {"info": [{"equals": ["inf"]}, {"range": {"min": 200, "max": 299}}]})', 'info'],
    ['ParseSeverity("inf", {"info": [{"equals": ["inf"]}], "error": [{"range": "5xx"}]})', 'info'],
    ['ParseSeverity(503, {"info": [{"equals": ["inf"]}], "error": [{"range": "5xx"}]})', 'error'],
  ])('%s', (expression, expected) => expect(valueOf(expression)).toEqual(expected));
});

describe('fails on a record', () => {
  test.each([
    ['ParseJSON(attributes["s"])', 'ParseJSON: target must hold an object or an array'],
    ['ParseJSON(attributes["open"])', 'ParseJSON: target is no JSON'],
    ['ParseJSON(attributes["deep"])', 'nested deeper than 64'],
    ['ParseKeyValue(attributes["s"])', 'there is no "="'],
    ['ParseCSV(attributes["s"], "a,b")', 'expected 2 fields, got 1'],
    ['Substring(attributes["s"], 0, 99)', 'beyond the 4 bytes'],
    ['Time(attributes["s"], "%Y")', 'is no time of the layout "%Y"'],
    ['Duration(attributes["s"])', 'Duration takes a text such as "1h30m"'],
    ['ParseInt(attributes["s"], 10)', 'must be an int of base 10'],
    ['IsInCIDR(attributes["s"], ["10.0.0.0/8"])', 'must be an IP address'],
    ['URL(attributes["s"])', 'is no URL'],
    ['URL(attributes["port"])', 'is no URL'],
    ['Duration(attributes["long"])', 'Duration takes a text such as "1h30m"'],
    ['Hours(attributes["s"])', 'value must be a duration, got string "text"'],
    ['TraceID(attributes["s"])', 'takes 16 bytes'],
  ])('%s', (expression, message) => {
    const batch = rowOf({
      s: 'text',
      port: 'http://host:80x/',
      long: '2562048h',
      open: '{"a":',
      deep: `${'['.repeat(100)}${']'.repeat(100)}`,
    });

    expect(() => valueOf(expression, batch)).toThrow(OttlProblem);
    expect(() => valueOf(expression, batch)).toThrow(message);
  });
});

/** Runs a statement on a record with these attributes, and gives what became of them. */
function edited(statement: string, attributes: Readonly<Record<string, AttributeValue>>): Record<string, AttributeValue> {
  const batch = rowOf(attributes);
  compileStatement(statement)(batch, 0);
  return Object.fromEntries(batch.attributesOf(0));
}

const NESTED = { name: 'test', address: { street: 'first', house: 1234 }, occupants: ['user 1', 'user 2'] };
const CONFLICTS = {
  address: { street: { number: 'first' }, house: '1234' },
  'address.street': { number: ['second', 'third'] },
  'address.street.number': 'fourth',
  occupants: ['user 1', 'user 2'],
};

describe('editors', () => {
  test.each<[string, Readonly<Record<string, AttributeValue>>, Readonly<Record<string, AttributeValue>>]>([
    ['set(attributes["http.path"], "/foo")', {}, { 'http.path': '/foo' }],
    ['set(attributes["a"], attributes["none"])', { a: 1 }, { a: 1 }],
    ['set(attributes["a"], attributes["b"])', { b: 'text' }, { b: 'text', a: 'text' }],
    ['set(attributes["a"]["b"]["c"], 1)', {}, { a: { b: { c: 1 } } }],
    ['set(attributes["a"][1], 9)', { a: [1, 2] }, { a: [1, 9] }],
    ['set(attributes, {"x": 1})', { a: 1 }, { x: 1 }],
    ['append(attributes["tags"], "prod")', { tags: ['a'] }, { tags: ['a', 'prod'] }],
    ['append(attributes["tags"], values = ["staging", "staging:east"])', { tags: 'one' }, { tags: ['one', 'staging', 'staging:east'] }],
    ['append(attributes["copy"], attributes["tags"])', { tags: ['a', 'b'] }, { tags: ['a', 'b'], copy: ['a', 'b'] }],
    ['delete_index(attributes["tags"], 0)', { tags: [1, 2, 3] }, { tags: [2, 3] }],
    ['delete_index(attributes["tags"], 0, 3)', { tags: [1, 2, 3] }, { tags: [] }],
    ['delete_index(attributes["tags"], Len(attributes["tags"]) - 1)', { tags: [1, 2, 3] }, { tags: [1, 2] }],
    ['delete_key(attributes, "secret")', { secret: 'x', a: 1 }, { a: 1 }],
    ['delete_key(attributes["a"], "b")', { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
    ['delete_matching_keys(attributes, "(?i).*password.*")', { Password: 'x', 'user.password': 'y', a: 1 }, { a: 1 }],
    ['keep_matching_keys(attributes, "(?i).*version.*")', { 'os.Version': '1', a: 1 }, { 'os.Version': '1' }],
    ['keep_keys(attributes, ["http.method"])', { 'http.method': 'GET', a: 1 }, { 'http.method': 'GET' }],
    ['limit(attributes, 2, ["c"])', { a: 1, b: 2, c: 3 }, { a: 1, c: 3 }],
    ['merge_maps(attributes, {"a": 2, "b": 3}, "upsert")', { a: 1 }, { a: 2, b: 3 }],
    ['merge_maps(attributes, {"a": 2, "b": 3}, "insert")', { a: 1 }, { a: 1, b: 3 }],
    ['merge_maps(attributes, {"a": 2, "b": 3}, "update")', { a: 1 }, { a: 2 }],
    ['merge_maps(attributes, resource.attributes, "insert")', { env: 'dev' }, { env: 'dev', 'service.name': 'shop' }],
    ['merge_maps(attributes, ParseJSON(attributes["k"]), "upsert")', { k: '{"x":{"y":1}}' }, { k: '{"x":{"y":1}}', x: { y: 1 } }],
    [
      'stringify_all(attributes)',
      { i: 42, d: 3.14, b: true, m: { a: 1 }, l: [1], n: null },
      { i: '42', d: '3.14', b: 'true', m: '{"a":1}', l: '[1]', n: '' },
    ],
    ['truncate_all(attributes, 4)', { a: 'größe', b: 'abc', c: 12345 }, { a: 'grö', b: 'abc', c: 12345 }],
    ['truncate_all(attributes, 100, truncation_marker = "(truncated)")', { a: 'x'.repeat(101) }, { a: `${'x'.repeat(89)}(truncated)` }],
    ['truncate_all(attributes["m"], 2)', { m: { a: 'xyz' }, b: 'xyz' }, { m: { a: 'xy' }, b: 'xyz' }],
    [
      'flatten(attributes)',
      NESTED,
      { name: 'test', 'address.street': 'first', 'address.house': 1234, 'occupants.0': 'user 1', 'occupants.1': 'user 2' },
    ],
    ['flatten(attributes, "app")', { a: { b: 1 } }, { 'app.a.b': 1 }],
    ['flatten(attributes, depth=2)', { '0': { '1': { '2': { '3': { '4': 'value' } } } } }, { '0.1.2': { '3': { '4': 'value' } } }],
    ['flatten(attributes, depth=0)', NESTED, NESTED],
    [
      'flatten(attributes, resolveConflicts=true)',
      CONFLICTS,
      {
        'address.street.number': 'first',
        'address.house': '1234',
        'address.street.number.0': 'second',
        'address.street.number.1': 'third',
        occupants: 'user 1',
        'occupants.0': 'user 2',
        'address.street.number.2': 'fourth',
      },
    ],
    [
      'replace_pattern(attributes["cmd"], "password\\\\=[^\\\\s]*(\\\\s?)", "password=***")',
      { cmd: 'run password=x now' },
      { cmd: 'run password=***now' },
    ],
    ['replace_pattern(attributes["n"], "^kube_([0-9A-Za-z]+_)", "k8s.$1.")', { n: 'kube_pod_name' }, { n: 'k8s.pod_.name' }],
    ['replace_pattern(attributes["n"], "(?P<a>\\\\w)-(\\\\w)", "${2}$a$$$3")', { n: 'x-y z-w' }, { n: 'yx$ wz$' }],
    ['replace_pattern(attributes["n"], "b+", "<$0>")', { n: 'abbc' }, { n: 'a<bb>c' }],
    [
      'replace_pattern(attributes["n"], "name", "$0", SHA256, "k8s.%s")',
      { n: 'a name' },
      { n: 'a k8s.82a3537ff0dbce7eec35d69edc3a189ee6f17d82f353a553f9aa96cb0be3ce89' },
    ],
    [
      'replace_all_patterns(attributes, "value", "/account/\\\\d{4}", "/account/{accountId}")',
      { a: '/account/1234/x', b: 1 },
      { a: '/account/{accountId}/x', b: 1 },
    ],
    [
      'replace_all_patterns(attributes, "key", "^kube_([0-9A-Za-z]+_)", "k8s.$1.")',
      { kube_pod_name: 1, a: 2 },
      { a: 2, 'k8s.pod_.name': 1 },
    ],
    [
      'replace_match(attributes["http.target"], "/user/*/list/*", "/user/{userId}/list/{listId}")',
      { 'http.target': '/user/12/list/34' },
      { 'http.target': '/user/{userId}/list/{listId}' },
    ],
    ['replace_match(attributes["t"], "/user/*/list/*", "x")', { t: '/user/1/2/list/3' }, { t: '/user/1/2/list/3' }],
    [
      'replace_all_matches(attributes, "GET [a-c]?z", "x", MD5, "/%s")',
      { a: 'GET b.z', b: 'GET d.z' },
      { a: '/9dd4e461268c8034f5c8564e155c67a6', b: 'GET d.z' },
    ],
  ])('%s', (statement, before, after) => expect(edited(statement, before)).toEqual(after));

  test('set fields that have a type of their own', () => {
    const batch = rowOf();
    const run = (statement: string): void => compileStatement(statement)(batch, 0);

    run('set(severity_number, SEVERITY_NUMBER_ERROR2)');
    run('set(severity_text, "ERR")');
    run('set(time, Unix(1700000000, 5))');
    run('set(observed_time_unix_nano, 1700000000000000007)');
    run('set(trace_id, TraceID("a389023abaa839283293ed323892389d"))');
    run('set(span_id.string, "0102030405060708")');
    run('set(flags, 1)');
    run('set(event_name, "started")');
    run('set(body, {"a": 1.0, "b": Unix(1)})');
    run('set(body["c"], "new") where IsMap(body)');

    expect(batch.severity[0]).toBe(18);
    expect(batch.severityText(0)).toBe('ERR');
    expect([batch.timeMs[0], batch.timeNs[0], batch.observedMs[0], batch.observedNs[0]]).toEqual([1.7e12, 5, 1.7e12, 7]);
    expect([batch.traceId(0), batch.spanId(0)]).toEqual(['a389023abaa839283293ed323892389d', '0102030405060708']);
    expect([batch.rare?.flags[0], batch.eventName(0)]).toEqual([1, 'started']);
    expect(batch.body(0)).toEqual({ a: 1, b: 1_000_000_000, c: 'new' });
    expect(() => run('set(severity_number, 25)')).toThrow('severity_number must be an int from 0 to 24, got int 25');
    expect(() => run('set(severity_text, 5)')).toThrow('severity_text must be a string, got int 5');
    expect(() => run('set(span_id, 0x01)')).toThrow('span_id must have 8 bytes, got 1');
    expect(() => run('set(time, 5)')).toThrow('time must be a time, got int 5');
  });

  test('a whole double stays one', () => {
    const batch = rowOf({ a: 0 });

    compileStatement('set(attributes["a"], 2.0)')(batch, 0);

    expect(valueOf('IsDouble(attributes["a"])', batch)).toBe(true);
  });
});

test.each([
  ['FormatTime(Unix(0), "%Q")', '"%Q" is no directive of a strptime layout'],
  ['FormatTime(Unix(0), "")', 'the layout names no part of a time'],
])('%s is refused when it is compiled', (expression, message) => {
  expect(() => compileValue(expression)).toThrow(message);
});
