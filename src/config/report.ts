import { ConfigError, type ConfigProblem } from '#component';
import { comparePlaces, positionOf, type Place } from './place.ts';

interface Remark {
  readonly at: Place | undefined;
  readonly path: string;
  readonly message: string;
}

// An operator reads the first dozen; a file of garbage must not make a message of megabytes.
const PROBLEMS_MAX = 200;

/** Collects what is wrong with a configuration, so that all of it can be told at once. */
export class Report {
  #errors: Remark[] = [];
  #warnings: Remark[] = [];

  error(at: Place | undefined, path: string, message: string): void {
    this.#errors.push({ at, path, message });
  }

  warn(at: Place | undefined, path: string, message: string): void {
    this.#warnings.push({ at, path, message });
  }

  get errorCount(): number {
    return this.#errors.length;
  }

  /** Takes over what another report has collected, for instance while trying one of several forms. */
  adopt(other: Report): void {
    this.#errors.push(...other.#errors);
    this.#warnings.push(...other.#warnings);
  }

  get warnings(): ConfigProblem[] {
    return toProblems(this.#warnings);
  }

  get problems(): ConfigProblem[] {
    const problems = toProblems(this.#errors);
    const more = problems.length - PROBLEMS_MAX;
    if (more <= 0) return problems;
    return [...problems.slice(0, PROBLEMS_MAX), { path: '', message: `${more} more problems; mend these first` }];
  }

  throwIfAny(): void {
    if (this.#errors.length > 0) throw new ConfigError(this.problems);
  }
}

/** Sorted by place; the same mistake reached on two ways (an anchor used twice) is told once. */
function toProblems(remarks: readonly Remark[]): ConfigProblem[] {
  const sorted = remarks.toSorted((a, b) =>
    a.at && b.at ? comparePlaces(a.at, b.at) : Number(a.at !== undefined) - Number(b.at !== undefined),
  );
  const problems = new Map<string, ConfigProblem>();
  for (const { at, path, message } of sorted) {
    const problem = at ? { path, message, position: positionOf(at) } : { path, message };
    problems.set(JSON.stringify([problem.position, path, message]), problem);
  }
  return [...problems.values()];
}
