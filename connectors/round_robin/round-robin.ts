import { RefusedError, parseDuration, type Connector, type Outlet, type Outlets, type Settings } from '#component';
import type { LogBatch } from '#model';

export interface RoundRobinConfig {
  take_back_after: string;
}

// Somebody may be up again by then; asking costs little.
const RETRY_AFTER_MS = 1000;

/** Gives each batch to one pipeline, the next one in turn that is up and takes it. */
export class RoundRobin implements Connector {
  // Pipelines are given copies.
  readonly mutates = false;
  readonly touches = 'rows';
  readonly #id: string;
  readonly #outlets: readonly Outlet[];
  #next = 0;

  constructor(config: RoundRobinConfig, { id }: Settings, outlets: Outlets) {
    this.#id = id;
    const takeBackMs = parseDuration(config.take_back_after);
    this.#outlets = outlets.pipelines.map((pipeline, i) => {
      const lending = { takeBackMs, mayTakeBack: () => this.#outlets.some((other, k) => k !== i && isUp(other)) };
      return outlets.to([pipeline], takeBackMs > 0 ? lending : undefined);
    });
  }

  get isUp(): boolean {
    return this.#outlets.some(isUp);
  }

  async start(): Promise<void> {}

  async consume(batch: LogBatch): Promise<void> {
    let refusal: RefusedError | undefined;
    const turn = this.#turn();
    // One that is down may still have room in a queue on disk, and be up before the others.
    const inOrder = [...turn.filter(isUp), ...turn.filter((outlet) => !isUp(outlet) && !outlet.isHolding)];
    // Behind the one that gets this batch, or the neighbour of one that is left out would get its share too.
    if (inOrder[0]) this.#next = this.#outlets.indexOf(inOrder[0]) + 1;
    for (const outlet of inOrder) {
      try {
        await outlet.lend(batch);
        return;
      } catch (problem) {
        if (!(problem instanceof RefusedError)) throw problem;
        refusal ??= problem;
      }
    }
    throw refusal ?? new RefusedError(`${this.#id}: no pipeline can deliver, and none has room`, { retryAfterMs: RETRY_AFTER_MS });
  }

  async shutdown(): Promise<void> {}

  /** All of them, the one whose turn it is first. */
  #turn(): Outlet[] {
    const first = this.#next % this.#outlets.length;
    return [...this.#outlets.slice(first), ...this.#outlets.slice(0, first)];
  }
}

function isUp(outlet: Outlet): boolean {
  return outlet.isUp && !outlet.isHolding;
}
