/**
 * An OTLP/HTTP backend that only counts: which `seq=` numbers came, how often, and in which order for each file. It
 * decodes no more than it must, so that it keeps up with the agent. Runs in a process of its own:
 *
 *   const sink = await startSequenceSink();   …   await sink.stats();   …   sink.stop();
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

export interface SinkStats {
  readonly records: number;
  /** Different sequence numbers. */
  readonly distinct: number;
  /** Records whose number had come before. */
  readonly repeated: number;
  /** Records whose number is smaller than the one before and had not come yet: order was broken. */
  readonly outOfOrder: number;
  readonly requests: number;
  /** The most records in one request. */
  readonly largestRequest: number;
}

export interface SequenceSink {
  readonly port: number;
  readonly endpoint: string;
  stats(): Promise<SinkStats>;
  /** The first numbers below `upTo` that never came. */
  missing(upTo: number): Promise<number[]>;
  /** What the sink answers from now on: 200, or an error with this status; 0 closes the connection. */
  answer(status: number): Promise<void>;
  stop(): void;
}

export async function startSequenceSink(): Promise<SequenceSink> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], {
    execArgv: ['--conditions=winnow-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)));
    child.once('exit', (code) => reject(new Error(`the sink ended with ${code}`)));
  });
  return clientOf(port, child);
}

function clientOf(port: number, child: ChildProcess): SequenceSink {
  const endpoint = `http://127.0.0.1:${port}`;
  const ask = async (path: string): Promise<unknown> => (await fetch(endpoint + path)).json();
  return {
    port,
    endpoint,
    stats: async () => (await ask('/stats')) as SinkStats,
    missing: async (upTo) => (await ask(`/missing?upTo=${upTo}`)) as number[],
    answer: async (status) => void (await ask(`/answer?status=${status}`)),
    stop: () => void child.kill('SIGKILL'),
  };
}

// ---- the process ----

const seen: number[] = [];
const stats = { records: 0, distinct: 0, repeated: 0, outOfOrder: 0, requests: 0, largestRequest: 0 };
let highest = -1;
let status = 200;

function count(sequence: number): void {
  stats.records++;
  if ((seen[sequence] ?? 0) > 0) stats.repeated++;
  else {
    stats.distinct++;
    if (sequence < highest) stats.outOfOrder++;
  }
  seen[sequence] = (seen[sequence] ?? 0) + 1;
  highest = Math.max(highest, sequence);
}

/** Every `seq=<digits>` of the body; the number stands once in each record. */
function countBody(body: Buffer): void {
  const before = stats.records;
  for (let at = body.indexOf('seq='); at >= 0; at = body.indexOf('seq=', at)) {
    let sequence = 0;
    for (at += 4; (body[at] ?? 0) >= 48 && (body[at] ?? 0) <= 57; at++) sequence = sequence * 10 + (body[at] ?? 0) - 48;
    count(sequence);
  }
  stats.largestRequest = Math.max(stats.largestRequest, stats.records - before);
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body);
  return encoding === 'zstd' ? zstdDecompressSync(body) : body;
}

function handle(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sink');
  const json = (value: unknown): void => void response.end(JSON.stringify(value));
  if (pathname === '/stats') return json(stats);
  if (pathname === '/missing') return json(missingBelow(Number(searchParams.get('upTo'))));
  if (pathname === '/answer') {
    status = Number(searchParams.get('status'));
    return json({});
  }
  if (status === 0) return void request.socket.destroy();
  if (status === 200) {
    stats.requests++;
    countBody(decompress(body, request.headers['content-encoding']));
  }
  response.writeHead(status, { 'content-type': 'application/x-protobuf' });
  response.end();
}

function missingBelow(upTo: number): number[] {
  const missing: number[] = [];
  for (let sequence = 0; sequence < upTo && missing.length < 100; sequence++) if (!seen[sequence]) missing.push(sequence);
  return missing;
}

if (process.argv[2] === 'serve') {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(request, response, Buffer.concat(chunks)));
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.once('disconnect', () => process.exit());
}
