import { describe, expect, test } from 'vitest';
import { DestinationError, PermanentError, RetryableError } from '#component';
import { interpretAnswer, type Question } from './answer.ts';
import { connectionsOf, urlOf } from './config.ts';
import { factory } from './index.ts';
import { encodeResponse, encodeStatus } from '../../test/helpers/otlp-proto.ts';
import { filled, type GivenConfig } from '../../test/helpers/otlp-exporter.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

describe('the configuration', () => {
  const problemsOf = (given: GivenConfig): string[] =>
    (factory.check?.(filled({ endpoint: 'http://x', ...given })) ?? []).map(({ path, message }) => `${path}: ${message}`);

  test.each([
    [{ endpoint: '' }, 'endpoint: expected "endpoint" or "logs_endpoint"'],
    [{ endpoint: 'localhost:4318' }, 'endpoint: expected an address that begins with http:// or https://, got "localhost:4318"'],
    [{ logs_endpoint: 'collect.example/v1/logs' }, 'logs_endpoint: expected an address'],
    [{ compression: 'gzip', compression_params: { level: 10 } }, 'compression_params.level: expected -2 to 9 for gzip, got 10'],
    [{ compression: 'zstd', compression_params: { level: -1 } }, 'compression_params.level: expected 0 to 22 for zstd, got -1'],
    [{ headers: { 'bad name': 'x' } }, 'headers.bad name: the name of a header'],
    [{ headers: { ok: 'secret\n' } }, 'headers.ok: the value has a line break'],
    [{ keepalive: {}, disable_keep_alives: true }, 'disable_keep_alives: cannot be given together with "keepalive"'],
    [{ proxy_url: 'socks5://p' }, 'proxy_url: expected the URL of an HTTP proxy'],
    [{ tls: { cert_file: 'a' } }, 'tls.cert_file: needs the private key'],
    [{ sending_queue: { batch: { max_size: 5000 } } }, 'sending_queue.batch.max_size: '],
    [{ sending_queue: { wait_for_result: true, storage: 'file_storage' } }, 'sending_queue.wait_for_result: '],
  ])('of %j is refused', (given, message) => {
    const problems = problemsOf(given);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test('does not show secrets in what it complains about', () => {
    expect(problemsOf({ endpoint: 'htp://user:secret@x', headers: { a: 'secret\n' } }).join()).not.toContain('secret');
  });

  test.each([
    [{ endpoint: 'http://x' }, 'http://x/v1/logs'],
    [{ endpoint: 'http://x/' }, 'http://x/v1/logs'],
    [{ endpoint: 'http://x/otlp/' }, 'http://x/otlp/v1/logs'],
    [{ endpoint: 'http://x/otlp?key=1' }, 'http://x/otlp/v1/logs?key=1'],
    [{ endpoint: 'http://x', logs_endpoint: 'http://y/in' }, 'http://y/in'],
  ])('%j sends to %s', (given, url) => expect(urlOf(filled(given), 'logs')?.href).toBe(url));

  test('says how connections are kept, in the new words and in the old', () => {
    const of = (given: GivenConfig): ReturnType<typeof connectionsOf> => connectionsOf(filled(given));

    expect(of({})).toEqual({ keepAlive: true, idleMs: 90_000, idleConnectionsMax: 10 });
    expect(of({ keepalive: { enabled: false, max_idle_conns: 3 } })).toEqual({ keepAlive: false, idleMs: 90_000, idleConnectionsMax: 3 });
    expect(of({ disable_keep_alives: true, idle_conn_timeout: '5s', max_idle_conns_per_host: 4, max_idle_conns: 0 })).toEqual({
      keepAlive: false,
      idleMs: 5000,
      idleConnectionsMax: 4,
    });
  });
});

describe('an answer', () => {
  const question: Question = {
    id: 'otlp_http',
    where: 'http://x/v1/logs',
    rows: 7,
    nowMs: 0,
    secrets: () => ['short', 'Bearer abcdef', 'abcdef'],
  };
  const answer = (
    status: number,
    body: Uint8Array | string = '',
    type: string = '',
    headers: object = {},
  ): ReturnType<typeof interpretAnswer> =>
    interpretAnswer({ status, headers: { 'content-type': type, ...headers }, body: Buffer.from(body) }, question);
  const errorOf = (...args: Parameters<typeof answer>): Error => {
    try {
      answer(...args);
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error('there was no error');
  };

  test('of success may reject some records, in protobuf or JSON', () => {
    const partial = { partialSuccess: { rejectedLogRecords: 2, errorMessage: 'late' } };

    expect(answer(200, encodeResponse(partial), PROTOBUF)).toEqual({ rejected: 2, message: 'late' });
    expect(answer(202, JSON.stringify({ partialSuccess: { rejectedLogRecords: '2' } }), `${JSON_TYPE}; charset=utf-8`)).toEqual({
      rejected: 2,
    });
    expect(answer(200, encodeResponse({}), PROTOBUF)).toEqual({ rejected: 0 });
    expect(answer(200, '{}', JSON_TYPE)).toEqual({ rejected: 0 });
    expect(answer(200, '{"partialSuccess":{"errorMessage":"hm"}}', JSON_TYPE)).toEqual({ rejected: 0, message: 'hm' });
    expect(answer(200, '{"partialSuccess":{"rejectedLogRecords":"many"}}', JSON_TYPE)).toEqual({ rejected: 0 });
  });

  test.each([
    ['', PROTOBUF],
    ['', JSON_TYPE],
    ['ok', 'text/plain'],
    ['null', JSON_TYPE],
    ['[]', JSON_TYPE],
  ])('of success with %j as %s is plain success', (body, type) => expect(answer(200, body, type)).toEqual({ rejected: 0 }));

  test.each([
    ['{', JSON_TYPE],
    ['\x0a\xff', PROTOBUF],
  ])('of success that cannot be read (%j) is success with a note', (body, type) => {
    expect(answer(200, body, type)).toEqual({ rejected: 0, message: 'the answer could not be read' });
  });

  const page = (said: string): string => `<!DOCTYPE html>\n<html><body>${said}</body></html>`;

  test.each([
    [200, page('Please log in'), 'text/html; charset=utf-8', 'what answers is a web page'],
    [400, 'Client sent an HTTP request to an HTTPS server.\n', '', 'it wants TLS'],
    [400, page('The plain HTTP request was sent to HTTPS port'), 'text/html', 'it wants TLS'],
    [400, page('No required SSL certificate was sent'), 'text/html', 'it wants TLS'],
  ])('of somebody else says nothing about the records: %i %j', (status, body, type, said) => {
    expect(errorOf(status, body, type)).toBeInstanceOf(DestinationError);
    expect(errorOf(status, body, type).message).toContain(said);
  });

  test('of a backend that is made with a framework for pages is its own', () => {
    expect(answer(200, 'OK', 'text/html')).toEqual({ rejected: 0 });
    expect(answer(204, '', 'text/html')).toEqual({ rejected: 0 });
    expect(errorOf(400, page('no such tenant'), 'text/html')).toBeInstanceOf(PermanentError);
  });

  test.each([301, 307, 401, 403, 404, 405, 407])('%i is a fault of the destination', (status) => {
    expect(errorOf(status)).toBeInstanceOf(DestinationError);
  });

  test.each([408, 429, 500, 501, 502, 503, 504, 520])('%i may succeed later', (status) => {
    expect(errorOf(status)).toBeInstanceOf(RetryableError);
    expect(errorOf(status)).toMatchObject({ retryAfterMs: undefined });
    expect(errorOf(status, '', '', { 'retry-after': '3' })).toMatchObject({ retryAfterMs: 3000 });
  });

  test.each([400, 409, 415, 422])('%i is for good', (status) =>
    expect(errorOf(status)).toMatchObject({ name: 'PermanentError', tooLarge: false }),
  );

  test('413 asks for less', () => {
    const error = errorOf(413);

    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ tooLarge: true });
    expect(error.message).toBe('otlp_http: 413 from http://x/v1/logs: a request of 7 records is too large; lower "request_bytes_max"');
  });

  test('is quoted, on one line, cut, and without secrets', () => {
    const quote = (...args: Parameters<typeof answer>): string => errorOf(...args).message.split('; it says: ')[1] ?? '';

    expect(quote(400, encodeStatus({ message: 'bad\nfield' }), PROTOBUF)).toBe('bad field');
    expect(quote(400, '{"code":3,"message":"bad field"}', JSON_TYPE)).toBe('bad field');
    expect(quote(400, '{"error":"bad"}', JSON_TYPE)).toBe('{"error":"bad"}');
    expect(quote(400, '{"error', JSON_TYPE)).toBe('{"error');
    expect(quote(502, '\u001b[31m<html>\r\n', 'text/html')).toBe('[31m<html>');
    expect(quote(400, 'x'.repeat(1000))).toHaveLength(301);
    expect(quote(401, 'Bearer abcdef is a short token, abcdef')).toBe('[secret] is a short token, [secret]');
    expect(quote(400)).toBe('');
  });

  test('that leads elsewhere says where, without secrets', () => {
    expect(errorOf(308, '', '', { location: 'https://u:p@new.example/x?key=1' }).message).toContain(
      'it is elsewhere, at https://new.example/x;',
    );
    expect(errorOf(308, '', '', { location: '/x' }).message).toContain('it is elsewhere;');
  });
});
