/**
 * An OTLP/HTTP backend that only counts: which `seq=` numbers came, how often, and in which order for each file. It
 * decodes no more than it must, so that it keeps up with the agent. Runs in a process of its own:
 *
 *   const sink = await startSequenceSink();   …   await sink.stats();   …   sink.stop();
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

export interface SinkStats {
  readonly records: number;
  /** Different sequence numbers. */
  readonly distinct: number;
  /** Records whose number had come before. */
  readonly repeated: number;
  /** Records whose number is smaller than one before of the same file and had not come yet: order was broken. */
  readonly outOfOrder: number;
  readonly requests: number;
  /** The most records in one request. */
  readonly largestRequest: number;
}

interface AnswerManner {
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
}

export interface SequenceSinkOptions {
  /** The writer begins a new file after so many lines; order is looked at within a file. */
  readonly linesPerFile?: number;
}

export interface SequenceSink {
  readonly port: number;
  readonly endpoint: string;
  stats(): Promise<SinkStats>;
  /** The first numbers below `upTo` that never came. */
  missing(upTo: number): Promise<number[]>;
  /** What the sink answers from now on: 200, or an error with this status; 0 closes the connection. */
  answer(status: number, manner?: AnswerManner): Promise<void>;
  /** Closes the port, so that connections are refused. What was counted has been answered. */
  down(): Promise<void>;
  /** Listens on the same port again. */
  up(): Promise<void>;
  stop(): void;
}

export async function startSequenceSink({ linesPerFile = Number.POSITIVE_INFINITY }: SequenceSinkOptions = {}): Promise<SequenceSink> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', String(linesPerFile)], {
    execArgv: ['--conditions=winnow-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port, controlPort] = await new Promise<[number, number]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as [number, number]));
    child.once('exit', (code) => reject(new Error(`the sink ended with ${code}`)));
  });
  return clientOf(port, controlPort, child);
}

function clientOf(port: number, controlPort: number, child: ChildProcess): SequenceSink {
  const endpoint = `http://127.0.0.1:${port}`;
  const ask = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${controlPort}${path}`)).json();
  return {
    port,
    endpoint,
    stats: async () => (await ask('/stats')) as SinkStats,
    missing: async (upTo) => (await ask(`/missing?upTo=${upTo}`)) as number[],
    answer: async (status, { retryAfterSeconds = 0, delayMs = 0 } = {}) =>
      void (await ask(`/answer?status=${status}&retryAfter=${retryAfterSeconds}&delay=${delayMs}`)),
    down: async () => void (await ask('/down')),
    up: async () => void (await ask(`/up?port=${port}`)),
    stop: () => void child.kill('SIGKILL'),
  };
}

// ---- the process ----

const seen: number[] = [];
const stats = { records: 0, distinct: 0, repeated: 0, outOfOrder: 0, requests: 0, largestRequest: 0 };
const highest = new Map<number, number>();
const linesPerFile = Number(process.argv[3]);
const answer = { status: 200, retryAfterSeconds: 0, delayMs: 0 };

function count(sequence: number): void {
  const file = Math.floor(sequence / linesPerFile);
  const before = highest.get(file) ?? -1;
  stats.records++;
  if ((seen[sequence] ?? 0) > 0) stats.repeated++;
  else {
    stats.distinct++;
    if (sequence < before) stats.outOfOrder++;
  }
  seen[sequence] = (seen[sequence] ?? 0) + 1;
  if (sequence > before) highest.set(file, sequence);
}

// As the writers pad it. An attribute that ends with the number may be followed by a byte that looks like a digit.
const DIGITS = 9;

/** Every `seq=<digits>` of the body; the number stands once in each record, unless it was parsed. */
function countBody(body: Buffer): void {
  const before = stats.records;
  for (let at = body.indexOf('seq='); at >= 0; at = body.indexOf('seq=', at)) {
    let sequence = 0;
    const end = at + 4 + DIGITS;
    for (at += 4; at < end && (body[at] ?? 0) >= 48 && (body[at] ?? 0) <= 57; at++) sequence = sequence * 10 + (body[at] ?? 0) - 48;
    // Templates speak of numbers as such: `seq=<*>`.
    if (at === end) count(sequence);
  }
  stats.largestRequest = Math.max(stats.largestRequest, stats.records - before);
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body);
  return encoding === 'zstd' ? zstdDecompressSync(body) : body;
}

function control({ pathname, searchParams }: URL): unknown {
  const number = (name: string): number => Number(searchParams.get(name));
  if (pathname === '/missing') return missingBelow(number('upTo'));
  if (pathname === '/answer')
    Object.assign(answer, { status: number('status'), retryAfterSeconds: number('retryAfter'), delayMs: number('delay') });
  if (pathname === '/down') {
    server.close();
    server.closeIdleConnections();
  }
  if (pathname === '/up') return new Promise((resolve) => server.listen(number('port'), '127.0.0.1', () => resolve({})));
  return stats;
}

function handle(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { status, retryAfterSeconds } = answer;
  // What is counted must also be answered, or it rightly comes again.
  if (status === 0 || !server.listening) return void request.socket.destroy();
  if (status === 200) {
    stats.requests++;
    countBody(decompress(body, request.headers['content-encoding']));
  }
  const retryAfter = retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {};
  response.writeHead(status, { 'content-type': 'application/x-protobuf', ...retryAfter });
  response.end();
}

function missingBelow(upTo: number): number[] {
  const missing: number[] = [];
  for (let sequence = 0; sequence < upTo && missing.length < 100; sequence++) if (!seen[sequence]) missing.push(sequence);
  return missing;
}

const server: Server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const respond = (): void => handle(request, response, Buffer.concat(chunks));
    if (answer.delayMs > 0) setTimeout(respond, answer.delayMs);
    else respond();
  });
});

// Faults of the backend must not reach those who steer it, so these have a port of their own.
const controls: Server = createServer((request, response) => {
  void Promise.resolve(control(new URL(request.url ?? '/', 'http://sink'))).then((answered) => response.end(JSON.stringify(answered)));
});

function portOf(listening: Server): number {
  return (listening.address() as AddressInfo).port;
}

if (process.argv[2] === 'serve') {
  server.listen(0, '127.0.0.1', () => controls.listen(0, '127.0.0.1', () => process.send?.([portOf(server), portOf(controls)])));
  process.once('disconnect', () => process.exit());
}
