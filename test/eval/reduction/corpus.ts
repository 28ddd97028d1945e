/** Log lines with what a parser would have found in them. */
export interface Line {
  readonly body: string;
  readonly timeMs: number;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Corpus {
  readonly name: string;
  /** How it came about, in a few words. */
  readonly origin: string;
  lines(): Iterable<Line>;
}

/** mulberry32: the same numbers in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const START_MS: number = Date.UTC(2026, 0, 30);

const LEVELS: readonly (readonly [RegExp, number])[] = [
  [/\b(FATAL|CRITICAL|EMERG|emerg|crit)\b/, 21],
  [/\b(ERROR|SEVERE|error|err|E)\b/, 17],
  [/\b(WARN|WARNING|warn|warning|W)\b/, 13],
  [/\b(DEBUG|debug|D)\b/, 5],
  [/\b(TRACE|trace|V)\b/, 1],
];

/** The severity a header speaks of; INFO when it names none. */
export function severityOf(header: string): number {
  return LEVELS.find(([pattern]) => pattern.test(header))?.[1] ?? 9;
}
