import type { Clock, StatusName } from '#component';

export interface ComponentStatus {
  readonly status: StatusName;
  readonly message: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** How every component is. Keys are names as in `nameOf`. */
export class Statuses {
  readonly #clock: Clock;
  readonly #byName = new Map<string, ComponentStatus>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): ReadonlyMap<string, ComponentStatus> {
    return this.#byName;
  }

  get(name: string): ComponentStatus | undefined {
    return this.#byName.get(name);
  }

  set(name: string, status: StatusName, message?: string): void {
    const before = this.#byName.get(name);
    if (before?.status === status && before.message === message) return;
    const since = before?.status === status ? before.since : this.#clock.now();
    this.#byName.set(name, { status, message, since });
  }
}
