/** What is new about a template, beside those its source has had. */
const WORD = /[A-Za-z][A-Za-z_]+/g;

/** The constant words of a template's text, in order. */
export function wordsOf(text: string): string[] {
  return text.match(WORD) ?? [];
}

export type Relation = 'same' | 'inserted' | 'variant' | 'unrelated';

const VARIANT_MIN = 0.6;

/** How much of both is shared: 1 for the same words, 0 for none in common. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 && b.length === 0) return 1;
  const left = new Map<string, number>();
  for (const word of a) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of b) {
    const many = left.get(word) ?? 0;
    if (many === 0) continue;
    shared++;
    left.set(word, many - 1);
  }
  return (2 * shared) / (a.length + b.length);
}

/** True when all of `part` stand in `whole`, in this order. */
function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const word of whole) if (word === part[at]) at++;
  return at === part.length;
}

export function relate(known: readonly string[], unseen: readonly string[], alike: number): Relation {
  if (alike === 1 && known.length === unseen.length) return 'same';
  if (known.length >= 2 && isWithin(known, unseen)) return 'inserted';
  return alike >= VARIANT_MIN ? 'variant' : 'unrelated';
}

const DAY_MS = 86_400_000;
const MEMORY_MS = DAY_MS / 2;

/**
 * How often something that looks new turns out to be nothing. Fades within a day; what comes more often than allowed is no
 * reason for an alarm.
 */
export class NoveltyRate {
  #perDay = 0;
  #at = 0;

  add(at: number): void {
    this.#perDay = this.at(at) + DAY_MS / MEMORY_MS;
    this.#at = Math.max(at, this.#at);
  }

  at(now: number): number {
    return this.#perDay * Math.exp(-Math.max(0, now - this.#at) / MEMORY_MS);
  }

  save(): readonly [number, number] {
    return [this.#perDay, this.#at];
  }

  load([perDay, at]: readonly [number, number]): void {
    this.#perDay = perDay;
    this.#at = at;
  }
}
