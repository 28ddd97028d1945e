import type { IncomingMessage } from 'node:http';
import { socketPathOf } from './socket-path.ts';
import type { StatusReport } from './status-report.ts';

// Not imported, for the reason given in telemetry/small-server.ts.
const { request } = process.getBuiltinModule('node:http');

const TIMEOUT_MS = 5_000;

/** No agent answers for this storage folder. */
export class NoAgentError extends Error {
  readonly code = 'WINNOW_NO_AGENT';
}

/** Asks the agent that works with this storage folder how it is. */
export async function requestStatus(storageDirectory: string): Promise<StatusReport> {
  const path = socketPathOf(storageDirectory);
  // The agent is of the same version, or the report is shown as far as it goes.
  return JSON.parse(await get(path, '/status')) as StatusReport;
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, timeout: TIMEOUT_MS }, (response) => void read(response).then(resolve, reject));
    sent.on('timeout', () => sent.destroy(new NoAgentError(`no answer from ${socketPath} within ${TIMEOUT_MS} ms`)));
    sent.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, socketPath)));
    sent.end();
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  if (response.statusCode === 200) return body;
  throw new NoAgentError(`the agent answered ${response.statusCode}: ${body.trim()}`);
}

function explain(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
    return new NoAgentError(`no agent is running here: nobody answers on ${socketPath}; give --config as for "winnow run", or --storage`);
  if (error.code === 'EACCES')
    return new NoAgentError(
      `cannot open ${socketPath}: permission denied; run the command as the user of the agent, for instance with sudo -u winnow`,
    );
  return error;
}
