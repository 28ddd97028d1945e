/**
 * The OtlpSink in a process of its own, for tests that measure or kill:
 *
 *   const sink = await startOtlpSinkProcess();   …   await sink.fail({ kind: 'drop' });   …   sink.stop();
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OtlpSink, type Fault, type SinkCounts, type SunkLog } from './otlp-sink.ts';

type Order =
  | { readonly order: 'counts' | 'mend' | 'up' | 'down' | 'logs' }
  | { readonly order: 'missing'; readonly upTo: number }
  | { readonly order: 'fail'; readonly fault: Fault };

export interface OtlpSinkProcess {
  readonly url: string;
  readonly pid: number | undefined;
  counts(): Promise<SinkCounts>;
  missing(upTo: number): Promise<number[]>;
  logs(): Promise<SunkLog[]>;
  fail(fault: Fault): Promise<void>;
  mend(): Promise<void>;
  up(): Promise<void>;
  down(): Promise<void>;
  stop(): void;
}

export async function startOtlpSinkProcess(keeps: boolean = false): Promise<OtlpSinkProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', String(keeps)], {
    execArgv: ['--conditions=winnow-source'],
    // Ids are bytes; JSON between the processes would not keep them.
    serialization: 'advanced',
  });
  const [url] = (await once(child, 'message')) as [string];
  const ask = askerOf(child);
  return {
    url,
    pid: child.pid,
    counts: async () => (await ask({ order: 'counts' })) as SinkCounts,
    missing: async (upTo) => (await ask({ order: 'missing', upTo })) as number[],
    logs: async () => (await ask({ order: 'logs' })) as SunkLog[],
    fail: async (fault) => void (await ask({ order: 'fail', fault })),
    mend: async () => void (await ask({ order: 'mend' })),
    up: async () => void (await ask({ order: 'up' })),
    down: async () => void (await ask({ order: 'down' })),
    stop: () => void child.kill('SIGKILL'),
  };
}

/** Orders are answered one after the other. */
function askerOf(child: ChildProcess): (order: Order) => Promise<unknown> {
  let last: Promise<unknown> = Promise.resolve();
  return (order) => {
    const answer = last.then(async () => {
      child.send(order);
      const [reply] = await once(child, 'message');
      return reply as unknown;
    });
    last = answer;
    return answer;
  };
}

async function serve(keeps: boolean): Promise<void> {
  const sink = await OtlpSink.start({ keeps });
  const obey = async (order: Order): Promise<unknown> => {
    switch (order.order) {
      case 'counts':
        return sink.counts;
      case 'logs':
        return sink.logs;
      case 'missing':
        return sink.book.missing(order.upTo);
      case 'fail':
        return sink.fail(order.fault);
      case 'mend':
        return sink.mend();
      case 'up':
        return sink.up();
      default:
        return sink.down();
    }
  };
  process.on('message', (order) => void obey(order as Order).then((reply) => process.send?.(reply ?? null)));
  process.on('disconnect', () => process.exit());
  process.send?.(sink.url);
}

if (process.argv[2] === 'serve') await serve(process.argv[3] === 'true');
