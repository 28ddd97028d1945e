import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DestinationError, RetryableError } from '#component';
import {
  basicAuthOf,
  HttpClient,
  isAuthenticator,
  parseHttpUrl,
  parseRetryAfter,
  proxyEnvironmentFor,
  proxyProblems,
  tlsProblems,
  toFault,
} from '#net';
import type { TlsClientConfig } from '#net';
import { supportedProxy } from './proxy.ts';
import { withoutSecrets } from './url.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { systemClock } from '../pipeline/system-clock.ts';

const TLS: TlsClientConfig = {
  insecure: false,
  insecure_skip_verify: false,
  server_name_override: '',
  include_system_ca_certs_pool: false,
  min_version: '1.2',
  max_version: '',
  reload_interval: '0s',
};

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);

  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
    ['Fri, 02 Jan 2025 03:04:35 GMT', 0],
    ['99999999999', 24 * 3600 * 1000],
    ['Fri, 02 Jan 2099 03:04:35 GMT', 24 * 3600 * 1000],
    ['soon', undefined],
    ['1.5', undefined],
    ['-1', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('takes %j for %j ms', (value, ms) => expect(parseRetryAfter(value, now)).toBe(ms));
});

describe('URLs', () => {
  test('are those that HTTP can be spoken to', () => {
    expect(parseHttpUrl('https://a.example:1/x')?.port).toBe('1');
    for (const text of ['a.example', 'localhost:4318', 'ftp://a.example', 'http://', '']) expect(parseHttpUrl(text)).toBeUndefined();
  });

  test('are shown without user, password and query', () => {
    expect(withoutSecrets(new URL('https://u:p@a.example/v1/logs?key=1#x'))).toBe('https://a.example/v1/logs');
  });

  test('may hold a user and a password, with or without a proper encoding', () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

    expect(basicAuthOf(new URL('http://a%40b:c@x'))).toBe(basic('a@b:c'));
    expect(basicAuthOf(new URL('http://u:100%@x'))).toBe(basic('u:100%'));
    expect(basicAuthOf(new URL('http://x'))).toBeUndefined();
  });
});

describe('proxies', () => {
  const environment = { HTTPS_PROXY: 'http://p:1', no_proxy: 'x.example', PATH: '/bin' };

  test('come from proxy_url, else from the environment', () => {
    const target = new URL('https://a.example');

    expect(proxyEnvironmentFor(target, 'http://q:2', environment)).toEqual({ HTTP_PROXY: 'http://q:2', HTTPS_PROXY: 'http://q:2' });
    expect(proxyEnvironmentFor(target, '', environment)).toEqual({ HTTPS_PROXY: 'http://p:1', no_proxy: 'x.example' });
    expect(proxyEnvironmentFor(target, '', { NO_PROXY: 'a' })).toBeUndefined();
  });

  test.each(['http://localhost:1', 'http://127.0.0.1', 'http://[::1]:4318'])('of the environment are not used for %s', (url) => {
    expect(proxyEnvironmentFor(new URL(url), '', environment)).toBeUndefined();
  });

  test('need a Node that knows them', () => {
    expect(supportedProxy({ HTTP_PROXY: 'x' }, '24.5.0')).toEqual({ HTTP_PROXY: 'x' });
    expect(() => supportedProxy({}, '24.4.1')).toThrow('proxy_url: a proxy needs Node 24.5 or newer, this is 24.4.1');
  });

  test('of other kinds are refused without showing the password', () => {
    expect(proxyProblems('http://p:1')).toEqual([]);
    expect(proxyProblems('')).toEqual([]);
    const [problem] = proxyProblems('socks5://u:secret@p:1');
    expect(problem?.path).toBe('proxy_url');
    expect(problem?.message).not.toContain('secret');
  });
});

test('what excludes each other in tls is named', () => {
  const paths = (config: Partial<TlsClientConfig>): string[] => tlsProblems({ ...TLS, ...config }).map(({ path }) => path);

  expect(paths({})).toEqual([]);
  expect(paths({ ca_file: 'a', ca_pem: 'b' })).toEqual(['tls.ca_pem']);
  expect(paths({ cert_file: 'a' })).toEqual(['tls.cert_file']);
  expect(paths({ key_pem: 'a' })).toEqual(['tls.key_file']);
  expect(paths({ min_version: '1.3', max_version: '1.2' })).toEqual(['tls.max_version']);
});

test('an authenticator is known by what it can do', () => {
  expect(isAuthenticator({ authHeaders: () => ({}) })).toBe(true);
  for (const other of [null, undefined, 'x', {}, { authHeaders: 1 }]) expect(isAuthenticator(other)).toBe(false);
});

