/** The channel between a running agent and the command line: a Unix socket in the storage folder. */
export { requestStatus, requestTap, NoAgentError, type TapRequest } from './client.ts';
export { serveControl, type ControlServer } from './server.ts';
export { socketPathOf } from './socket-path.ts';
export type { ComponentReport, StatusReport } from './status-report.ts';
export type { TapEvent } from './tap-stream.ts';
