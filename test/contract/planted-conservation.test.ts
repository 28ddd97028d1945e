/** The stories of check-conservation.ts, told of processors that break the contract: each breach has to be found. */
import { expect, test } from 'vitest';
import { Delivery, type Consumer, type Counter, type Host, type ProcessorFactory } from '#component';
import { appendRows, LogBatch } from '#model';
import { checkConservation } from './check-conservation.ts';
import type { ProcessorMember } from './world.ts';

interface Parts {
  readonly mutates?: boolean;
  start?(host: Host): Promise<void>;
  consume(batch: LogBatch): Promise<void>;
  shutdown?(signal: AbortSignal): Promise<void>;
}

function planted(create: (next: Consumer) => Parts): ProcessorMember {
  const factory: ProcessorFactory<never> = {
    kind: 'processor',
    type: 'planted',
    stability: 'development',
    summary: 'Of the test.',
    schema: { type: 'object', additionalProperties: false, properties: {} } as never,
    create: (_config, _settings, next) => ({ mutates: false, start: async () => {}, shutdown: async () => {}, ...create(next) }),
  };
  return { id: 'planted', factory, config: {} as never };
}

const RUNS = { runs: 60, seed: 1, shrinkMs: 500 };

async function said(create: (next: Consumer) => Parts): Promise<string> {
  return (await checkConservation(planted(create), RUNS)).join('\n');
}

/** Drops every second row. */
function sieve(next: Consumer, more: Partial<Parts> & { readonly isCounted: boolean }): Parts {
  let dropped: Counter | undefined;
  return {
    mutates: true,
    start: async (host) => void (dropped = host.metrics.counter('winnow_processor_dropped_log_records', 'Dropped.', { reason: 'odd' })),
    consume: async (batch) => {
      for (let row = 1; row < batch.length; row += 2) {
        if (batch.isDropped[row] === 1) continue;
        batch.drop(row, 'odd');
        if (more.isCounted) dropped?.add(1);
      }
      await next.consume(batch);
    },
    ...more,
  };
}

/** Keeps rows until it is stopped, with their Deliveries, or calling durable what only its memory has. */
function keeper(next: Consumer, { isSaidDurable }: { readonly isSaidDurable: boolean }): Parts {
  let held = new LogBatch();
  const release = async (): Promise<void> => {
    const full = held;
    held = new LogBatch();
    if (full.length === 0) return;
    await next.consume(full).catch(() => full.settleAbandoned());
  };
  return {
    start: async (host) => {
      host.metrics.gauge('winnow_processor_held_log_records', 'Held.', () => held.liveRows);
    },
    consume: async (batch) => {
      appendRows(held, batch);
      if (!isSaidDurable) return;
      batch.settleDurable();
      held.deliveries = [new Delivery(held.liveRows, 1, () => {})];
      held.deliveryOf.fill(0);
    },
    shutdown: release,
  };
}

test('a processor that passes everything on is in order', async () => {
  expect(await said((next) => ({ consume: (batch) => next.consume(batch) }))).toBe('');
});

test('a processor that drops and counts is in order', async () => {
  expect(await said((next) => sieve(next, { isCounted: true }))).toBe('');
});

test('a processor that keeps rows with their Deliveries is in order', async () => {
  expect(await said((next) => keeper(next, { isSaidDurable: false }))).toBe('');
});

test.each<[string, (next: Consumer) => Parts, string]>([
  ['drops without counting', (next) => sieve(next, { isCounted: false }), 'the books do not balance'],
  ['edits and does not say so', (next) => sieve(next, { isCounted: true, mutates: false }), 'says mutates: false'],
  ['calls durable what only its memory has', (next) => keeper(next, { isSaidDurable: true }), 'of which only 0 are with somebody'],
  ['settles and passes nothing on', () => ({ consume: async (batch) => batch.settleDurable() }), 'the books do not balance'],
  [
    'settles what it passes on',
    (next) => ({
      consume: async (batch) => {
        await next.consume(batch);
        const [claim] = batch.claims();
        claim?.delivery.durable(1);
      },
    }),
    'exactly once',
  ],
  ['takes what was refused', (next) => ({ consume: (batch) => next.consume(batch).catch(() => {}) }), 'Deliveries are not settled'],
  [
    'keeps the batch of its caller',
    (next) => {
      const kept: LogBatch[] = [];
      return {
        consume: async (batch) => void kept.push(batch.clone(batch.deliveries)),
        shutdown: async () => {
          for (const batch of kept.splice(0)) await next.consume(batch);
        },
      };
    },
    '',
  ],
  ['fails', () => ({ consume: () => Promise.reject(new Error('no refusal')) }), 'no refusal'],
  ['never answers', () => ({ consume: () => new Promise(() => {}) }), 'still refuses or does not answer'],
  ['cannot start', (next) => ({ consume: (batch) => next.consume(batch), start: () => Promise.reject(new Error('no start')) }), 'no start'],
  ['never stops', (next) => ({ consume: (batch) => next.consume(batch), shutdown: () => new Promise(() => {}) }), 'shutdown takes'],
  [
    'gives rows twice',
    (next) => ({
      consume: async (batch) => {
        const copy = batch.clone(batch.deliveries.map((delivery) => new Delivery(Math.max(1, delivery.outstanding), 1, () => {})));
        await next.consume(copy);
        await next.consume(batch);
      },
    }),
    'the books do not balance',
  ],
])('a processor that %s is found', async (_what, create, expected) => {
  const problems = await said(create);

  expect(problems).not.toBe('');
  expect(problems).toContain(expected);
  expect(problems).toContain('seed 1, path ');
});
