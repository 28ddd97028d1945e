/**
 * The books of a real agent, computed by an outsider from what `/metrics` says: while records wait, while they leave,
 * when all have left, and over a kill -9 with a queue on disk, after which the restored records take the place of the
 * accepted ones. No record is in two columns or in none.
 */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createRandom, lineOf } from '../bench/log-lines.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { scrape } from '../helpers/metrics.ts';
import { startSequenceSink, type SequenceSink } from '../helpers/sequence-sink.ts';

interface Books {
  readonly received: number;
  readonly droppedByOperators: number;
  readonly pipelineAccepted: number;
  readonly pipelineGone: number;
  readonly pipelinePassed: number;
  readonly accepted: number;
  readonly restored: number;
  readonly sent: number;
  readonly held: number;
  readonly dropped: number;
  readonly abandoned: number;
}

const RECORDS = 20_000;
const DROPPED_EVERY = 10;

let cleanUp: (() => Promise<void>) | undefined;

afterEach(async () => {
  await cleanUp?.();
  cleanUp = undefined;
});

async function setUp(): Promise<{ agent: Agent; sink: SequenceSink; log: string }> {
  const folder = createFolder();
  const sink = await startSequenceSink();
  const agent = new Agent({ folder, config: configOf(folder, sink.endpoint), env: { PROM_PORT: '0' } });
  cleanUp = async () => {
    await agent.stop('SIGKILL');
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { agent, sink, log: join(folder, 'app.log') };
}

/** Every tenth line is no JSON, and the parser drops it. */
function configOf(folder: string, endpoint: string): string {
  return `
receivers:
  file_log:
    include: ['${folder}/app.log']
    start_at: beginning
    operators:
      - { type: json_parser, on_error: drop_quiet }
      - { type: move, from: attributes.message, to: body }
processors:
  batch: { timeout: 100ms, send_batch_size: 500, send_batch_max_size: 500 }
exporters:
  otlp_http:
    endpoint: ${endpoint}
    retry_on_failure: { initial_interval: 200ms, max_interval: 200ms }
    sending_queue: { storage: file_storage }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [file_log], processors: [batch], exporters: [otlp_http] }
`;
}

function writeLines(path: string, first: number): void {
  const random = createRandom(first);
  let text = '';
  for (let sequence = first; sequence < first + RECORDS; sequence++) {
    text += `${sequence % DROPPED_EVERY === 0 ? 'no JSON' : lineOf('json', sequence, random)}\n`;
  }
  appendFileSync(path, text);
}

async function booksOf(agent: Agent): Promise<Books> {
  const { sum } = await scrape(agent);
  const inProcessors = ['suppressed', 'merged', 'dropped', 'held'].map((name) => sum(`winnow_processor_${name}_log_records`));
  return {
    received: sum('otelcol_receiver_accepted_log_records'),
    droppedByOperators: sum('winnow_operator_dropped_log_records'),
    pipelineAccepted: sum('winnow_pipeline_accepted_log_records'),
    pipelineGone: inProcessors.reduce((total, value) => total + value, 0),
    pipelinePassed: sum('winnow_pipeline_passed_log_records'),
    accepted: sum('winnow_exporter_accepted_log_records'),
    restored: sum('winnow_exporter_restored_log_records'),
    sent: sum('otelcol_exporter_sent_log_records'),
    held: sum('winnow_exporter_held_log_records'),
    dropped: sum('winnow_exporter_dropped_log_records'),
    abandoned: sum('winnow_exporter_abandoned_log_records'),
  };
}

function expectBalance(books: Books): void {
  expect(books.accepted + books.restored, JSON.stringify(books)).toBe(books.sent + books.dropped + books.abandoned + books.held);
}

async function started(agent: Agent): Promise<void> {
  const before = agent.output.length;
  agent.start();
  expect(await eventually(() => agent.output.slice(before).includes('Winnow has started.'), 15_000), agent.output).toBe(true);
}

test('balance while records wait and leave, at the end, and over a kill -9', { timeout: 60_000, retry: 0 }, async () => {
  const { agent, sink, log } = await setUp();
  const live = RECORDS - RECORDS / DROPPED_EVERY;
  await sink.answer(503);
  await started(agent);

  writeLines(log, 0);
  await eventually(async () => {
    const books = await booksOf(agent);
    expectBalance(books);
    return books.held === live;
  }, 15_000);
  const waiting = await booksOf(agent);
  await agent.stop('SIGKILL');
  await started(agent);
  const restored = await booksOf(agent);
  writeLines(log, RECORDS);
  await eventually(async () => (await booksOf(agent)).held === 2 * live, 15_000);
  await sink.answer(200);
  await eventually(async () => {
    const books = await booksOf(agent);
    expectBalance(books);
    return books.sent === 2 * live;
  }, 15_000);
  const ended = await booksOf(agent);

  expect(waiting).toMatchObject({ held: live, accepted: live, restored: 0, sent: 0 });
  expect(restored).toMatchObject({ held: live, restored: live, sent: 0 });
  expectBalance(restored);
  expect(ended).toMatchObject({ accepted: live, restored: live, sent: 2 * live, held: 0, dropped: 0, abandoned: 0 });
  expect(ended.pipelineAccepted).toBe(ended.pipelineGone + ended.pipelinePassed);
  expect(ended).toMatchObject({ received: live, droppedByOperators: RECORDS - live });
  expect(await sink.stats()).toMatchObject({ records: 2 * live, repeated: 0 });
});
