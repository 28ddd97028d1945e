import type { Kind } from '#component';
import type { LogBatch } from '#model';

/** Looks at batches while they pass. It must not keep them, and should not take long: the pipeline waits for it. */
export interface Watcher {
  show(batch: LogBatch): void;
  /** It threw; nobody looks any more. */
  failed(problem: unknown): void;
}

/** A place between two components where somebody may look. Nobody does, nearly always: then it costs one comparison. */
export class TapPoint {
  #watchers: readonly Watcher[] = [];

  get isWatched(): boolean {
    return this.#watchers.length > 0;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers = [...this.#watchers, watcher];
    return () => (this.#watchers = this.#watchers.filter((other) => other !== watcher));
  }

  show(batch: LogBatch): void {
    for (const watcher of this.#watchers) {
      try {
        watcher.show(batch);
      } catch (error) {
        // Who only looks must never stop what flows.
        this.#watchers = this.#watchers.filter((other) => other !== watcher);
        watcher.failed(error);
      }
    }
  }
}

export type TapSide = 'before' | 'after';

/** The component named to tap does not exist, or has nothing on that side. */
export class TapError extends Error {
  readonly code = 'WINNOW_CANNOT_TAP';
}

interface Spot {
  readonly kind: Kind;
  readonly id: string;
  readonly pipeline: string | undefined;
  readonly side: TapSide;
  readonly point: TapPoint;
}

/** Every place of a graph where one may look, by component and side. */
export class TapPoints {
  readonly #spots: Spot[] = [];

  addReceiver(id: string, after: TapPoint): void {
    this.#spots.push({ kind: 'receiver', id, pipeline: undefined, side: 'after', point: after });
  }

  addConnector(id: string, before: TapPoint, after: TapPoint): void {
    this.#spots.push({ kind: 'connector', id, pipeline: undefined, side: 'before', point: before });
    this.#spots.push({ kind: 'connector', id, pipeline: undefined, side: 'after', point: after });
  }

  /** `points` lie before the first processor, between them, and after the last. */
  addPipeline(pipeline: string, processors: readonly string[], exporters: readonly string[], points: readonly TapPoint[]): void {
    for (const [i, id] of processors.entries()) {
      this.#spots.push({ kind: 'processor', id, pipeline, side: 'before', point: points[i] as TapPoint });
      this.#spots.push({ kind: 'processor', id, pipeline, side: 'after', point: points[i + 1] as TapPoint });
    }
    for (const id of exporters) this.#spots.push({ kind: 'exporter', id, pipeline, side: 'before', point: points.at(-1) as TapPoint });
  }

  /**
   * Lets `watcher` see what passes. A component is named `file_log/app`, `processor:batch`, or `batch@logs` for that of
   * one pipeline. An exporter has only what it is given, whichever side is asked for. Throws TapError.
   */
  watch(component: string, side: TapSide, watcher: Watcher): () => void {
    const named = this.#spots.filter((spot) => isNamed(spot, component));
    if (named.length === 0) {
      const known = [...new Set(this.#spots.map(({ kind, id }) => `${kind}:${id}`))].toSorted().join(', ');
      throw new TapError(`"${component}" is no component of a pipeline here; there are ${known || 'none'}`);
    }
    const spots = named.filter((spot) => spot.side === side || spot.kind === 'exporter');
    if (spots.length === 0) throw new TapError(`nothing comes before the receiver "${component}"; leave out --before`);
    // Two pipelines that end in one exporter have a point each; one that ends in two shares its point.
    const stops = [...new Set(spots.map(({ point }) => point))].map((point) => point.watch(watcher));
    return () => {
      for (const stop of stops) stop();
    };
  }
}

function isNamed({ kind, id, pipeline }: Spot, name: string): boolean {
  const names = [id, `${id}@${pipeline}`];
  return names.includes(name) || names.some((own) => name === `${kind}:${own}`);
}
