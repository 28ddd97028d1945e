import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { TapPoint, TapPoints } from '../pipeline/tap-points.ts';
import { NoAgentError, requestTap, serveControl, socketPathOf, type ControlServer, type TapEvent, type TapRequest } from './index.ts';

let folder: string;
let server: ControlServer;
let points: TapPoints;
let after: TapPoint;
let before: TapPoint;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-tap-'));
  points = new TapPoints();
  [before, after] = [new TapPoint(), new TapPoint()];
  points.addReceiver('file_log/app', new TapPoint());
  points.addPipeline('logs', ['redact'], ['debug'], [before, after]);
  server = await serveControl(
    socketPathOf(folder),
    () => ({}) as never,
    () => points,
  );
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Tapped {
  readonly events: TapEvent[];
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
}

/** Taps, and resolves when the agent shows what passes, or has refused. */
async function tap(request: Partial<TapRequest> = {}): Promise<Tapped> {
  const { promise: opened, resolve: onOpen } = Promise.withResolvers<void>();
  const events: TapEvent[] = [];
  const abort = new AbortController();
  const ended = requestTap(
    folder,
    { component: 'redact', side: 'after', isRedacted: true, ...request },
    {
      signal: abort.signal,
      onOpen,
      onEvent: (event) => void events.push(event),
    },
  ).catch((error: unknown) => error);
  await Promise.race([opened, ended]);
  return { events, ended, stop: () => abort.abort() };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

function batchOf(...bodies: string[]): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(bodies.join('')));
  let at = 0;
  for (const body of bodies) {
    batch.addRow(ValueType.string, at, Buffer.byteLength(body));
    at += Buffer.byteLength(body);
  }
  return batch;
}

const bodiesOf = (events: readonly TapEvent[]): unknown[] => events.flatMap((event) => ('record' in event ? [event.record['body']] : []));

describe('a tap', () => {
  test('shows what passes after a component, or before it', async () => {
    const behind = await tap({ limit: 1 });
    const ahead = await tap({ limit: 1, side: 'before' });

    before.show(batchOf('raw'));
    after.show(batchOf('done', 'more'));
    await Promise.all([behind.ended, ahead.ended]);

    expect(bodiesOf(behind.events)).toEqual(['done']);
    expect(bodiesOf(ahead.events)).toEqual(['raw']);
    expect(behind.events.at(-1)).toEqual({ end: 'the limit is reached' });
  });

  test('of an exporter shows what it is given', async () => {
    const { events, ended } = await tap({ component: 'debug', limit: 1 });

    after.show(batchOf('out'));
    await ended;

    expect(bodiesOf(events)).toEqual(['out']);
  });

  test('shows only what the condition holds for', async () => {
    const { events, ended } = await tap({ limit: 1, filter: 'severity_number >= SEVERITY_NUMBER_ERROR' });
    const batch = batchOf('fine', 'broken');
    batch.severity[1] = 17;

    after.show(batch);
    await ended;

    expect(bodiesOf(events)).toEqual(['broken']);
  });

  test('passes over rows that are dropped', async () => {
    const { events, ended } = await tap({ limit: 1 });
    const batch = batchOf('dropped', 'kept');
    batch.drop(0, 'test');

    after.show(batch);
    await ended;

    expect(bodiesOf(events)).toEqual(['kept']);
  });

  test('takes out what looks like a secret, unless told not to', async () => {
    const masked = await tap({ limit: 1 });
    const open = await tap({ limit: 1, isRedacted: false });
    const batch = batchOf('login password=hunter22 at https://u:p4ss@example.org/');
    batch.setAttribute(0, 'authorization', 'Bearer abcdef123456');
    batch.setAttribute(0, 'nested', { api_key: 'k', list: ['token: abcdefgh', 'plain'] });

    after.show(batch);
    await Promise.all([masked.ended, open.ended]);

    const [event] = masked.events;
    expect(JSON.stringify(event)).not.toMatch(/hunter22|p4ss|abcdef|"k"/);
    expect(event).toMatchObject({ record: { attributes: { nested: { list: ['token: [REDACTED]', 'plain'] } } } });
    expect(JSON.stringify(open.events[0])).toContain('hunter22');
  });

  test('cuts long bodies', async () => {
    const { events, ended } = await tap({ limit: 1 });

    after.show(batchOf('x'.repeat(1_000_000)));
    await ended;

    expect(JSON.stringify(events[0]).length).toBeLessThan(10_000);
    expect(String(bodiesOf(events)[0])).toMatch(/… \(1000000 characters\)$/);
  });

  test('ends after its time', async () => {
    const { events, ended } = await tap({ duration: '10ms' });

    await ended;

    expect(events).toEqual([{ end: 'the time is over' }]);
    expect(after.isWatched).toBe(false);
  });

  test('lets go of the pipeline when its reader goes', async () => {
    const { ended, stop } = await tap();

    stop();
    await ended;
    await until(() => !after.isWatched);

    expect(after.isWatched).toBe(false);
  });

  test('tells its reader that the agent stops', async () => {
    const { events, ended } = await tap();

    await server.close();

    expect(await ended).toBeUndefined();
    expect(events).toEqual([{ end: 'the agent stops' }]);
  });

  test('lets pass unseen what costs more than its share, and says how many', async () => {
    const { events, stop, ended } = await tap();
    const batch = batchOf(...Array.from({ length: 5000 }, (_, i) => `record ${i} password=hunter${i} `.repeat(10)));

    const began = performance.now();
    after.show(batch);
    const took = performance.now() - began;
    await until(() => events.some((event) => 'skipped' in event));
    stop();
    await ended;

    const skipped = events.reduce((sum, event) => sum + ('skipped' in event ? event.skipped : 0), 0);
    expect(skipped + bodiesOf(events).length).toBe(5000);
    expect(skipped).toBeGreaterThan(0);
    // 20 ms and a few rows more; the rest is room for a busy machine.
    expect(took).toBeLessThan(200);
  });

  test('is refused for what does not exist, with what there is', async () => {
    const unknown = await (await tap({ component: 'redcat' })).ended;
    const mistaken = await (await tap({ filter: 'severity_number >=' })).ended;
    const ahead = await (await tap({ component: 'file_log/app', side: 'before' })).ended;

    expect(unknown).toBeInstanceOf(NoAgentError);
    expect(String(unknown)).toContain('there are exporter:debug, processor:redact, receiver:file_log/app');
    expect(mistaken).toBeInstanceOf(NoAgentError);
    expect(String(ahead)).toContain('nothing comes before the receiver');
    expect(after.isWatched).toBe(false);
  });

  test('is refused when too many are open', async () => {
    const open = await Promise.all([tap(), tap(), tap(), tap()]);

    expect(String(await (await tap()).ended)).toContain('4 taps are open already');

    for (const { stop } of open) stop();
    await Promise.all(open.map(({ ended }) => ended));
  });
});

test('one who looks and fails does not stop what flows', () => {
  const problems: unknown[] = [];
  after.watch({
    show: () => {
      throw new Error('cannot look');
    },
    failed: (problem) => void problems.push(problem),
  });

  after.show(batchOf('a'));
  after.show(batchOf('b'));

  expect(problems).toHaveLength(1);
  expect(after.isWatched).toBe(false);
});
