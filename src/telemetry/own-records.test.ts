import { expect, test } from 'vitest';
import type { OwnRecord } from '#component';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createLogs } from './logs.ts';

/** The agent's own log without an output, and what a listener hears of it. */
async function heard(speak: (logs: Awaited<ReturnType<typeof createLogs>>) => void): Promise<OwnRecord[]> {
  const repeats = { windowMs: 10_000, shownMax: 3 };
  const settings = {
    level: 'info',
    encoding: 'json',
    hasColors: false,
    hasStacks: true,
    outputs: [],
    initialFields: {},
    repeats,
    otlp: [],
  } as const;
  const logs = await createLogs({ settings, resource: { 'service.name': 'winnow' }, clock: new FakeClock(1000) });
  const records: OwnRecord[] = [];
  const unsubscribe = logs.records.subscribe((record) => records.push(record));
  speak(logs);
  unsubscribe();
  logs.log.warn('Nobody listens any more.');
  return records;
}

test('a line of the log is heard as a record, with the component that says it', async () => {
  const [record] = await heard(({ log }) =>
    log.with({ kind: 'processor', component: 'batch', pipeline: 'logs/a' }).error('Queue is full.', { size: 10 }),
  );

  expect(record).toMatchObject({
    kind: 'log',
    severity: 17,
    severityText: 'ERROR',
    eventName: '',
    body: 'Queue is full.',
    attributes: { size: 10 },
    origin: { kind: 'processor', id: 'batch', pipeline: 'logs/a' },
  });
});

test('what has no pipeline has none as its origin, and the agent itself has no origin', async () => {
  const records = await heard(({ log }) => {
    log.with({ kind: 'exporter', component: 'otlp_http' }).warn('It does not answer.');
    log.info('Stopping.');
    log.with({ kind: 'elephant', component: 'x' }).info('This is no kind of component.');
  });

  expect(records.map(({ body, origin }) => [body, origin])).toEqual([
    ['It does not answer.', { kind: 'exporter', id: 'otlp_http', pipeline: undefined }],
    ['Stopping.', undefined],
    ['This is no kind of component.', undefined],
  ]);
});

test('what is below the level of the log, or a repeat, is not heard either', async () => {
  const records = await heard(({ log }) => {
    log.debug('A detail.');
    for (let i = 0; i < 5; i++) log.warn('Once.', { size: 1 });
  });

  expect(records.map(({ body }) => body)).toEqual(['Once.']);
});
