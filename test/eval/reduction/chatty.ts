import { START_MS, seeded, type Corpus, type Line } from './corpus.ts';

const ROWS = 200_000;
const PER_SECOND = 150;

type Say = (random: () => number) => { readonly body: string; readonly severity: number };

const digits = (random: () => number, below: number): number => Math.floor(random() * below);
const pick = <Of>(random: () => number, of: readonly Of[]): Of => of[digits(random, of.length)] as Of;
const hex = (random: () => number, length: number): string => Array.from({ length }, () => digits(random, 16).toString(16)).join('');

/** What such a service says, and how often. */
const SAYINGS: readonly [readonly [number, Say], ...(readonly [number, Say])[]] = [
  [30, () => ({ body: 'GET /healthz 200', severity: 9 })],
  [12, (r) => ({ body: `heartbeat from worker-${digits(r, 8)}: idle`, severity: 9 })],
  [14, (r) => ({ body: `cache miss for key user:${digits(r, 5000)}:profile, loading from database`, severity: 5 })],
  [
    10,
    (r) => ({ body: `request ${hex(r, 16)} finished in ${digits(r, 900)} ms with status ${pick(r, [200, 200, 204, 304])}`, severity: 9 }),
  ],
  [8, (r) => ({ body: `connection pool "main": ${digits(r, 20)} of 20 in use`, severity: 5 })],
  [8, (r) => ({ body: `polling queue ${pick(r, ['mail', 'billing', 'export'])}: 0 messages`, severity: 5 })],
  [5, () => ({ body: 'retrying: upstream "ledger" did not answer in 2000 ms', severity: 13 })],
  [4, (r) => ({ body: `feature flags refreshed, ${40 + digits(r, 3)} flags`, severity: 9 })],
  [3, (r) => ({ body: `rate limit near: tenant ${digits(r, 50)} at ${80 + digits(r, 20)} %`, severity: 13 })],
  [3, (r) => ({ body: dump(r), severity: 5 })],
  [
    2,
    (r) => ({
      body: `slow query (${500 + digits(r, 4000)} ms): SELECT * FROM orders WHERE customer_id = ${digits(r, 100_000)}`,
      severity: 13,
    }),
  ],
  [1, (r) => ({ body: `cannot deliver mail ${hex(r, 8)}: 550 mailbox unavailable\n${stack(r)}`, severity: 17 })],
];

/** The state of something, printed whole. */
function dump(random: () => number): string {
  const items = Array.from({ length: 12 }, () => ({
    id: digits(random, 100_000),
    state: pick(random, ['open', 'closed']),
    tags: ['a', 'b'],
  }));
  return `state of scheduler: ${JSON.stringify({ at: digits(random, 1e9), items })}`;
}

function stack(random: () => number): string {
  const frames = Array.from({ length: 12 }, (_, i) => `    at deliver${i} (/srv/app/src/mail/step-${i}.js:${10 + digits(random, 300)}:13)`);
  return ['Error: mailbox unavailable', ...frames].join('\n');
}

/** A service that tells all it does. Made here, with a fixed seed; it is nobody's log. */
export const chattyCorpus: Corpus = { name: 'chatty service', origin: `${PER_SECOND} lines/s`, lines };

function* lines(): Generator<Line> {
  const random = seeded(7);
  const total = SAYINGS.reduce((sum, [weight]) => sum + weight, 0);
  for (let i = 0; i < ROWS; i++) {
    let at = random() * total;
    const [, say] = SAYINGS.find(([weight]) => (at -= weight) < 0) ?? SAYINGS[0];
    yield { ...say(random), timeMs: START_MS + Math.floor((i / PER_SECOND) * 1000), attributes: { logger: 'chatty.service' } };
  }
}
