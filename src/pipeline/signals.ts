import { RefusedError, type Consumer, type Touches } from '#component';
import type { LogBatch, Signal } from '#model';

/** What a pipeline carries, which is the first word of its id. */
export function signalOf(pipeline: string): Signal {
  return pipeline.split('/')[0] === 'traces' ? 'traces' : 'logs';
}

/** Gives the batches of a receiver to the pipelines of their signal. */
export class SignalSwitch implements Consumer {
  readonly mutates: boolean;
  // Which way a batch goes is seen without looking into it, and behind each way stands somebody who readies it.
  readonly touches: Touches = 'rows';
  readonly #ways: ReadonlyMap<Signal, Consumer>;

  constructor(ways: ReadonlyMap<Signal, Consumer>) {
    this.#ways = ways;
    this.mutates = [...ways.values()].some(({ mutates }) => mutates);
  }

  consume(batch: LogBatch): Promise<void> {
    const way = this.#ways.get(batch.signal);
    return way ? way.consume(batch) : Promise.reject(new RefusedError(`no pipeline takes ${batch.signal} from this receiver`));
  }
}
