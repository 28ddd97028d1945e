/** A backend that takes everything at once and looks at nothing, in a process of its own: it costs the machine little. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface DiscardingSink {
  readonly endpoint: string;
  stop(): void;
}

export async function startDiscardingSink(): Promise<DiscardingSink> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: ['--conditions=winnow-source'] });
  const [port] = (await once(child, 'message')) as [number];
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => void child.kill('SIGKILL') };
}

function serve(): void {
  const server = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end());
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

if (process.argv[2] === 'serve') serve();
