import type { Logger } from '#component';
import { exitCodeOf } from './exit-codes.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

export interface SignalOptions {
  readonly log: Logger;
  readonly exit: (code: number) => void;
  /** An error that nobody has caught. */
  readonly fatal: (problem: unknown) => void;
}

export interface Signals {
  /** Resolves with the first signal that asks to stop. The second ends the process at once. */
  readonly first: Promise<StopSignal>;
  unwatch(): void;
}

export function watchSignals({ log, exit, fatal }: SignalOptions): Signals {
  const { promise: first, resolve } = Promise.withResolvers<StopSignal>();
  let isStopping = false;
  const onStop = (signal: StopSignal): void => {
    if (!isStopping) {
      isStopping = true;
      resolve(signal);
      return;
    }
    log.warn('Stopped at once by a second signal; what was held is read again after a start.', { signal });
    exit(exitCodeOf(signal));
  };
  const onHangUp = (): void => log.info('SIGHUP: written files are opened anew. The configuration stays; restart the agent to load it.');

  for (const signal of STOP_SIGNALS) process.on(signal, onStop);
  process.on('SIGHUP', onHangUp);
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  return {
    first,
    unwatch() {
      for (const signal of STOP_SIGNALS) process.off(signal, onStop);
      process.off('SIGHUP', onHangUp);
      process.off('uncaughtException', fatal);
      process.off('unhandledRejection', fatal);
    },
  };
}
