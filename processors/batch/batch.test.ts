import { describe, expect, test } from 'vitest';
import { LogBatch } from '#model';
import type { Consumer } from '#component';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { BatchProcessor, type BatchConfig } from './batch.ts';

const DEFAULTS: BatchConfig = {
  timeout: '200ms',
  send_batch_size: 8192,
  send_batch_max_size: 0,
  send_batch_bytes_max: '4MiB',
  metadata_keys: [],
  metadata_cardinality_limit: 1000,
};

function batchOf(...bodies: string[]): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(bodies.join('\n')));
  let at = 0;
  for (const body of bodies) {
    batch.addRow(1, at, Buffer.byteLength(body));
    at += Buffer.byteLength(body) + 1;
  }
  deliver(batch);
  return batch;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
}

class SizesSink extends LogsSink {
  readonly sizes: number[] = [];
  override async consume(batch: LogBatch): Promise<void> {
    await super.consume(batch);
    this.sizes.push(batch.liveRows);
  }
}

async function started(config: Partial<BatchConfig> = {}, next?: Consumer) {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const sink = new SizesSink();
  const batcher = new BatchProcessor({ ...DEFAULTS, ...config }, { id: 'batch' }, next ?? sink);
  await batcher.start(host);
  const stop = (signal: AbortSignal = new AbortController().signal) => batcher.shutdown(signal);
  return { clock, host, sink, batcher, stop };
}

