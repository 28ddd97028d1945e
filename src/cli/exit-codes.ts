/** Each exit code means one thing; README.md and the service files name them. */
export const ExitCode = {
  ok: 0,
  /** Something unexpected at run time, or `status` without a running agent. */
  failure: 1,
  /** A wrong configuration or command line. Starting again does not help. */
  usage: 2,
  /** The configuration is right, but something it needs is taken or out of reach: a port, the storage. */
  cannotStart: 3,
  /** A broken invariant, which is a bug of the agent. What it had acknowledged is safe; starting again helps. */
  brokenInvariant: 70,
} as const;

/** What a shell shows for a process that a signal has ended; used when a second signal cuts the shutdown short. */
export function exitCodeOf(signal: 'SIGINT' | 'SIGTERM'): number {
  return signal === 'SIGINT' ? 130 : 143;
}
