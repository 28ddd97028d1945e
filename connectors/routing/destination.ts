import type { Outlet, Outlets } from '#component';

/**
 * Where some records go: to the pipelines of the routes that copied them, and of the one that moved them. Each of these
 * combinations that occurs is one destination.
 */
export class Destination {
  readonly pipelines: readonly string[];
  readonly #outlets: Outlets;
  readonly #next: (Destination | undefined)[] = [];
  #outlet: Outlet | undefined;

  constructor(pipelines: readonly string[], outlets: Outlets) {
    this.pipelines = pipelines;
    this.#outlets = outlets;
  }

  /** All of its pipelines, for a batch that goes there as a whole. */
  get outlet(): Outlet {
    return (this.#outlet ??= this.#outlets.to(this.pipelines));
  }

  /** The destination of what route number `route` takes as well. */
  with(route: number, pipelines: readonly string[]): Destination {
    return (this.#next[route] ??= new Destination([...new Set([...this.pipelines, ...pipelines])], this.#outlets));
  }
}
