import { Status, type Connector } from '#component';
import { nameOf } from './host.ts';
import type { GraphPlan } from './plan.ts';
import { signalOf } from './signals.ts';
import type { Statuses } from './statuses.ts';

/** Which pipelines can deliver, as far as the components at their ends say. */
export class Health {
  readonly #plan: GraphPlan;
  readonly #statuses: Statuses;
  readonly #connectors = new Map<string, Connector>();
  readonly #ends = new Map<string, readonly (() => boolean)[]>();

  constructor(plan: GraphPlan, statuses: Statuses) {
    this.#plan = plan;
    this.#statuses = statuses;
  }

  add(id: string, connector: Connector): void {
    this.#connectors.set(id, connector);
  }

  /** False when one of the exporters of the pipeline says that it cannot deliver this signal, or a connector at its end that it cannot deliver. */
  isUp(pipeline: string): boolean {
    // Asked for each batch: the way to the ends is found once.
    let ends = this.#ends.get(pipeline);
    if (!ends) this.#ends.set(pipeline, (ends = this.#endsOf(pipeline)));
    return ends.every((isUp) => isUp());
  }

  #endsOf(pipeline: string): (() => boolean)[] {
    const { service, connectors } = this.#plan;
    const { exporters = [] } = service.pipelines.find(({ id }) => id === pipeline) ?? {};
    return exporters.map((id) => {
      if (connectors.has(id)) return () => this.#isConnectorUp(id);
      const name = nameOf({ kind: 'exporter', id, pipeline: undefined });
      const signal = signalOf(pipeline);
      return () => {
        const status = this.#statuses.statusFor(name, signal);
        return status !== Status.recoverable && status !== Status.permanent;
      };
    });
  }

  #isConnectorUp(id: string): boolean {
    const own = this.#connectors.get(id)?.isUp;
    if (own !== undefined) return own;
    return this.#plan.service.pipelines.every((pipeline) => !pipeline.receivers.includes(id) || this.isUp(pipeline.id));
  }
}
