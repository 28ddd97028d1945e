import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Component, Consumer, Factory, Outlets, Settings } from '#component';
import type { RegistryEntry } from '../../src/config/index.ts';
import { nodeOf } from '../../src/config/node.ts';
import { createFixedSource } from '../../src/config/place.ts';
import { Report } from '../../src/config/report.ts';
import { Validator } from '../../src/config/validate.ts';
import { ConnectorOutlets } from '../../src/pipeline/outlets.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { GrpcSink } from '../helpers/grpc-sink.ts';
import { createTestHost } from '../helpers/test-host.ts';

/** A component as the contract looks at it. */
export interface Subject {
  readonly entry: RegistryEntry;
  readonly factory: Factory;
  /** Where its code, README and testdata are. */
  readonly folder: string;
  /** How long, in real milliseconds, one step may take before it counts as hanging. */
  readonly deadlineMs: number;
}

export const root: string = resolve(import.meta.dirname, '../..');

export async function subjectOf(entry: RegistryEntry): Promise<Subject> {
  return { entry, factory: await entry.load(), folder: join(root, `${entry.kind}s`, entry.type), deadlineMs: 5000 };
}

/** What a component may need to run in a test: a folder, an address that answers 200 to everything, a backend over gRPC and a Kafka broker. */
export interface Surroundings {
  readonly directory: string;
  readonly url: string;
  readonly grpc: string;
  readonly kafka: string;
  readonly deadlineMs: number;
  close(): Promise<void>;
}

export async function createSurroundings(deadlineMs: number): Promise<Surroundings> {
  const directory = mkdtempSync(join(tmpdir(), 'winnow-contract-'));
  const server: Server = createServer((request, response) => {
    // Not everything: what speaks to Elasticsearch asks who answers, and reads the answer.
    const isBulk = request.url?.startsWith('/_bulk') ?? false;
    if (isBulk) response.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    request.resume().on('end', () => response.end(isBulk ? '{"errors":false,"items":[]}' : ''));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const kafka = await listenAsKafka();
  const grpc = await new GrpcSink().start();
  return {
    directory,
    url: `http://127.0.0.1:${port}`,
    grpc: `http://127.0.0.1:${grpc.port}`,
    kafka: kafka.address,
    deadlineMs,
    close: async () => {
      await kafka.close();
      grpc.stop();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The double is loaded when somebody comes. */
async function listenAsKafka(): Promise<{ address: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void import('../helpers/kafka-double.ts').then(({ KafkaDouble }) => new KafkaDouble().serve(socket, port));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** What a connector feeds here. */
const FED = ['logs/a', 'logs/b'] as const;

type Place = Pick<Surroundings, 'directory' | 'url' | 'grpc' | 'kafka'>;

/** The options without which a component cannot run, or not in a test. What is not listed runs with its defaults. */
const NEEDED: Readonly<Record<string, (at: Place) => object>> = {
  'receiver/file_log': ({ directory }) => ({ include: [join(directory, 'in-*.log')], start_at: 'beginning' }),
  'receiver/otlp': () => ({ protocols: { http: { endpoint: 'localhost:0' }, grpc: { endpoint: 'localhost:0' } } }),
  'receiver/journald': () => ({ journalctl_path: join(root, 'receivers/journald/testdata/journalctl.mjs') }),
  'receiver/stdin': () => ({ on_end: 'wait' }),
  'receiver/syslog': () => ({ tcp: { listen_address: 'localhost:0' }, udp: { listen_address: 'localhost:0' } }),
  'receiver/http': () => ({ endpoint: 'localhost:0' }),
  // Nobody is there: it starts nevertheless.
  'receiver/kafka': () => ({ brokers: ['127.0.0.1:1'] }),
  'processor/attributes': () => ({ actions: [{ key: 'a', action: 'upsert', value: 1 }] }),
  'processor/resource': () => ({ attributes: [{ key: 'a', action: 'upsert', value: 1 }] }),
  'processor/category': () => ({ preset: 'llm_os' }),
  'processor/rate_limit': () => ({ records_per_second: 10 }),
  'processor/sample': () => ({ sampling_percentage: 50 }),
  'processor/memory_limiter': () => ({ limit_mib: 1_000_000 }),
  'exporter/kafka': ({ kafka }) => ({ brokers: [kafka] }),
  'exporter/otlp': ({ grpc }) => ({ endpoint: grpc }),
  'exporter/otlp_http': ({ url }) => ({ endpoint: url }),
  'exporter/elasticsearch': ({ url }) => ({ endpoint: url }),
  'exporter/loki': ({ url }) => ({ endpoint: url }),
  'exporter/file': ({ directory }) => ({ path: join(directory, 'out.jsonl') }),
  'exporter/prometheus': () => ({ endpoint: 'localhost:0' }),
  'exporter/prometheus_remote_write': ({ url }) => ({ endpoint: url }),
  'connector/failover': () => ({ priority_levels: [[FED[0]], [FED[1]]] }),
  'connector/routing': () => ({ table: [{ context: 'log', condition: 'body != nil', pipelines: [FED[0]] }], default_pipelines: [FED[1]] }),
  'extension/basic_auth': () => ({ client_auth: { username: 'a', password: 'b' } }),
  'extension/bearer_token_auth': () => ({ token: 'a' }),
  'extension/file_storage': ({ directory }) => ({ directory: join(directory, 'storage') }),
  'extension/health_check': () => ({ endpoint: 'localhost:0' }),
};

export function neededBy({ kind, type }: RegistryEntry, at: Place): object {
  return NEEDED[`${kind}/${type}`]?.(at) ?? {};
}

/** How lines are put before a receiver. One without an entry is only started and stopped. */
export const FEEDS: Readonly<Record<string, (at: Surroundings, lines: readonly string[]) => void>> = {
  file_log: ({ directory }, lines) => writeFileSync(join(directory, 'in-1.log'), lines.map((line) => `${line}\n`).join('')),
};

export function validate(factory: Factory, config: object): { config: unknown; problems: string[] } {
  const report = new Report();
  const at = { source: createFixedSource('', 0), offset: 0 };
  const value = new Validator(report).check(factory.schema, nodeOf(config, at), '');
  const problems = report.problems.map(({ path, message }) => `${path}: ${message}`);
  if (problems.length > 0) return { config: value, problems };
  const own = factory.check?.(value as never) ?? [];
  return { config: value, problems: own.map(({ path, message }) => `${path}: ${message}`) };
}

export type Created = Component & Partial<Consumer>;

/** Makes the component with the least configuration that runs. */
export function create({ entry, factory }: Subject, at: Surroundings, next: Consumer): Created {
  const { config, problems } = validate(factory, neededBy(entry, at));
  if (problems.length > 0) throw new Error(`${problems.join('; ')}; does NEEDED in subject.ts lack an entry?`);
  const settings: Settings = { id: entry.type, ...(entry.kind === 'processor' && { pipeline: 'logs' }) };
  const own = config as never;
  switch (factory.kind) {
    case 'receiver':
    case 'processor':
      return factory.create(own, settings, next);
    case 'connector':
      return factory.create(own, settings, outletsTo(next));
    default:
      return factory.create(own, settings);
  }
}

/** Pipelines that are up, each of which is no more than its next consumer. */
function outletsTo(next: Consumer): Outlets {
  const { random, metrics } = createTestHost();
  const fatal = (problem: unknown): never => {
    throw problem;
  };
  const host = { clock: new FakeClock(), random, deadline: new AbortController().signal, onLagging: () => {} };
  return new ConnectorOutlets({ pipelines: FED, enter: () => next, isUp: () => true, host, metrics, fatal });
}
