/**
 * Goal: what a processor says it does with records (`touches`) is true, so that those it claims not to look into need not be
 * decoded, and those it claims not to edit may go out as they came. Method: each processor that says so gets the same request
 * twice, read at once and sealed, and the backend must be told the same.
 */
import { expect, test } from 'vitest';
import { prepare, type Consumer } from '#component';
import type { LogBatch } from '#model';
import { readJsonRequest, readRequest, readSealedRequest, writeRequest } from '#otlp';
import { registry } from '../../src/registry.ts';
import { deliver } from '../helpers/logs-sink.ts';
import { saidBy } from '../helpers/otlp-arbitrary.ts';
import { createTestHost } from '../helpers/test-host.ts';
import { membersOf } from './members.ts';
import { subjectOf } from './subject.ts';
import type { ProcessorMember } from './world.ts';

const RECORDS = Array.from({ length: 40 }, (_, i) => ({
  timeUnixNano: String(1_774_000_000_000_000_000n + BigInt(i)),
  severityNumber: 1 + (i % 24),
  severityText: i % 2 === 0 ? 'INFO' : 'DEBUG',
  body: { stringValue: i % 3 === 0 ? `GET /healthz ${i}` : `user ${i} logged in` },
  attributes: [
    { key: 'n', value: { intValue: String(i) } },
    { key: 'http.route', value: { stringValue: i % 4 === 0 ? '/healthz' : '/orders' } },
  ],
}));
const REQUEST = {
  resourceLogs: ['a', 'b'].map((name, r) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeLogs: [{ scope: { name: 'scope' }, logRecords: RECORDS.slice(r * 20, r * 20 + 20) }],
  })),
};
const BODY = Buffer.from(writeRequest(readJsonRequest(Buffer.from(JSON.stringify(REQUEST))), 0, Number.POSITIVE_INFINITY).body);

/** What the backend hears when this batch goes through the processor. */
async function heard({ factory, config }: ProcessorMember, batch: LogBatch): Promise<unknown[]> {
  const said: unknown[] = [];
  const end: Consumer = {
    mutates: false,
    touches: 'rows',
    consume: async (out) => {
      said.push(...saidBy(writeRequest(out, 0, Number.POSITIVE_INFINITY).body));
      out.settleDurable();
    },
  };
  const processor = factory.create(config, { id: factory.type, pipeline: 'logs' }, end);
  await processor.start(createTestHost());
  deliver(batch);
  prepare(batch, processor);
  await processor.consume(batch);
  await processor.shutdown(AbortSignal.timeout(5000));
  return said;
}

const members: [string, ProcessorMember][] = [];
for (const entry of registry.filter(({ kind }) => kind === 'processor')) {
  for (const [name, member] of await membersOf(await subjectOf(entry))) {
    const processor = member.factory.create(member.config, { id: entry.type }, { mutates: false, consume: async () => {} });
    if (processor.touches !== undefined) members.push([`${entry.type}: ${name}`, member]);
  }
}

test('some processors say so', () => expect(members.length).toBeGreaterThan(4));

test.each(members)('%s', async (_, member) => {
  const sealed = await heard(member, readSealedRequest(BODY));

  expect(sealed).toEqual(await heard(member, readRequest(BODY)));
});
