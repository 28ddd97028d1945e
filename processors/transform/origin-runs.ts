import type { LogBatch } from '#model';
import type { StatementList } from '#ottl';

/** Where the rows of a resource or scope belong after the statements have run. */
interface Moved {
  readonly resource: number;
  readonly scope: number;
  /** The row they ran on. When they failed and it was dropped, they run on the other rows too, so that each is counted. */
  readonly row: number;
}

const SCOPES = 65_536;

/**
 * Runs statements once for each resource, or for each scope of each resource: on the first row that refers to it. The
 * other rows then get what that row got.
 */
export class OriginRuns {
  readonly #list: StatementList;
  readonly #isOfScope: boolean;
  readonly #moved = new Map<number, Moved>();

  constructor(list: StatementList, context: 'resource' | 'scope') {
    this.#list = list;
    this.#isOfScope = context === 'scope';
  }

  run(batch: LogBatch): void {
    const { resourceOf, scopeOf, isDropped } = batch;
    this.#moved.clear();
    let lastId = -1;
    let last: Moved | undefined;
    for (let row = 0; row < batch.length; row++) {
      if (isDropped[row] === 1) continue;
      const id = (resourceOf[row] as number) * SCOPES + (this.#isOfScope ? (scopeOf[row] as number) : 0);
      if (id !== lastId) last = this.#moved.get(id);
      lastId = id;
      if (!last) this.#moved.set(id, (last = this.#first(batch, row)));
      else if (isDropped[last.row] === 1) this.#list.run(batch, row);
      else {
        resourceOf[row] = last.resource;
        if (this.#isOfScope) scopeOf[row] = last.scope;
      }
    }
  }

  #first(batch: LogBatch, row: number): Moved {
    this.#list.run(batch, row);
    return { resource: batch.resourceOf[row] as number, scope: batch.scopeOf[row] as number, row };
  }
}
