import { RefusedError, type Outcome } from '#component';
import { LogBatch, ValueType } from '#model';
import { FakeClock } from '../helpers/fake-clock.ts';
import { deliver, LogsSink, type SinkMode } from '../helpers/logs-sink.ts';
import { MemoryStorage } from '../helpers/memory-storage.ts';
import { createTestHost } from '../helpers/test-host.ts';
import { create, createSurroundings, FEEDS, type Created, type Subject, type Surroundings } from './subject.ts';

/** Nothing here waits for the clock of the host, so real time passes only where something hangs. */
async function within<T>({ deadlineMs }: Surroundings, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes longer than ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

type Life = (subject: Subject, at: Surroundings) => Promise<string[]>;

/** Runs a check in surroundings of its own; what it throws is a violation too. */
async function inSurroundings(subject: Subject, life: Life): Promise<string[]> {
  const at = await createSurroundings(subject.deadlineMs);
  try {
    return await life(subject, at);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await at.close();
  }
}

const unhurried = (): AbortSignal => new AbortController().signal;

/** Starts and stops, stops twice and without start, and leaves nothing behind. */
export function checkStartAndStop(subject: Subject): Promise<string[]> {
  return inSurroundings(subject, async (_, at) => {
    const problems: string[] = [];
    const clock = new FakeClock();
    await new Promise((resolve) => setImmediate(resolve));
    const before = handles();

    const never = create(subject, at, new LogsSink());
    problems.push(...compareHandles(before, 'create'));
    await within(at, 'shutdown without start', never.shutdown(unhurried()));

    for (const signal of [unhurried(), AbortSignal.abort()]) {
      const component = create(subject, at, new LogsSink());
      await within(at, 'start', component.start(createTestHost({ clock })));
      await within(at, 'shutdown', component.shutdown(signal));
      await within(at, 'a second shutdown', component.shutdown(signal));
    }
    await clock.advance(0);
    problems.push(...compareHandles(before, 'shutdown'));
    if (clock.pendingTimers > 0) problems.push(`${clock.pendingTimers} timers outlive shutdown`);
    return problems;
  });
}

const KEPT_OPEN = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'FSEventWrap', 'StatWatcher', 'FSReqCallback'];

function handles(): ReadonlyMap<string, number> {
  const all = process.getActiveResourcesInfo();
  return new Map(KEPT_OPEN.map((type) => [type, all.filter((other) => other === type).length]));
}

function compareHandles(before: ReadonlyMap<string, number>, after: string): string[] {
  const now = handles();
  return KEPT_OPEN.filter((type) => (now.get(type) ?? 0) > (before.get(type) ?? 0)).map((type) => `a ${type} is open after ${after}`);
}

const BATCHES = 3;
const ROWS = 7;

/** What goes in is accounted for when the component has shut down, and nothing comes afterwards. */
export function checkAccounts(subject: Subject): Promise<string[]> {
  return inSurroundings(subject, async (_, at) => {
    const sink = new LogsSink();
    switch (subject.factory.kind) {
      case 'processor':
      case 'connector': {
        const { problems, settled } = await consumeAll(subject, { at, sink, isInNeed: false });
        // What counts gives other records than it takes.
        return SUMS_UP.has(subject.factory.type) ? problems : [...problems, ...compareBodies(sink, settled.dropped)];
      }
      case 'exporter': {
        const { problems, settled } = await consumeAll(subject, { at, sink, isInNeed: false });
        if (settled.abandoned > 0) problems.push(`${settled.abandoned} records were abandoned though the destination takes them`);
        return problems;
      }
      case 'receiver':
        return checkReceiver(subject, at);
      default:
        return [];
    }
  });
}

/** The same when what comes next refuses and the deadline has passed: nothing may stay unsettled. */
export function checkAccountsInNeed(subject: Subject): Promise<string[]> {
  return inSurroundings(subject, async (_, at) => {
    const { kind } = subject.factory;
    if (kind !== 'processor' && kind !== 'connector') return [];
    const sink = new LogsSink();
    sink.isRefusing = true;
    const { problems, settled } = await consumeAll(subject, { at, sink, isInNeed: true });
    if (settled.durable > 0) problems.push(`${settled.durable} records are called durable though nobody took them`);
    return problems;
  });
}

const SUMS_UP: ReadonlySet<string> = new Set(['count']);

function compareBodies(sink: LogsSink, dropped: number): string[] {
  const came = new Set(sink.bodies);
  const missing = Array.from({ length: BATCHES * ROWS }, (_, i) => bodyOf(i)).filter((body) => !came.has(body)).length;
  return missing > dropped ? [`${missing} records did not come out as they went in, ${dropped} are counted as dropped`] : [];
}

