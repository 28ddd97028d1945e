import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { isAuthenticator, isServerAuthenticator } from '#net';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { BasicAuthClient, BasicAuthServer, check } from './basic-auth.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'winnow-basic-'));
const path = join(folder, 'htpasswd');
const started: BasicAuthServer[] = [];

afterEach(async () => {
  for (const one of started.splice(0)) await one.shutdown();
});

const header = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function enters(server: BasicAuthServer, user: string, password: string): boolean {
  return server.authenticate(header(user, password)).isAllowed;
}

describe('a receiver', () => {
  test('lets in users with their passwords, plain or as digests, and names them', () => {
    const salt = Buffer.from('0123456789abcdef');
    const server = new BasicAuthServer({
      file: '',
      inline: [
        '# users',
        'plain:with:colon',
        `digest:{SHA256}${sha256('péter').toString('base64')}\r`,
        `salted:{SSHA256}${Buffer.concat([sha256('right', salt), salt]).toString('base64')}`,
        '',
      ].join('\n'),
    });

    expect(server.authenticate(header('plain', 'with:colon'))).toEqual({ isAllowed: true, subject: 'plain' });
    expect([enters(server, 'digest', 'péter'), enters(server, 'salted', 'right')]).toEqual([true, true]);
    expect([enters(server, 'digest', 'peter'), enters(server, 'salted', 'Right'), enters(server, 'plain', 'right')]).not.toContain(true);
    expect(enters(server, 'digest', `{SHA256}${sha256('péter').toString('base64')}`)).toBe(false);
  });

  test.for([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic !',
    'Bearer c2hvcDpyaWdodA==',
    'Basic c2hvcA==',
    'Basic OnJpZ2h0',
    'c2hvcDpyaWdodA==',
  ])('asks who sends %j for user and password', (authorization) => {
    const server = new BasicAuthServer({ file: '', inline: 'shop:right' });

    expect(server.authenticate(authorization === undefined ? {} : { authorization })).toEqual({
      isAllowed: false,
      challenge: 'Basic realm="winnow", charset="UTF-8"',
    });
  });

  test('never lets in a stranger, whatever is sent', () => {
    const server = new BasicAuthServer({ file: '', inline: 'shop:right' });
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, password) => {
        fc.pre(user !== 'shop' || password !== 'right');
        expect(enters(server, user, password)).toBe(false);
      }),
    );
  });

  test('follows its file, whose users yield to those of the configuration', async () => {
    fs.writeFileSync(path, 'shop:of-file\nbilling:right\n');
    const clock = new FakeClock();
    const server = new BasicAuthServer({ file: path, inline: 'shop:of-config' });
    started.push(server);
    await server.start(createTestHost({ clock }));
    expect([enters(server, 'shop', 'of-config'), enters(server, 'shop', 'of-file'), enters(server, 'billing', 'right')]).toEqual([
      true,
      false,
      true,
    ]);

    fs.writeFileSync(path, '');
    await clock.advance(1000);

    expect([enters(server, 'shop', 'of-config'), enters(server, 'billing', 'right')]).toEqual([true, false]);
  });
});

describe('a list of users', () => {
  test.for(['$2y$05$abc', '$apr1$x$y', '{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=', '$5$salt$hash', '$argon2id$v=19$x', '{SHA256}c2hvcnQ='])(
    'with %s is refused, and the line not quoted',
    (password) => {
      const [problem] = check({ htpasswd: { file: '', inline: `a:b\nshop:${password}` } });

      expect(problem).toMatchObject({ path: 'htpasswd.inline', message: expect.stringContaining('line 2: expected') });
      expect(problem?.message).not.toContain(password);
    },
  );

  test.for(['shop', ':right', 'shop:', 'a:b\na:c'])('with the lines %j is refused', (inline) => {
    expect(check({ htpasswd: { file: '', inline } })).toHaveLength(1);
  });

  test('that a variable has left empty is refused', () => {
    expect(check({ htpasswd: { file: '', inline: ' ' } })[0]?.message).toContain('neither is given');
    expect(check({})[0]?.message).toContain('neither is given');
  });
});

test('an exporter shows user and password, and only the side that is configured is offered', () => {
  const client = new BasicAuthClient({ username: 'shop', password: 'rïght' });
  const server = new BasicAuthServer({ file: '', inline: 'shop:rïght' });
  const { Authorization: authorization = '' } = client.authHeaders();

  expect(server.authenticate({ authorization })).toEqual({ isAllowed: true, subject: 'shop' });
  expect([isAuthenticator(client), isServerAuthenticator(client)]).toEqual([true, false]);
  expect([isAuthenticator(server), isServerAuthenticator(server)]).toEqual([false, true]);
  expect(check({ client_auth: { username: 'a:b', password: 'c' } })).toHaveLength(1);
});
