import { execFile } from 'node:child_process';
import { lookup, resolveCname, reverse } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { arch, hostname, networkInterfaces, platform, release } from 'node:os';
import { promisify } from 'node:util';
import type { FileSystem } from '#component';
import type { Answer, Question, Surroundings } from './surroundings.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;
// The longest that is asked for, of a machine of Azure with all the tags it may have, takes about 100 KiB.
const METADATA_BYTES_MAX = 256 * 1024;

/** The surroundings of this very process. What is asked of the outside stops when `signal` aborts. */
export function machine(fs: FileSystem, signal: AbortSignal): Surroundings {
  return {
    fs,
    env: process.env,
    platform: platform(),
    arch: arch(),
    hostname: hostname(),
    release: release(),
    interfaces: networkInterfaces(),
    cname: async (host) => (await orNone(resolveCname(host)))?.[0],
    reverse: async (host) => {
      const found = await orNone(lookup(host));
      return found && (await orNone(reverse(found.address)))?.[0];
    },
    output: async (program, args) => (await promisify(execFile)(program, args, { signal })).stdout,
    ask: (socket, path) => ask(socket, path, signal),
    request: (url, question) => request(url, question, signal),
  };
}

/** A name that is not known is no failure. */
async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch {
    return undefined;
  }
}

async function ask(socketPath: string, path: string, signal: AbortSignal): Promise<string> {
  const http = process.getBuiltinModule('node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get({ socketPath, path, signal, headers: { host: 'docker' }, agent: false }, resolve).on('error', reject);
  });
  const text = await textOf(response, `${socketPath}${path}`, ANSWER_BYTES_MAX);
  if (response.statusCode !== 200) throw new RangeError(`${socketPath}${path}: expected 200, got ${response.statusCode}`);
  return text;
}

async function request(url: string, { method = 'GET', headers }: Question, signal: AbortSignal): Promise<Answer> {
  const http = process.getBuiltinModule('node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const fail = (problem: NodeJS.ErrnoException): void => {
      reject(new Error(`${url}: ${problem.message || problem.code}`, { cause: problem }));
    };
    // An agent of its own: the common one asks a proxy where the environment of Node says so.
    http.request(url, { method, headers, signal, agent: false }, resolve).on('error', fail).end();
  });
  return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response, url, METADATA_BYTES_MAX) };
}

async function textOf(response: IncomingMessage, url: string, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bytesMax) throw new RangeError(`${url}: the answer is longer than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
