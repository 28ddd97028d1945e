import type { Clock, StatusName } from '#component';
import type { Signal } from '#model';

export interface ComponentStatus {
  readonly status: StatusName;
  readonly message: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
}

type Report = Pick<ComponentStatus, 'status' | 'message'>;

const RANKS: readonly StatusName[] = ['ok', 'recoverable', 'permanent'];

/** How every component is; one that tells of each signal apart is as well as the worst of them. Keys are names as in `nameOf`. */
export class Statuses {
  readonly #clock: Clock;
  readonly #byName = new Map<string, ComponentStatus>();
  readonly #bySignal = new Map<string, Map<Signal, Report>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): ReadonlyMap<string, ComponentStatus> {
    return this.#byName;
  }

  get(name: string): ComponentStatus | undefined {
    return this.#byName.get(name);
  }

  /** How it is for a signal; nothing when it has told of others only. */
  statusFor(name: string, signal: Signal): StatusName | undefined {
    const reports = this.#bySignal.get(name);
    return reports ? reports.get(signal)?.status : this.#byName.get(name)?.status;
  }

  set(name: string, status: StatusName, message?: string): void {
    this.#bySignal.delete(name);
    this.#put(name, { status, message });
  }

  setFor(name: string, signal: Signal, { status, message }: Report): void {
    const reports = this.#bySignal.get(name) ?? new Map<Signal, Report>();
    this.#bySignal.set(name, reports.set(signal, { status, message }));
    this.#put(
      name,
      [...reports.values()].reduce((a, b) => (RANKS.indexOf(b.status) > RANKS.indexOf(a.status) ? b : a)),
    );
  }

  #put(name: string, { status, message }: Report): void {
    const before = this.#byName.get(name);
    if (before?.status === status && before.message === message) return;
    const since = before?.status === status ? before.since : this.#clock.now();
    this.#byName.set(name, { status, message, since });
  }
}
