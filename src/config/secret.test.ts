import { describe, expect, test } from 'vitest';
import { joinPath } from './node.ts';
import { isSecretKey, REDACTED, redact } from './secret.ts';

describe('a key', () => {
  test.each([
    'password',
    'db_password',
    'api_key',
    'apiKey',
    'X-Api-Key',
    'Authorization',
    'token',
    'bearer_token',
    'client.secret',
    'private_key',
    'key_pem',
    'Cookie',
  ])('%s hides its value', (key) => expect(isSecretKey(key)).toBe(true));

  test.each(['key', 'key_file', 'max_keys', 'monkey', 'tokenizer', 'start_at', 'passwords_file'])('%s does not', (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

describe('redacting', () => {
  test('hides values by key, by path, by the name beside them, and below a secret map', () => {
    const value = {
      token: 'a',
      plain: 'b',
      byPath: { inner: ['c', 1] },
      headers: [
        { name: 'Authorization', value: 'd' },
        { name: 'X', value: 'e' },
      ],
      credentials: { user: 'f' },
      empty: { password: '' },
    };

    expect(redact(value, new Set(['byPath']), joinPath)).toEqual({
      token: REDACTED,
      plain: 'b',
      byPath: { inner: [REDACTED, REDACTED] },
      headers: [
        { name: 'Authorization', value: REDACTED },
        { name: 'X', value: 'e' },
      ],
      credentials: { user: REDACTED },
      empty: { password: '' },
    });
  });

  test('hides the user in a URL and nothing else of it', () => {
    expect(redact('postgres://me:pw@host/db?a=b@c', new Set(), joinPath)).toBe(`postgres://${REDACTED}@host/db?a=b@c`);
    expect(redact('mailto me@host', new Set(), joinPath)).toBe('mailto me@host');
  });
});
