import { execFile } from 'node:child_process';
import { lookup, resolveCname, reverse } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { arch, hostname, networkInterfaces, platform, release } from 'node:os';
import { promisify } from 'node:util';
import type { FileSystem } from '#component';
import type { Surroundings } from './surroundings.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;

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
  let text = '';
  for await (const part of response.setEncoding('utf8')) {
    text += String(part);
    if (text.length > ANSWER_BYTES_MAX) throw new RangeError(`${socketPath}${path}: the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
  }
  if (response.statusCode !== 200) throw new RangeError(`${socketPath}${path}: expected 200, got ${response.statusCode}`);
  return text;
}
