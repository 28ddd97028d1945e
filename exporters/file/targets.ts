import { TargetFile, type TargetOptions } from './target-file.ts';

/** The files in use, of which only so many are open: the one that was not written for longest is closed for another. */
export class Targets {
  readonly #options: TargetOptions;
  readonly #openMax: number;
  /** Least recently used first. */
  readonly #targets = new Map<string, TargetFile>();

  constructor(options: TargetOptions, openMax: number) {
    this.#options = options;
    this.#openMax = openMax;
  }

  get size(): number {
    return this.#targets.size;
  }

  async get(path: string): Promise<TargetFile> {
    const known = this.#targets.get(path);
    if (known) {
      if (this.#openMax > 1) {
        this.#targets.delete(path);
        this.#targets.set(path, known);
      }
      return known;
    }
    for (const [oldest, target] of this.#targets) {
      if (this.#targets.size < this.#openMax) break;
      this.#targets.delete(oldest);
      await target.close();
    }
    const target = new TargetFile(path, this.#options);
    this.#targets.set(path, target);
    return target;
  }

  all(): TargetFile[] {
    return [...this.#targets.values()];
  }
}
