/**
 * Every connector in random stories: no row is lost, whatever the pipelines behind it do. The seed is printed with a
 * failure; WINNOW_SEED gives it again, WINNOW_RUNS says how many stories.
 */
import { expect, test } from 'vitest';
import type { ConnectorFactory, Outlets } from '#component';
import { factory as count } from '../../connectors/count/index.ts';
import { factory as failover } from '../../connectors/failover/index.ts';
import { factory as forward } from '../../connectors/forward/index.ts';
import { factory as roundRobin } from '../../connectors/round_robin/index.ts';
import { factory as routing } from '../../connectors/routing/index.ts';
import { registry } from '../../src/registry.ts';
import { checkConnector, PIPELINES, type ConnectorSubject } from './check-connector.ts';

const runs = Number(process.env['WINNOW_RUNS'] ?? 60);
const seed = Number(process.env['WINNOW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const [sieve, edits, plain] = PIPELINES;

const SUBJECTS: Readonly<Record<string, ConnectorSubject>> = {
  forward: { factory: forward, config: {}, wants: () => PIPELINES },
  round_robin: { factory: roundRobin, config: {}, wants: () => 'any' },
  failover: { factory: failover, config: { priority_levels: [[sieve], [edits], [plain]], retry_interval: '1m' }, wants: () => 'any' },
  routing: {
    factory: routing,
    config: {
      default_pipelines: [plain],
      table: [
        { context: 'log', condition: 'severity_number >= 17', action: 'copy', pipelines: [sieve] },
        { condition: 'attributes["service.name"] == "shop"', pipelines: [edits] },
        { context: 'scope', condition: 'name == "contract"', pipelines: [sieve, plain] },
      ],
    },
    wants: ({ severity, origin }) => [
      ...(severity >= 17 || origin === 1 ? [sieve] : []),
      ...(origin === 0 ? [edits] : []),
      ...(origin > 0 ? [plain] : []),
    ],
  },
  count: { factory: count, config: {}, wants: () => 'none' },
};

test('every connector of the registry is here', () => {
  const types = registry.filter(({ kind }) => kind === 'connector').map(({ type }) => type);

  expect(Object.keys(SUBJECTS).toSorted()).toEqual(types.toSorted());
});

test.each(Object.entries(SUBJECTS))('%s accounts for every row', { timeout: 120_000 }, async (_type, subject) => {
  expect(await checkConnector(subject, { runs, seed })).toEqual([]);
});

/** Breaches of the contract; each has to be found. */
const planted = (consume: (outlets: Outlets) => ReturnType<typeof forward.create>['consume']): ConnectorFactory<never> => ({
  ...forward,
  create: (_config, _settings, outlets) => ({
    mutates: false,
    start: async () => {},
    shutdown: async () => {},
    consume: consume(outlets),
  }),
});

test.each<[string, ConnectorFactory<never>, string, (typeof PIPELINES)[number][]?]>([
  [
    'gives to one pipeline what all should get',
    planted((outlets) => {
      const outlet = outlets.to([sieve]);
      return (batch) => outlet.consume(batch);
    }),
    'and not in',
  ],
  [
    'edits what others read',
    planted((outlets) => {
      const outlet = outlets.to(PIPELINES);
      return async (batch) => {
        for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) batch.setAttribute(row, 'edited', true);
        await outlet.consume(batch);
      };
    }),
    'says mutates: false',
  ],
  [
    'takes what is refused',
    planted((outlets) => {
      const outlet = outlets.to([plain]);
      return (batch) => outlet.consume(batch).catch(() => {});
    }),
    'not settled',
    [plain],
  ],
  [
    'settles and gives nothing on',
    planted((outlets) => {
      outlets.to(PIPELINES);
      return async (batch) => batch.settleDurable();
    }),
    'is settled and not in',
  ],
  [
    'gives twice',
    planted((outlets) => {
      const outlet = outlets.to(PIPELINES);
      return async (batch) => {
        await outlet.lend(batch);
        await outlet.consume(batch);
      };
    }),
    '',
  ],
])('a connector that %s is found', async (_what, factory, expected, wants = [...PIPELINES]) => {
  const problems = (await checkConnector({ factory, config: {}, wants: () => wants }, { runs: 40, seed: 1 })).join('\n');

  expect(problems).not.toBe('');
  expect(problems).toContain(expected);
});