describe('faults of the network', () => {
  const attempt = { who: 'x', where: 'https://a.example/' };
  const errorOf = (code: string, more: object = {}): Error => Object.assign(new Error(`something with ${code}`), { code, ...more });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ESOMETHING'])(
    '%s passes',
    (code) => {
      const fault = toFault(errorOf(code), attempt);

      expect(fault).toBeInstanceOf(RetryableError);
      expect(fault.message).toMatch(new RegExp(`^x: cannot reach https://a.example/: .*${code}`));
    },
  );

  test.each([
    ['CERT_HAS_EXPIRED', 'renewed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls.ca_file'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls.ca_file'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'server_name_override'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls.cert_file'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'http://'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'options of tls'],
    ['CERT_REVOKED', 'options of tls'],
    ['HPE_INVALID_CONSTANT', '4317 is gRPC'],
  ])('%s needs an operator', (code, advice) => {
    const fault = toFault(errorOf(code), attempt);

    expect(fault).toBeInstanceOf(DestinationError);
    expect(fault.message).toContain(advice);
  });

  test('a proxy that refuses needs an operator, one that fails does not', () => {
    const faultOf = (statusCode: number | undefined): Error => toFault(errorOf('ERR_PROXY_TUNNEL', { statusCode }), attempt);

    expect(faultOf(407)).toBeInstanceOf(DestinationError);
    expect(faultOf(403).message).toContain('must allow CONNECT');
    expect(faultOf(502)).toBeInstanceOf(RetryableError);
    expect(faultOf(undefined).message).toContain('no answer');
  });

  test('several addresses that failed are one fault', () => {
    expect(toFault(new AggregateError([errorOf('ECONNREFUSED'), errorOf('ENETUNREACH')]), attempt).message).toContain('ECONNREFUSED');
    expect(toFault('what', attempt).message).toContain('what');
  });
});

describe('HttpClient', () => {
  /** A server that answers the n-th request of all connections with `answers[n]`; undefined closes the connection. */
  async function serve(answers: readonly (string | undefined)[]): Promise<{ client: HttpClient; asked: () => number; close: () => void }> {
    let asked = 0;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        const answer = answers[asked++];
        if (answer === undefined) socket.destroy();
        else socket.write(answer);
      });
    });
    server.listen(0);
    await once(server, 'listening');
    const client = new HttpClient({
      id: 'x',
      url: new URL(`http://localhost:${(server.address() as AddressInfo).port}/`),
      tls: TLS,
      tlsReloadMs: 0,
      proxy: undefined,
      timeoutMs: 5000,
      connectionsMax: 1,
      idleConnectionsMax: 1,
      idleMs: 0,
      keepAlive: true,
      answerBytesMax: 10,
      host: createTestHost({ clock: systemClock, fs }),
    });
    const close = (): void => {
      client.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    return { client, asked: () => asked, close };
  }

  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  const post = (client: HttpClient, signal: AbortSignal = AbortSignal.timeout(5000)): ReturnType<HttpClient['post']> =>
    client.post(Buffer.from('x'), { 'content-length': '1' }, signal);

  test('repeats at once a request on a kept connection that had been closed, and no other', async () => {
    const { client, asked, close } = await serve([OK, undefined, OK, undefined, undefined]);

    expect((await post(client)).status).toBe(200);
    expect((await post(client)).status).toBe(200);
    expect(asked()).toBe(3);
    await expect(post(client)).rejects.toBeInstanceOf(RetryableError);
    expect(asked()).toBe(5);
    await expect(post(client)).rejects.toBeInstanceOf(RetryableError);
    expect(asked()).toBe(6);
    close();
  });

  test('cuts an answer that is too long, and takes one that breaks off', async () => {
    const { client, close } = await serve([
      `HTTP/1.1 400 No\r\n\r\n${'a'.repeat(1000)}`,
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
      OK,
    ]);

    expect(await post(client)).toMatchObject({ status: 400, body: Buffer.from('a'.repeat(10)) });
    const broken = post(client);
    setTimeout(() => close(), 50);
    expect(await broken).toMatchObject({ status: 200, body: Buffer.from('ab') });
  });

  test('knows a server that does not speak HTTP/1.1', async () => {
    // The first frame of HTTP/2, which a gRPC port sends.
    const { client, close } = await serve(['\0\0\x12\x04\0\0\0\0\0']);

    await expect(post(client)).rejects.toThrow('4317 is gRPC');
    close();
  });

  test('gives up when told to', async () => {
    const { client, close } = await serve(['']);

    await expect(post(client, AbortSignal.timeout(20))).rejects.toThrow('was given up');
    close();
  });
});
