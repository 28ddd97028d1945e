import { afterEach, beforeEach, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { OtlpSink, type SunkLog } from '../helpers/otlp-sink.ts';

/**
 * A record that falls into an open window of `dedupe` is in no request for seconds to come. Who posted it is answered all
 * the same, since the window is on disk by then: kill -9 right after the answer, and the summary counts every record that
 * was answered for, once.
 */
const PORT = 24_188;
const ANSWER_MS_MAX = 500;
const HELD = 7;

let sink: OtlpSink;
let agent: Agent;

beforeEach(async () => {
  sink = await OtlpSink.start();
  const folder = createFolder();
  const config = `
receivers:
  http: { endpoint: '127.0.0.1:${PORT}' }
processors:
  dedupe: { interval: 10s }
exporters:
  otlp_http: { endpoint: '${sink.url}', compression: none }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [http], processors: [dedupe], exporters: [otlp_http] }
`;
  agent = new Agent({ folder, config });
});

afterEach(async () => {
  await agent.stop('SIGKILL');
  await sink.down();
});

async function post(message: string): Promise<number> {
  const body = JSON.stringify({ message, code: 7 });
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`http://127.0.0.1:${PORT}/logs`, { method: 'POST', body, headers }).catch(() => ({ status: 0 }));
  return status;
}

async function start(): Promise<void> {
  agent.start();
  expect(await eventually(async () => (await post('is it up')) === 200, 15_000), agent.output).toBe(true);
}

test('a post that a window holds is answered at once, and kill -9 right after the answer loses nothing', { timeout: 60_000 }, async () => {
  await start();
  expect(await post('cache miss')).toBe(200);
  expect(logsOf('cache miss')).toHaveLength(1);

  const waitsMs: number[] = [];
  for (let i = 0; i < HELD; i++) {
    const begin = performance.now();
    expect(await post('cache miss')).toBe(200);
    waitsMs.push(performance.now() - begin);
  }
  await agent.stop('SIGKILL');

  // The one in the middle: a busy machine may hold up a single one.
  expect(waitsMs.toSorted((a, b) => a - b)[HELD >> 1]).toBeLessThan(ANSWER_MS_MAX);
  // The window was open: nothing but its first record has gone out.
  expect(logsOf('cache miss')).toHaveLength(1);
  await start();
  await agent.stop('SIGTERM');
  const [first, ...summaries] = logsOf('cache miss');
  expect(countOf(first)).toBe(0);
  expect(summaries.map(countOf), agent.output).toEqual([HELD]);
});

function logsOf(message: string): SunkLog[] {
  return sink.logs.filter(({ record }) => record.body?.stringValue === message);
}

function countOf(log: SunkLog | undefined): number {
  const attribute = log?.record.attributes?.find(({ key }) => key === 'winnow.dedupe.count');
  return Number(attribute?.value?.intValue ?? 0);
}
