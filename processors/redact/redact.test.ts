import { describe, expect, test } from 'vitest';
import {
  LogBatch,
  createResource,
  createScope,
  createSharedAttributes,
  resourceAttributes,
  type AttributeValue,
  type Origin,
} from '#model';
import { LogsSink, deliver, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { RedactConfig } from './config.ts';
import { factory } from './index.ts';
import { RedactProcessor } from './redact.ts';
import { HARMLESS_COMMANDS, ORDINARY, PEM, SECRETS } from './secrets.fixture.ts';

const DEFAULTS = Object.fromEntries(
  Object.entries(factory.schema.properties).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
) as unknown as RedactConfig;

interface Row {
  readonly body?: AttributeValue;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

interface Run {
  readonly records: readonly SunkRecord[];
  readonly batch: LogBatch;
  readonly host: TestHost;
}

async function redact(
  config: Partial<RedactConfig>,
  rows: readonly Row[],
  { id = 'redact', prepare }: { id?: string; prepare?: (batch: LogBatch) => void } = {},
): Promise<Run> {
  const batch = new LogBatch();
  for (const { body = null, attributes = {} } of rows) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  }
  prepare?.(batch);
  const sink = new LogsSink();
  const host = createTestHost();
  const processor = new RedactProcessor({ ...DEFAULTS, ...config }, { id }, sink);
  await processor.start(host);
  deliver(batch);
  await processor.consume(batch);
  return { records: sink.records, batch, host };
}

const MASK = '[REDACTED]';
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
const escaped = (secret: string): string => JSON.stringify(secret).slice(1, -1);

describe.each(SECRETS)('%s: %s', (rule, secret, around) => {
  const line = around(secret);

  test('goes from the body, an attribute and nested values, and is counted', async () => {
    const row = { body: line, attributes: { note: line, nested: { list: [line, { deep: line }], n: 3 } } };

    const { records, host } = await redact({}, [row, { body: { message: line } }]);

    expect(text(records)).not.toContain(escaped(secret));
    const masked = line.replace(escaped(secret), MASK).replace(secret, MASK);
    expect(records[0]?.body).toBe(masked);
    expect(records[0]?.attributes).toEqual({ note: masked, nested: { list: [masked, { deep: masked }], n: 3 } });
    expect(records[1]?.body).toEqual({ message: masked });
    expect(host.metric('winnow_redact_redactions', { rule })).toBe(5);
  });

  test('is left when it was redacted before', async () => {
    const first = await redact({ action: 'hash' }, [{ body: line }]);
    const again = await redact({ action: 'hash' }, [{ body: first.records[0]?.body ?? null }]);

    expect(again.records[0]?.body).toBe(first.records[0]?.body);
  });
});

test.each([...ORDINARY, ...HARMLESS_COMMANDS])('nothing is taken from: %s', async (line) => {
  const { records } = await redact({}, [{ body: line, attributes: { note: line, nested: { line } } }]);

  expect(records[0]).toMatchObject({ body: line, attributes: { note: line, nested: { line } } });
});

describe('names that say secret', () => {
  test('have their values taken, whatever they are', async () => {
    const attributes = {
      Password: 'x',
      'http.request.header.authorization': 'Basic y',
      apiKey: 'z',
      'db-password': 12,
      refresh_token: new Uint8Array([65]),
    };
    const kept = { password: '', secret: true, tokens: 5, next_page_token: 'a', monkey: 'b' };

    const { records, host } = await redact({}, [{ attributes: { ...attributes, ...kept } }]);

    expect(records[0]?.attributes).toEqual({ ...Object.fromEntries(Object.keys(attributes).map((name) => [name, MASK])), ...kept });
    expect(host.metric('winnow_redact_redactions', { rule: 'keys' })).toBe(5);
  });

  test('may be values themselves, beside what they name', async () => {
    const env = [
      { name: 'DB_PASSWORD', value: 'x1' },
      { name: 'LEVEL', value: 'info' },
      { Key: 'api_key', Value: { a: 'y2' } },
    ];

    const { records } = await redact({}, [{ body: { env } }]);

    expect(records[0]?.body).toEqual({
      env: [
        { name: 'DB_PASSWORD', value: MASK },
        { name: 'LEVEL', value: 'info' },
        { Key: 'api_key', Value: { a: MASK } },
      ],
    });
  });

  test('count for all that is nested in them, and keep its shape', async () => {
    const credentials = { user: 'bob', list: ['a', 1, 2.5, null, true], deeper: { x: 'y' } };

    const { records } = await redact({}, [{ body: { credentials, other: 1 } }]);

    expect(records[0]?.body).toEqual({ credentials: { user: MASK, list: [MASK, MASK, MASK, null, true], deeper: { x: MASK } }, other: 1 });
  });

  test("may be the configuration's own, in names and in text", async () => {
    const { records } = await redact({ keys: ['date_of_birth', 'ssn'] }, [
      {
        body: 'dateOfBirth=1970 user.ssn: 123 lesson=4 {"date-of-birth":"x"}',
        attributes: { 'user.ssn': '1', DateOfBirth: '2', lesson: '3' },
      },
    ]);

    expect(records[0]?.body).toBe(`dateOfBirth=${MASK} user.ssn: ${MASK} lesson=4 {"date-of-birth":"${MASK}"}`);
    expect(records[0]?.attributes).toEqual({ 'user.ssn': MASK, DateOfBirth: MASK, lesson: '3' });
  });

  test('are left alone when they are ignored', async () => {
    const attributes = { password: 'x', nested: { token: 'y' } };

    expect((await redact({ ignored_keys: ['password', 'nested'] }, [{ attributes }])).records[0]?.attributes).toEqual(attributes);
  });
});

describe('personal data', () => {
  const line =
    'from 10.0.0.1, [2001:db8::1] or fe80::1 by bob.smith+x@mail.example.org, call +49 (30) 901820 or +1-202-555-0100; v1.2.3 14:13:20 a@b';

  test('stays unless asked for', async () => {
    expect((await redact({}, [{ body: line }])).records[0]?.body).toBe(line);
  });

  test('goes when asked for', async () => {
    const { records } = await redact({ rules: { ip: true, email: true, phone: true }, mask: '<{rule}>' }, [{ body: line }]);

    expect(records[0]?.body).toBe('from <ip>, [<ip>] or <ip> by <email>, call <phone> or <phone>; v1.2.3 14:13:20 a@b');
  });
});

describe('a hash', () => {
  const hash = async (key: string, body = 'password=hunter2'): Promise<unknown> =>
    (await redact({ action: 'hash', hash_key: key, hash_digits: 32 }, [{ body }])).records[0]?.body;

  test('is the same for the same key and value, and another for others', async () => {
    const one = await hash('a');

    expect(one).toMatch(/^password=\[HASH:[0-9a-f]{32}\]$/);
    expect(await hash('a')).toBe(one);
    expect(await hash('b')).not.toBe(one);
    expect(await hash('a', 'password=hunter3')).not.toBe(one);
    expect(await hash('')).not.toBe(await hash(''));
  });

  test('may be for some rules only', async () => {
    const { records } = await redact({ rules: { card: 'hash', jwt: false } }, [{ body: `card 4111111111111111 password=x` }]);

    expect(records[0]?.body).toMatch(/^card \[HASH:[0-9a-f]{16}\] password=\[REDACTED\]$/);
  });

  test('becomes a mask where a record has too many', async () => {
    const { records } = await redact({ action: 'hash', hashes_max: 2 }, [
      { body: 'password=a password=b password=c' },
      { body: 'password=d' },
    ]);

    expect(records[0]?.body).toMatch(/^password=\[HASH:\w+\] password=\[HASH:\w+\] password=\[REDACTED\]$/);
    expect(records[1]?.body).toMatch(/^password=\[HASH:/);
  });

  test('does not show its key', async () => {
    const { host, records } = await redact({ action: 'hash', hash_key: 'our-own-key' }, [{ body: 'password=x' }]);

    expect(text([host.lines, host.reported, records])).not.toContain('our-own-key');
  });
});

test("patterns of one's own, and what is allowed", async () => {
  const config: Partial<RedactConfig> = {
    rules: { ip: true },
    patterns: [{ name: 'customer', pattern: 'C-[0-9]{8}' }],
    allow: ['^127\\.', '^C-0{8}$'],
  };

  const { records, host } = await redact(config, [
    { body: 'C-12345678 é C-00000000 at 127.0.0.1 and 10.0.0.1', attributes: { a: 'C-87654321' } },
  ]);

  expect(records[0]).toMatchObject({ body: `${MASK} é C-00000000 at 127.0.0.1 and ${MASK}`, attributes: { a: MASK } });
  expect(host.metric('winnow_redact_redactions', { rule: 'customer' })).toBe(2);
});

test('what rows share, resources, scopes and event names are redacted too', async () => {
  const line = 'run --password hunter2';

  const { batch, records } = await redact({}, [{ body: 'x' }, { body: 'y' }], {
    prepare: (made) => {
      made.resourceOf.fill(made.addResource(createResource({ 'process.command_line': line, 'service.name': 'a' })));
      made.sharedOf.fill(made.addShared(createSharedAttributes({ 'log.file.name': 'app.log', note: line, token: 'abc' })));
      made.scopeOf.fill(made.addScope(createScope('lib')));
      made.setEventName(0, line);
    },
  });

  const masked = `run --password ${MASK}`;
  expect(resourceAttributes(batch.resources[batch.resourceOf[0] as number] as Origin)).toEqual({
    'process.command_line': masked,
    'service.name': 'a',
  });
  expect(records[1]?.attributes).toEqual({ 'log.file.name': 'app.log', note: masked, token: MASK });
  expect(batch.eventName(0)).toBe(masked);
});

test('a number that is a card goes, others stay numbers', async () => {
  const { records } = await redact({}, [{ attributes: { a: 4111111111111111, b: 4111111111111112, c: 1769000000123, d: 0.5 } }]);

  expect(records[0]?.attributes).toEqual({ a: MASK, b: 4111111111111112, c: 1769000000123, d: 0.5 });
});

test('a batch that was refused is not redacted twice', async () => {
  const sink = new LogsSink();
  const processor = new RedactProcessor(
    { ...DEFAULTS, patterns: [{ name: 'all', pattern: '.+' }], mask: 'x{rule}' },
    { id: 'redact' },
    sink,
  );
  const batch = new LogBatch();
  batch.setBody(batch.addRow(0, 0, 0), 'abc');
  deliver(batch);
  sink.isRefusing = true;

  await expect(processor.consume(batch)).rejects.toThrow('the test says no');
  sink.isRefusing = false;
  await processor.consume(batch);

  expect(sink.bodies).toEqual(['xall']);
});

describe('under the name redaction', () => {
  const collector = (config: Partial<RedactConfig>, ...rows: Row[]): Promise<Run> => redact(config, rows, { id: 'redaction/x' });

  test('only what is allowed stays, and no other rule is on', async () => {
    const { records } = await collector(
      { allowed_keys: ['id'], ignored_keys: ['safe'] },
      { body: `password=x ${PEM}`, attributes: { id: 'token=y', name: 'bob', safe: 1 } },
    );

    expect(records[0]).toMatchObject({ body: `password=x ${PEM}`, attributes: { id: 'token=y', safe: 1 } });
    expect(records[0]?.attributes).not.toHaveProperty('name');
  });

  test('values and keys are blocked, allowed, and told of', async () => {
    const config: Partial<RedactConfig> = {
      allow_all_keys: false,
      allowed_keys: ['card', 'mail', 'my_token', 'n'],
      blocked_key_patterns: ['.*token.*'],
      blocked_values: ['4[0-9]{12}(?:[0-9]{3})?', '[a-z]+@[a-z]+\\.com'],
      allowed_values: ['.+@mycompany\\.com'],
      summary: 'debug',
    };

    const { records } = await collector(config, {
      body: 'card 4111111111111111',
      attributes: { card: '4111111111111111 x', mail: 'a@mycompany.com', my_token: 'abc', n: 4111111111111111, gone: 1 },
    });

    expect(records[0]).toMatchObject({
      body: 'card ****',
      attributes: {
        card: '**** x',
        mail: 'a@mycompany.com',
        my_token: '****',
        n: 4111111111111111,
        'redaction.redacted.keys': 'gone',
        'redaction.redacted.count': 1,
        'redaction.masked.keys': 'card,my_token',
        'redaction.masked.count': 2,
        'redaction.allowed.keys': 'mail',
        'redaction.allowed.count': 1,
      },
    });
  });

  test.each([
    ['md5', '098f6bcd4621d373cade4e832627b4f6'],
    ['sha1', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3'],
    ['sha3', '36f028580bb02cc8272a9a020f4200e346e276ae664e45ee80745574e2f5ab80'],
  ] as const)('%s stands where the value was', async (hash_function, hash) => {
    const { records } = await collector(
      { allow_all_keys: true, blocked_values: ['test'], hash_function, redact_all_types: true },
      { attributes: { a: 'a test', b: ['test'] } },
    );

    expect(records[0]?.attributes).toEqual({ a: `a ${hash}`, b: `["${hash}"]` });
  });

  test('counts are told without names at info, and nothing when silent', async () => {
    const row = { attributes: { a: 'test' } };
    const config: Partial<RedactConfig> = { allow_all_keys: true, blocked_values: ['test'] };

    expect((await collector({ ...config, summary: 'info' }, row)).records[0]?.attributes).toEqual({
      a: '****',
      'redaction.masked.count': 1,
    });
    expect((await collector(config, row)).records[0]?.attributes).toEqual({ a: '****' });
  });
});