interface Circumstances {
  readonly at: Surroundings;
  readonly sink: LogsSink;
  /** True when the rest of the world does not answer, and shutdown has no time. */
  readonly isInNeed: boolean;
}

interface Settled {
  readonly durable: number;
  readonly dropped: number;
  readonly abandoned: number;
}

async function consumeAll(subject: Subject, { at, sink, isInNeed }: Circumstances): Promise<{ problems: string[]; settled: Settled }> {
  const problems: string[] = [];
  const clock = new FakeClock();
  const component = create(subject, at, sink);
  await within(at, 'start', component.start(createTestHost({ clock })));
  const given: Given[] = [];
  for (let i = 0; i < BATCHES; i++) {
    const one = give(component, i);
    given.push(one);
    // One that is held back may only be let go by shutdown; until then no other may be given.
    const isTaken = isInNeed ? await Promise.race([one.taken, pause().then(() => false)]) : await within(at, 'consume', one.taken);
    if (!isTaken) break;
  }
  await within(at, 'shutdown', component.shutdown(isInNeed ? AbortSignal.abort() : unhurried()));

  const settled = { durable: 0, dropped: 0, abandoned: 0 };
  for (const { taken, outcome } of given) {
    await within(at, 'consume, after shutdown,', taken);
    const { durable, dropped, abandoned } = await within(at, 'settling, after shutdown,', outcome);
    settled.durable += durable;
    settled.abandoned += abandoned;
    for (const count of dropped.values()) settled.dropped += count;
  }
  const { batches } = sink;
  await clock.advance(3_600_000);
  if (sink.batches > batches) problems.push('a batch came after shutdown');
  return { problems, settled };
}

interface Given {
  /** Resolves to false when the component refused. */
  readonly taken: Promise<boolean>;
  readonly outcome: Promise<Outcome>;
}

/** Gives one batch, and overwrites its bytes as soon as that is allowed. */
function give(component: Created, index: number): Given {
  const bodies = Array.from({ length: ROWS }, (_, i) => bodyOf(index * ROWS + i));
  const bytes = Buffer.from(bodies.join(''));
  const batch = new LogBatch();
  batch.reset(bytes);
  let start = 0;
  for (const body of bodies) {
    batch.addRow(ValueType.string, start, body.length);
    start += body.length;
  }
  const { outcome } = deliver(batch);
  const take = async (): Promise<boolean> => {
    try {
      await component.consume?.(batch);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // Not taken: whoever gave it still answers for it.
      batch.settleAbandoned();
      return false;
    }
    bytes.fill('X');
    batch.reset(Buffer.alloc(0));
    return true;
  };
  return { taken: take(), outcome };
}

function bodyOf(i: number): string {
  return `record number ${i}`;
}

async function pause(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Every line comes once; those that were settled do not come again after a restart, those that were given up do. */
async function checkReceiver(subject: Subject, at: Surroundings): Promise<string[]> {
  const feed = FEEDS[subject.entry.type];
  if (!feed) return [];
  const lines = Array.from({ length: BATCHES * ROWS }, (_, i) => bodyOf(i));
  feed(at, lines);
  const storage = new MemoryStorage();
  const givenUp = await receive(subject, { at, storage, mode: 'abandon', count: lines.length });
  const first = await receive(subject, { at, storage, mode: 'durable', count: lines.length });
  const again = await receive(subject, { at, storage, mode: 'durable', count: 1 });

  const problems: string[] = [];
  if (givenUp.join() !== lines.join()) problems.push(`of ${lines.length} lines ${givenUp.length} came, or in another order`);
  if (first.join() !== lines.join())
    problems.push(`of ${lines.length} lines that were given up, ${first.length} came again after a restart`);
  if (again.length > 0) problems.push(`${again.length} lines came again although they were settled`);
  return problems;
}

interface Reception {
  readonly at: Surroundings;
  readonly storage: MemoryStorage;
  readonly mode: SinkMode;
  /** Records after which the receiver is stopped. */
  readonly count: number;
}

// Half a minute of the receiver's time, a fraction of a second of ours.
const TURNS_MAX = 300;
const TURN_MS = 100;

async function receive(subject: Subject, { at, storage, mode, count }: Reception): Promise<string[]> {
  const sink = new LogsSink();
  sink.mode = mode;
  const clock = new FakeClock();
  const component = create(subject, at, sink);
  await within(at, 'start', component.start(createTestHost({ clock, storage })));
  for (let turn = 0; turn < TURNS_MAX && sink.records.length < count; turn++) await clock.advance(TURN_MS);
  await within(at, 'shutdown', component.shutdown(unhurried()));
  const { batches } = sink;
  await clock.advance(3_600_000);
  if (sink.batches > batches) throw new Error('a batch came after shutdown');
  return sink.bodies.map(String);
}
