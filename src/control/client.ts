import type { IncomingMessage } from 'node:http';
import { socketPathOf } from './socket-path.ts';
import type { StatusReport } from './status-report.ts';
import type { TapEvent } from './tap-stream.ts';

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

/** What to look at; see `winnow tap`. */
export interface TapRequest {
  readonly component: string;
  readonly side: 'before' | 'after';
  readonly filter?: string | undefined;
  readonly limit?: number | undefined;
  readonly duration?: string | undefined;
  readonly isRedacted: boolean;
}

interface Follower {
  readonly signal: AbortSignal;
  /** From now on the agent shows what passes. */
  readonly onOpen?: () => void;
  readonly onEvent: (event: TapEvent) => void;
}

/** Lets `onEvent` have what passes, until the agent or `signal` ends it. Rejects when the agent goes without a word. */
export async function requestTap(
  storageDirectory: string,
  { component, side, filter, limit, duration, isRedacted }: TapRequest,
  follower: Follower,
): Promise<void> {
  const query = new URLSearchParams({ component, side, redact: isRedacted ? 'yes' : 'no' });
  if (filter !== undefined) query.set('filter', filter);
  if (limit !== undefined) query.set('limit', String(limit));
  if (duration !== undefined) query.set('duration', duration);
  const path = socketPathOf(storageDirectory);
  try {
    await follow(path, `/tap?${query.toString()}`, follower);
  } catch (error) {
    if (!follower.signal.aborted) throw error;
  }
}

async function follow(socketPath: string, path: string, { signal, onOpen, onEvent }: Follower): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath, path, signal }, resolve);
    sent.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, socketPath)));
    sent.end();
  });
  if (response.statusCode !== 200) {
    await read(response);
    return;
  }
  onOpen?.();
  let hasEnded = false;
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        // The agent is of the same version.
        const event = JSON.parse(line) as TapEvent;
        hasEnded ||= 'end' in event;
        onEvent(event);
      }
    }
  } catch (error) {
    throw hasEnded ? error : new NoAgentError('the agent has gone', { cause: error });
  }
  if (!hasEnded) throw new NoAgentError('the agent has gone');
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
  const isOurs = response.statusCode === 400 || response.statusCode === 404 || response.statusCode === 503;
  throw new NoAgentError(isOurs ? body.trim() : `the agent answered ${response.statusCode}: ${body.trim()}`);
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
