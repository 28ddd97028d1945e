import type { Buffer } from 'node:buffer';
import { OVERFLOW, OVERFLOW_LABEL, valuesOf, type Exemplar, type Family } from '#series';
import { Labels } from './labels.ts';
import type { Description, RequestWriter } from './request-writer.ts';

/** Of one sample that a series consists of: a bucket of a histogram, or the only one of a counter. */
interface Line {
  readonly labels: Labels;
  readonly overflow: Labels;
  /** The bucket whose exemplar it carries. */
  readonly bucket?: number;
}

/** When a snapshot is told. */
export interface Moment {
  readonly nowMs: number;
  /** After all that was told before, and before `nowMs`: when a series that is new now was 0. */
  readonly zeroMs: number;
  /** The moment before, by the clock: exemplars kept earlier have been told. */
  readonly sinceMs: number;
  /** True when every series ends with it. */
  readonly isLast: boolean;
}

const NO_VALUES: readonly Buffer[] = [];

/** Tells all series of one metric. */
export class FamilyLines {
  readonly family: Family;
  readonly #lines: readonly Line[];
  readonly #hasExemplars: boolean;
  /** 1 for each series that has been told of. */
  #isTold = new Uint8Array(16);

  constructor(family: Family, others: ReadonlyMap<string, string>, { hasExemplars }: { readonly hasExemplars: boolean }) {
    const { name, type, labels, buckets } = family.settings;
    this.family = family;
    this.#hasExemplars = hasExemplars && type !== 'gauge';
    const line = (metric: string, bucket?: number, le?: string): Line => {
      const fixed = le === undefined ? [...others] : [...others, ['le', le] as const];
      const overflow = new Labels(metric, [], [...fixed, [OVERFLOW_LABEL, 'true']]);
      return { labels: new Labels(metric, labels, fixed), overflow, ...(bucket !== undefined && { bucket }) };
    };
    if (type === 'histogram') {
      const bounds = [...buckets.map(String), '+Inf'];
      this.#lines = [...bounds.map((le, bucket) => line(`${name}_bucket`, bucket, le)), line(`${name}_sum`), line(`${name}_count`)];
    } else {
      this.#lines = [type === 'counter' ? line(`${name}_total`, 0) : line(name)];
    }
  }

  get description(): Description {
    const { name, type, help, unit } = this.family.settings;
    return { name: type === 'counter' ? `${name}_total` : name, type, help, unit };
  }

  /** Every series as it is. */
  tell(out: RequestWriter, moment: Moment): void {
    const { nowMs, zeroMs, isLast } = moment;
    const { family } = this;
    for (const index of family.live()) {
      const isNew = this.#markTold(index);
      const values = this.#valuesOf(index);
      const numbers = this.#numbersOf(index);
      for (const [i, line] of this.#lines.entries()) {
        const exemplar = this.#exemplarOf(index, line, moment.sinceMs);
        out.series(index === OVERFLOW ? line.overflow : line.labels, values, {
          ...(isNew && family.settings.type !== 'gauge' && { zeroMs }),
          value: { value: numbers[i] as number, timeMs: nowMs },
          ...(isLast && { staleMs: nowMs + 1 }),
          ...(exemplar && { exemplar }),
        });
      }
    }
  }

  /** The series is about to be forgotten. */
  end(out: RequestWriter, index: number, staleMs: number): void {
    this.#isTold[index] = 0;
    const values = this.#valuesOf(index);
    for (const { labels } of this.#lines) out.series(labels, values, { staleMs });
  }

  #markTold(index: number): boolean {
    if (index >= this.#isTold.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#isTold.length * 2));
      grown.set(this.#isTold);
      this.#isTold = grown;
    }
    const isNew = this.#isTold[index] === 0;
    this.#isTold[index] = 1;
    return isNew;
  }

  #valuesOf(index: number): readonly Buffer[] {
    const key = this.family.sets.keyOf(index);
    return key ? valuesOf(key) : NO_VALUES;
  }

  /** One for each line. */
  #numbersOf(index: number): readonly number[] {
    const { family } = this;
    if (family.settings.type !== 'histogram') return [family.value(index)];
    const counts = family.histogram(index);
    const numbers: number[] = [];
    let count = 0;
    // Each bucket holds those below it too; the sum stands last.
    for (let bucket = 0; bucket < counts.length - 1; bucket++) numbers.push((count += counts[bucket] as number));
    return [...numbers, counts[counts.length - 1] as number, count];
  }

  #exemplarOf(index: number, { bucket }: Line, sinceMs: number): Exemplar | undefined {
    if (!this.#hasExemplars || bucket === undefined) return undefined;
    const exemplar = this.family.exemplars.at(index, bucket);
    return exemplar && exemplar.keptMs >= sinceMs ? exemplar : undefined;
  }
}
