import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { checkLimits, limitsOf, type MemoryLimiterConfig } from './limits.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { createProcessMemory } from './process-memory.ts';

const MIB = 1024 * 1024;
const CONFIG: MemoryLimiterConfig = {
  check_interval: '1s',
  limit_mib: 200,
  spike_limit_mib: 50,
  limit_percentage: 0,
  spike_limit_percentage: 0,
  min_gc_interval_when_soft_limited: '10s',
  min_gc_interval_when_hard_limited: '0s',
  max_gc_interval_when_soft_limited: '30s',
  max_gc_interval_when_hard_limited: '30s',
};

class FakeMemory {
  mib = 100;
  /** What a collection frees. */
  garbageMib = 0;
  collections = 0;
  residentBytes(): number {
    return this.mib * MIB;
  }
  totalBytes(): number {
    return 1000 * MIB;
  }
  collectGarbage(): void {
    this.collections++;
    this.mib -= this.garbageMib;
    this.garbageMib = 0;
  }
}

function batchOf(rows: number): LogBatch {
  const batch = new LogBatch();
  for (let i = 0; i < rows; i++) batch.setBody(batch.addRow(0, 0, 0), `line ${i}`);
  return batch;
}

async function started(config: Partial<MemoryLimiterConfig> = {}) {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const memory = new FakeMemory();
  const sink = new LogsSink();
  const limiter = new MemoryLimiter({ ...CONFIG, ...config }, { id: 'memory_limiter' }, sink, memory);
  await limiter.start(host);
  return { clock, host, memory, sink, limiter };
}

describe('refusing', () => {
  test('begins at the soft limit and ends below it; the caller keeps what was refused', async () => {
    const { clock, host, memory, sink, limiter } = await started();
    const batch = batchOf(3);
    const { outcome } = deliver(batch);

    memory.mib = 150;
    await clock.advance(1000);
    await expect(limiter.consume(batch)).rejects.toBeInstanceOf(RefusedError);
    memory.mib = 149;
    await clock.advance(1000);
    await limiter.consume(batch);

    expect(sink.records).toHaveLength(3);
    expect((await outcome).durable).toBe(3);
    expect(host.metric('otelcol_processor_memory_limiter_refused_log_records')).toBe(3);
    expect(host.metric('otelcol_processor_memory_limiter_accepted_log_records')).toBe(3);
    expect(host.reported.map(({ status }) => status)).toEqual(['recoverable', 'ok']);
    expect(host.lines.slice(1).map(({ level, facts }) => [level, facts])).toEqual([
      ['warn', { resident_mib: 150, soft_limit_mib: 150 }],
      ['info', { resident_mib: 149, soft_limit_mib: 150 }],
    ]);
  });

  test('lets one batch a check through when memory does not fall by refusing, but none from the hard limit on', async () => {
    const { clock, memory, sink, limiter } = await started();
    const offer = async (): Promise<void> => {
      const batch = batchOf(1);
      deliver(batch);
      await limiter.consume(batch);
    };
    memory.mib = 160;
    await clock.advance(1000);
    await expect(offer()).rejects.toThrow(RefusedError);

    await clock.advance(1000);
    await offer();
    await expect(offer()).rejects.toThrow(RefusedError);
    memory.mib = 161;
    await clock.advance(1000);
    await expect(offer()).rejects.toThrow(RefusedError);
    await clock.advance(1000);
    await offer();
    memory.mib = 200;
    await clock.advance(60_000);
    await expect(offer()).rejects.toThrow(RefusedError);

    expect(sink.records).toHaveLength(2);
  });

  test('says so once, however long it lasts', async () => {
    const { clock, host, memory } = await started();

    memory.mib = 300;
    await clock.advance(60_000);

    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('does not begin when collecting garbage is enough', async () => {
    const { clock, memory, limiter, sink } = await started();
    const batch = batchOf(1);
    deliver(batch);

    memory.mib = 180;
    memory.garbageMib = 80;
    await clock.advance(1000);
    await limiter.consume(batch);

    expect(memory.collections).toBe(1);
    expect(sink.records).toHaveLength(1);
  });
});

describe('collecting garbage', () => {
  test('above the soft limit no more often than its interval', async () => {
    const { clock, memory } = await started({ max_gc_interval_when_soft_limited: '0s' });

    memory.mib = 160;
    await clock.advance(25_000);

    expect(memory.collections).toBe(3);
  });

  test('that frees little comes ever more seldom', async () => {
    const { clock, memory } = await started();

    memory.mib = 300;
    await clock.advance(60_000);

    // After 1, 2, 4, 8, 16 and 30 seconds, not 60 times.
    expect(memory.collections).toBe(6);
  });

  test('frees buffers outside the heap in the real process', () => {
    const memory = createProcessMemory();

    memory.collectGarbage();

    expect(memory.residentBytes()).toBeGreaterThan(10 * MIB);
    expect(memory.totalBytes()).toBeGreaterThan(100 * MIB);
  });
});

describe('limits', () => {
  test('the spike limit is a fifth when it is not given', () => {
    expect(limitsOf({ ...CONFIG, spike_limit_mib: 0 }, 0)).toEqual({ hardBytes: 200 * MIB, softBytes: 160 * MIB });
  });

  test('percentages are of the total; limit_mib wins', () => {
    const percent = { ...CONFIG, limit_mib: 0, spike_limit_mib: 0, limit_percentage: 50, spike_limit_percentage: 10 };

    expect(limitsOf(percent, 1000 * MIB)).toEqual({ hardBytes: 500 * MIB, softBytes: 400 * MIB });
    expect(limitsOf({ ...percent, limit_mib: 100 }, 1000 * MIB).hardBytes).toBe(100 * MIB);
  });

  test.each([
    [{ check_interval: '0s' }, 'check_interval'],
    [{ limit_mib: 0 }, ''],
    [{ spike_limit_mib: 200 }, 'spike_limit_mib'],
    [{ limit_mib: 60, spike_limit_mib: 10 }, 'limit_mib'],
    [{ limit_mib: 0, limit_percentage: 20, spike_limit_percentage: 20 }, 'spike_limit_percentage'],
    [{ min_gc_interval_when_hard_limited: '20s' }, 'min_gc_interval_when_soft_limited'],
  ])('%o is refused', (wrong, path) => {
    expect(checkLimits({ ...CONFIG, ...wrong }).map((problem) => problem.path)).toEqual([path]);
  });

  test('a percentage that leaves less than the program itself needs fails at start', async () => {
    await expect(started({ limit_mib: 0, limit_percentage: 5 })).rejects.toThrow('at least 80 MiB');
  });
});

test('shutdown twice, and without start, leaves no timer', async () => {
  const { clock, limiter } = await started();

  await limiter.shutdown();
  await limiter.shutdown();
  await new MemoryLimiter(CONFIG, { id: 'memory_limiter' }, new LogsSink()).shutdown();

  expect(clock.pendingTimers).toBe(0);
});
