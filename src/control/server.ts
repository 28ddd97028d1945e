import { chmodSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { listenSmall } from '../telemetry/small-server.ts';
import type { StatusReport } from './status-report.ts';
import { Taps, type Tappable } from './taps.ts';

const OWNER_ONLY = 0o600;

export interface ControlServer {
  readonly path: string;
  close(): Promise<void>;
}

/** Answers `GET /status` and `GET /tap` on a socket that only the agent's own user may use. */
export async function serveControl(path: string, report: () => StatusReport, points: () => Tappable): Promise<ControlServer> {
  // The storage is locked, so its folder has no other agent; but the path may lie in the temporary folder.
  if (await isListening(path)) throw new Error(`another agent answers on ${path}`);
  // Left behind by an agent that was killed.
  rmSync(path, { force: true });
  const umask = process.umask(0o177);
  const taps = new Taps(points);
  const listening = listenSmall({ path }, (requested, query) => {
    if (requested === '/tap') return taps.answer(query);
    if (requested !== '/status') return undefined;
    return { contentType: 'application/json', body: `${JSON.stringify(report())}\n` };
  });
  // The socket is made while `listen` runs, before it returns.
  process.umask(umask);
  const server = await listening;
  chmodSync(path, OWNER_ONLY);
  return {
    path,
    async close() {
      taps.endAll('the agent stops');
      await server.close();
      rmSync(path, { force: true });
    },
  };
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
