/** Connectors in a real agent: lines of a file, several ways to one backend that counts, ways that close, and kill -9. */
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { startSequenceSink, type SequenceSink } from '../helpers/sequence-sink.ts';

/** A way to the backend that a test can close. */
class Door {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  port = 0;
  bytes = 0;

  constructor(target: number) {
    this.#target = target;
    this.#server = createServer((inner) => {
      const outer = connect(this.#target, '127.0.0.1');
      for (const socket of [inner, outer]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          (socket === inner ? outer : inner).destroy();
        });
      }
      inner.on('data', (chunk) => (this.bytes += chunk.length));
      inner.pipe(outer).pipe(inner);
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

interface World {
  readonly folder: string;
  readonly sink: SequenceSink;
  readonly doors: readonly [Door, Door];
  readonly agent: Agent;
  readonly write: (lines: number) => void;
  readonly written: () => number;
  readonly hasAll: () => Promise<boolean>;
}

let end: (() => Promise<void>) | undefined;
afterEach(async () => {
  await end?.();
  end = undefined;
});

async function start(text: (world: { folder: string; ports: readonly number[] }) => string): Promise<World> {
  const folder = createFolder();
  mkdirSync(join(folder, 'logs'));
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const sink = await startSequenceSink();
  const doors = [await new Door(sink.port).open(), await new Door(sink.port).open()] as const;
  const config = text({ folder, ports: doors.map(({ port }) => port) });
  const agent = new Agent({ folder, config, env: { STATE_DIRECTORY: join(folder, 'state'), PROM_PORT: '0' } });
  let lines = 0;
  end = async () => {
    await agent.stop('SIGKILL');
    for (const door of doors) door.close();
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  agent.start();
  return {
    folder,
    sink,
    doors,
    agent,
    write: (count) => {
      const from = lines;
      lines += count;
      const added = Array.from(
        { length: count },
        (_, i) => `${(from + i) % 3 === 0 ? 'ERROR' : 'INFO'} a line seq=${String(from + i).padStart(9, '0')}\n`,
      );
      appendFileSync(join(folder, 'logs/app.log'), added.join(''));
    },
    written: () => lines,
    hasAll: async () => (await sink.stats()).distinct === lines,
  };
}

const exporter = (port: number | undefined): string =>
  `{ endpoint: "http://127.0.0.1:${port}", retry_on_failure: { initial_interval: 200ms, max_interval: 500ms } }`;

test('failover: nothing is lost while the first backend is away, comes back, and the agent is killed meanwhile', async () => {
  const { agent, doors, sink, write, hasAll, written } = await start(
    ({ folder, ports }) => `
receivers: { file_log: { include: ['${folder}/logs/*.log'], start_at: beginning } }
connectors: { failover: { priority_levels: [[logs/first], [logs/second]], take_back_after: 1s } }
exporters: { otlp_http/first: ${exporter(ports[0])}, otlp_http/second: ${exporter(ports[1])} }
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [failover] }
    logs/first: { receivers: [failover], exporters: [otlp_http/first] }
    logs/second: { receivers: [failover], exporters: [otlp_http/second] }
`,
  );
  const [first, second] = doors;
  write(2000);
  expect(await eventually(hasAll, 20_000)).toBe(true);
  expect(second.bytes).toBe(0);

  first.close();
  for (let i = 0; i < 10; i++) {
    write(200);
    await sleep(100);
  }
  expect(await eventually(hasAll, 20_000)).toBe(true);
  expect(second.bytes).toBeGreaterThan(0);

  await agent.stop('SIGKILL');
  write(1000);
  agent.start();
  expect(await eventually(hasAll, 20_000)).toBe(true);

  await first.open();
  const before = first.bytes;
  for (let i = 0; i < 20 && first.bytes === before; i++) {
    write(100);
    await sleep(200);
  }
  expect(await eventually(hasAll, 20_000)).toBe(true);
  expect(first.bytes).toBeGreaterThan(before);
  expect(await sink.missing(written())).toEqual([]);
  expect(await agent.stop()).toBe(0);
}, 90_000);

test('round_robin: both backends get their share, and one alone gets everything when the other is away', async () => {
  const { doors, sink, write, hasAll, written } = await start(
    ({ folder, ports }) => `
receivers: { file_log: { include: ['${folder}/logs/*.log'], start_at: beginning } }
connectors: { round_robin: { take_back_after: 1s } }
exporters: { otlp_http/a: ${exporter(ports[0])}, otlp_http/b: ${exporter(ports[1])} }
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [round_robin] }
    logs/a: { receivers: [round_robin], exporters: [otlp_http/a] }
    logs/b: { receivers: [round_robin], exporters: [otlp_http/b] }
`,
  );
  // One batch for each, since the next lines come when the last have arrived.
  for (let i = 0; i < 4; i++) {
    write(200);
    expect(await eventually(hasAll, 20_000)).toBe(true);
  }
  expect(Math.min(...doors.map(({ bytes }) => bytes))).toBeGreaterThan(0);

  doors[0].close();
  for (let i = 0; i < 8; i++) {
    write(200);
    await sleep(250);
  }

  expect(await eventually(hasAll, 20_000)).toBe(true);
  expect(await sink.missing(written())).toEqual([]);
}, 90_000);

test('routing and count: errors to a file of their own, the rest to the backend, and a count of both for Prometheus', async () => {
  const { folder, agent, sink, write } = await start(
    ({ folder: own, ports }) => `
receivers: { file_log: { include: ['${own}/logs/*.log'], start_at: beginning } }
processors: { parse: {} }
connectors:
  routing:
    default_pipelines: [logs/rest]
    table: [{ context: log, condition: 'IsMatch(body, "^ERROR")', pipelines: [logs/errors] }]
  count:
    logs: { lines: { attributes: [{ key: level, value: 'Substring(body, 0, 4)' }] } }
exporters:
  otlp_http: ${exporter(ports[0])}
  file/errors: { path: '${own}/errors.jsonl', format: flat_json, flush_interval: 100ms }
  file/counts: { path: '${own}/counts.jsonl', format: flat_json, flush_interval: 100ms }
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [routing, count] }
    logs/errors: { receivers: [routing], exporters: [file/errors] }
    logs/rest: { receivers: [routing], exporters: [otlp_http] }
    logs/counts: { receivers: [count], exporters: [file/counts] }
`,
  );
  write(3000);

  expect(await eventually(async () => (await sink.stats()).distinct === 2000, 20_000)).toBe(true);
  expect(await agent.stop()).toBe(0);
  expect((await sink.stats()).distinct).toBe(2000);
  expect(linesOf(join(folder, 'errors.jsonl'))).toHaveLength(1000);
  const counted: Record<string, number> = {};
  for (const line of linesOf(join(folder, 'counts.jsonl'))) {
    const level = /"level":"(\w+)/.exec(line)?.[1] ?? '';
    counted[level] = (counted[level] ?? 0) + Number(/"winnow\.count\.value":(\d+)/.exec(line)?.[1]);
  }
  expect(counted).toEqual({ ERRO: 1000, INFO: 2000 });
}, 60_000);

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean);
}
