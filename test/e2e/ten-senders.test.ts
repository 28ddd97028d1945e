import { existsSync, readFileSync } from 'node:fs';
import { Agent as Connections, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { OtlpSink } from '../helpers/otlp-sink.ts';

/**
 * Ten senders at once, over connections of their own, each sending its next request when the last one was answered: while the
 * backend answers, while it is gone, and when it is back. Nobody starves, memory stays as it is, refusals say when to come
 * again, and whatever was answered 200 arrives.
 */
const SENDERS = 10;
const RECORDS = 100;
const SECONDS = Number(process.env['WINNOW_SENDERS_SECONDS'] ?? 5);
// While requests come, the garbage of some of them is always there.
const GROWTH_BYTES_MAX = 40 * 1024 * 1024;
// A sender that does not heed Retry-After.
const IMPATIENT_MS = 20;

type Body = (from: number) => string;

const ndjson: Body = (from) => lines(from, (seq) => `{"message":"seq=${seq} ${'x'.repeat(100)}","n":${seq}}`).join('\n');
const otlp: Body = (from) => {
  const records = lines(
    from,
    (seq) => `{"body":{"stringValue":"seq=${seq} ${'x'.repeat(100)}"},"attributes":[{"key":"n","value":{"intValue":"${seq}"}}]}`,
  );
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records.join(',')}]}]}]}`;
};

function lines(from: number, write: (seq: number) => string): string[] {
  return Array.from({ length: RECORDS }, (_, i) => write(from + i));
}

let sink: OtlpSink;
let agent: Agent | undefined;

beforeEach(async () => {
  sink = await OtlpSink.start({ keeps: false });
});

afterEach(async () => {
  await agent?.stop('SIGKILL');
  agent = undefined;
  await sink.down();
});

class Sender {
  readonly #connections = new Connections({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #body: Body;
  readonly #nextSequence: () => number;
  /** First numbers of the requests that were answered 200. */
  readonly taken: number[] = [];
  readonly statuses = new Map<number, number>();
  refusedWithoutAdvice = 0;

  constructor(url: string, body: Body, nextSequence: () => number) {
    this.#url = url;
    this.#body = body;
    this.#nextSequence = nextSequence;
  }

  async runUntil(endMs: number): Promise<void> {
    let from = this.#nextSequence();
    while (performance.now() < endMs) {
      const status = await this.#post(this.#body(from));
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        this.taken.push(from);
        from = this.#nextSequence();
      } else await sleep(IMPATIENT_MS);
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  #post(body: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const outgoing = httpRequest(this.#url, { method: 'POST', headers, agent: this.#connections }, (response) => {
        const status = response.statusCode ?? 0;
        if ((status === 429 || status === 503) && response.headers['retry-after'] === undefined) this.refusedWithoutAdvice++;
        response.resume().on('end', () => resolve(status));
      });
      outgoing.on('error', reject).end(body);
    });
  }
}

/** 0 where the system does not tell. */
function residentBytes(pid: number): number {
  const path = `/proc/${pid}/status`;
  return existsSync(path) ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1]) * 1024 : 0;
}

function configured(folder: string, type: string, receiver: string): string {
  return `
receivers: { ${type}/in: ${receiver} }
exporters:
  otlp_http:
    endpoint: ${sink.url}
    compression: none
    retry_on_failure: { initial_interval: 200ms, max_interval: 500ms }
    sending_queue: { block_on_overflow: false, queue_size: 20 }
extensions: { file_storage: { directory: ${folder}/storage } }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [${type}/in], exporters: [otlp_http] } }
`;
}

const KINDS = [
  ['http', '{ endpoint: "localhost:0", settle_timeout: 1s }', '/logs', ndjson],
  ['otlp', '{ protocols: { http: { endpoint: "localhost:0", settle_timeout: 1s } } }', '/v1/logs', otlp],
] as const;

test.each(KINDS)(
  'ten senders to %s get their turns, and are refused while the backend is gone',
  { timeout: 60_000 + 3000 * SECONDS },
  async (type, receiver, path, body) => {
    const folder = createFolder();
    agent = new Agent({ folder, config: configured(folder, type, receiver) });
    agent.start();
    const listening = /"url\.full":"(http:\/\/127\.0\.0\.1:\d+)"/;
    expect(await eventually(() => listening.test(agent?.output ?? ''), 20_000), agent.output).toBe(true);
    const url = `${listening.exec(agent.output)?.[1]}${path}`;
    let sequence = 0;
    const next = (): number => (sequence += RECORDS) - RECORDS;
    const senders = Array.from({ length: SENDERS }, () => new Sender(url, body, next));
    const runAll = async (seconds: number): Promise<void> => {
      const end = performance.now() + seconds * 1000;
      await Promise.all(senders.map((sender) => sender.runUntil(end)));
    };
    const total = (status: number): number => senders.reduce((sum, { statuses }) => sum + (statuses.get(status) ?? 0), 0);

    await runAll(3);
    const turns = senders.map(({ taken }) => taken.length);
    expect(Math.min(...turns)).toBeGreaterThan(Math.max(...turns) / 2);
    expect(total(200)).toBe(turns.reduce((sum, count) => sum + count, 0));

    await sink.down();
    await runAll(2);
    const before = residentBytes(agent.pid);
    await runAll(SECONDS);
    const growth = residentBytes(agent.pid) - before;
    process.stderr.write(
      `${type}: ${turns.join(' ')} turns; ${total(429)} times 429, ${total(503)} times 503; grown by ${(growth / 2 ** 20).toFixed(1)} MiB\n`,
    );
    expect(total(429) + total(503)).toBeGreaterThan(SENDERS);
    expect(senders.flatMap(({ statuses }) => [...statuses.keys()]).filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(senders.reduce((sum, { refusedWithoutAdvice }) => sum + refusedWithoutAdvice, 0)).toBe(0);
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);

    await sink.up();
    const counts = senders.map(({ taken }) => taken.length);
    expect(
      await eventually(async () => {
        await runAll(0.5);
        return senders.every(({ taken }, i) => taken.length > (counts[i] ?? 0));
      }, 20_000),
    ).toBe(true);
    for (const sender of senders) sender.close();
    const missing = new Set(sink.book.missing(sequence));
    expect(senders.flatMap(({ taken }) => taken).filter((from) => lines(from, String).some((seq) => missing.has(Number(seq))))).toEqual([]);
    expect(await agent.stop()).toBe(0);
  },
);