describe('when a batch is sent', () => {
  test('after the timeout, counted from its first record', async () => {
    const { clock, sink, batcher, host } = await started();

    await batcher.consume(batchOf('a'));
    await clock.advance(150);
    await batcher.consume(batchOf('b'));
    await clock.advance(49);
    expect(sink.bodies).toEqual([]);
    await clock.advance(1);

    expect(sink.bodies).toEqual(['a', 'b']);
    expect(sink.batches).toBe(1);
    expect(host.metric('otelcol_processor_batch_timeout_trigger_send')).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('at once when it comes large enough; its size is what was sent, not what the next one leaves of it', async () => {
    const dropsFirst: Consumer = { mutates: false, consume: async (batch) => batch.drop(0, 'noise') };
    const { batcher, host } = await started({ send_batch_size: 3 }, dropsFirst);

    await batcher.consume(batchOf('a', 'b', 'c'));

    expect(host.metric('otelcol_processor_batch_batch_send_size_count')).toBe(1);
    expect(host.metric('otelcol_processor_batch_batch_send_size_sum')).toBe(3);
  });

  test('as soon as it is large enough', async () => {
    const { sink, batcher, host, clock } = await started({ send_batch_size: 3 });

    await batcher.consume(batchOf('a', 'b'));
    await batcher.consume(batchOf('c', 'd'));
    await settleMicrotasks();

    expect(sink.sizes).toEqual([4]);
    expect(host.metric('otelcol_processor_batch_batch_size_trigger_send')).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('as soon as its bytes reach the bound, however few records it has', async () => {
    const { sink, batcher } = await started({ send_batch_bytes_max: 1000 });

    await batcher.consume(batchOf('x'.repeat(600)));
    expect(sink.batches).toBe(0);
    await batcher.consume(batchOf('y'.repeat(600)));
    await settleMicrotasks();

    expect(sink.sizes).toEqual([2]);
  });

  test('at once with a timeout of 0', async () => {
    const { sink, batcher } = await started({ timeout: '0s' });

    await batcher.consume(batchOf('a'));

    expect(sink.bodies).toEqual(['a']);
  });

  test('in parts of at most send_batch_max_size; what is left over waits for more', async () => {
    const { sink, batcher, clock } = await started({ send_batch_size: 4, send_batch_max_size: 4 });

    await batcher.consume(batchOf(...numbered(0, 3)));
    await batcher.consume(batchOf(...numbered(3, 10)));
    await settleMicrotasks();
    expect(sink.sizes).toEqual([4, 4]);
    await clock.advance(200);

    expect(sink.sizes).toEqual([4, 4, 2]);
    expect(sink.bodies).toEqual(numbered(0, 10));
  });
});

describe('responsibility', () => {
  test('each Delivery settles by what became of its own records', async () => {
    const { clock, sink, batcher } = await started();
    sink.mode = 'keep';
    const first = batchOf('a', 'b');
    const second = batchOf('c');
    const settledFirst = deliver(first).outcome;
    const settledSecond = deliver(second).outcome;

    await batcher.consume(first);
    await batcher.consume(second);
    await clock.advance(200);
    expect(sink.kept.map(({ rows }) => rows)).toEqual([2, 1]);
    sink.release(1);
    sink.release(1, false);

    expect((await settledFirst).durable).toBe(2);
    expect((await settledSecond).abandoned).toBe(1);
  });

  test('keeps neither batch nor bytes of the caller', async () => {
    const { clock, sink, batcher } = await started();
    const batch = batchOf('mine');

    await batcher.consume(batch);
    batch.space.bytes.fill(0);
    batch.reset(Buffer.alloc(0));
    await clock.advance(200);

    expect(sink.bodies).toEqual(['mine']);
  });

  test('leaves out dropped records', async () => {
    const { clock, sink, batcher } = await started();
    const batch = batchOf('a', 'b', 'c');
    const { outcome } = deliver(batch);
    batch.drop(1, 'test');

    await batcher.consume(batch);
    await clock.advance(200);

    expect(sink.bodies).toEqual(['a', 'c']);
    expect(await outcome).toMatchObject({ durable: 2, dropped: new Map([['test', 1]]) });
  });
});

describe('back-pressure', () => {
  test('holds two batches and no more while the next one takes nothing', async () => {
    let release = (): void => {};
    const open = new Promise<void>((resolve) => (release = resolve));
    const sink = new LogsSink();
    const blocked: Consumer = {
      mutates: true,
      consume: async (batch) => {
        await open;
        await sink.consume(batch);
      },
    };
    const { batcher } = await started({ send_batch_size: 2 }, blocked);
    let taken = 0;

    const all = numbered(0, 6).map((body) => batcher.consume(batchOf(body)).then(() => taken++));
    await settleMicrotasks();
    expect(taken).toBe(4);
    release();
    await Promise.all(all);
    await settleMicrotasks();

    expect(sink.bodies).toEqual(numbered(0, 6));
  });

  test('a refused batch is kept, offered again and lost by nobody', async () => {
    const { clock, sink, batcher, host } = await started();
    const batch = batchOf('a', 'b');
    const { outcome } = deliver(batch);
    sink.isRefusing = true;

    await batcher.consume(batch);
    await clock.advance(3000);
    sink.isRefusing = false;
    await clock.advance(1000);

    expect(sink.bodies).toEqual(['a', 'b']);
    expect((await outcome).durable).toBe(2);
    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('a batch that is large enough as it comes passes uncopied, and its refusal reaches the caller', async () => {
    const { sink, batcher } = await started({ send_batch_size: 2 });
    sink.isRefusing = true;

    await expect(batcher.consume(batchOf('a', 'b'))).rejects.toThrow('the test says no');
    sink.isRefusing = false;
    await batcher.consume(batchOf('a', 'b'));

    expect(sink.bodies).toEqual(['a', 'b']);
  });
});

describe('shutdown', () => {
  test('sends what waits, twice does no harm, then takes no more', async () => {
    const { sink, batcher, stop, clock } = await started();

    await batcher.consume(batchOf('a'));
    await stop();
    await stop();

    expect(sink.bodies).toEqual(['a']);
    expect(clock.pendingTimers).toBe(0);
    await expect(batcher.consume(batchOf('b'))).rejects.toThrow('stopping');
  });

  test('without start', async () => {
    const batcher = new BatchProcessor(DEFAULTS, { id: 'batch' }, new LogsSink());

    await expect(batcher.shutdown(new AbortController().signal)).resolves.toBeUndefined();
  });

  test('abandons what is still refused when the deadline passes', async () => {
    const { sink, batcher, stop } = await started();
    const batch = batchOf('a', 'b');
    const { outcome } = deliver(batch);
    const deadline = new AbortController();
    sink.isRefusing = true;

    await batcher.consume(batch);
    const stopped = stop(deadline.signal);
    await settleMicrotasks();
    deadline.abort();
    await stopped;

    expect((await outcome).abandoned).toBe(2);
  });
});
