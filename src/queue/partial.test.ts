import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DestinationError, PermanentError, RetryableError } from '#component';
import type { Payload } from './payload.ts';
import { FakeBackend, createQueue, expectBooksToBalance, offer, until } from '../../test/helpers/fake-backend.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';

const payload = (text: string): Payload => ({ body: Buffer.from(text), rows: text.length, encoding: '', contentType: 'text/plain' });

test('what a backend did not take of a request is tried again alone', async () => {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'abcde');
  await offered.accepted;
  await until(() => backend.requests.length === 1);

  await backend.last().answer({ rejected: 0, again: { payload: payload('bd'), problem: new RetryableError('busy') } });
  expect(host.metric('otelcol_exporter_sent_log_records')).toBe(3);
  expect(offered.outcome).toBeUndefined();
  await clock.advance(5000);
  await backend.last().answer({ rejected: 0, again: { payload: payload('d'), problem: new DestinationError('locked') } });
  await clock.advance(30_000);
  await backend.last().answer();

  expect(backend.bodies).toEqual(['abcde', 'bd', 'd']);
  expect(offered.outcome).toEqual({ durable: 5, dropped: new Map(), abandoned: 0 });
  expectBooksToBalance(host);
  await queue.shutdown(new AbortController().signal);
});

test('what a backend refuses of a request is a dead letter, and the rest goes on', async () => {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const backend = new FakeBackend();
  const queue = createQueue(backend, host);
  await queue.start();
  const offered = offer(queue, 'abcde');
  await offered.accepted;
  await until(() => backend.requests.length === 1);

  await backend.last().answer({
    rejected: 0,
    refused: { payload: payload('ae'), problem: new PermanentError('no field of that type') },
    again: { payload: payload('c'), problem: new RetryableError('busy') },
  });
  await until(() => host.metric('winnow_exporter_dropped_log_records', { reason: 'refused_by_backend' }) === 2);
  await clock.advance(5000);
  await backend.last().answer();
  await until(() => offered.outcome !== undefined);

  expect(backend.bodies).toEqual(['abcde', 'c']);
  expect(offered.outcome).toEqual({ durable: 3, dropped: new Map([['refused_by_backend', 2]]), abandoned: 0 });
  const letter: unknown = JSON.parse(readFileSync(`${host.storage.directory('dead-letter')}/dead-letter.ndjson`, 'utf8'));
  expect(letter).toMatchObject({ rows: 2, reason: 'no field of that type', body: Buffer.from('ae').toString('base64') });
  expectBooksToBalance(host);
  await queue.shutdown(new AbortController().signal);
});
