import { LogBatch, SeverityNumber, ValueType, severityName } from '#model';

/** Counts on their way out, and what did not fit among them. */
export interface Counts {
  readonly byKey: ReadonlyMap<string, number>;
  readonly rest: number;
  readonly restKeys: number;
}

/** Counts that no record carries, until they go out in records of their own. */
export class Summaries {
  readonly #max: number;
  #byKey = new Map<string, number>();
  #rest = 0;
  #restKeys = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0 && this.#rest === 0;
  }

  add(key: string, count: number): void {
    if (this.#byKey.has(key) || this.#byKey.size < this.#max) {
      this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + count);
      return;
    }
    this.#rest += count;
    this.#restKeys++;
  }

  take(): Counts {
    const counts = { byKey: this.#byKey, rest: this.#rest, restKeys: this.#restKeys };
    this.#byKey = new Map();
    this.#rest = 0;
    this.#restKeys = 0;
    return counts;
  }

  /** For counts whose records were refused: they go out with the next ones. */
  putBack({ byKey, rest, restKeys }: Counts): void {
    for (const [key, count] of byKey) this.add(key, count);
    this.#rest += rest;
    this.#restKeys += restKeys;
  }

  toJson(): string {
    return JSON.stringify({ byKey: [...this.#byKey], rest: this.#rest, restKeys: this.#restKeys });
  }

  /** Adds what `toJson` gave before; anything else is passed over. */
  addJson(text: string): void {
    try {
      const stored = JSON.parse(text) as { byKey: [string, number][]; rest: number; restKeys: number };
      this.putBack({ byKey: new Map(stored.byKey), rest: stored.rest, restKeys: stored.restKeys });
    } catch {
      // Stored by another version: the counts of one shutdown are not worth a start that fails.
    }
  }

  /** One record for each key, and one for the rest. */
  toBatch({ byKey, rest, restKeys }: Counts, nowMs: number, component: string): LogBatch {
    const batch = new LogBatch();
    const add = (count: number): number => {
      const row = batch.addRow(ValueType.none, 0, 0);
      batch.setBody(row, 'Records were suppressed by their rate limit.');
      batch.timeMs[row] = nowMs;
      batch.observedMs[row] = nowMs;
      batch.severity[row] = SeverityNumber.info;
      batch.setSeverityText(row, severityName(SeverityNumber.info));
      batch.setAttribute(row, 'winnow.component', component);
      batch.setAttribute(row, 'winnow.suppressed_count', count);
      return row;
    };
    for (const [key, count] of byKey) batch.setAttribute(add(count), 'winnow.rate_limit.key', key);
    if (rest > 0) batch.setAttribute(add(rest), 'winnow.rate_limit.keys', restKeys);
    return batch;
  }
}
