import { EMPTY_ORIGIN, type Origin } from '#model';

/** Makes equal resources, or scopes, the same object. Bounded: when full it forgets all and begins anew. */
export class EqualOrigins {
  readonly #max: number;
  readonly #byContent = new Map<string, Origin>();
  #known = new WeakMap<Origin, Origin>();

  constructor(max: number) {
    this.#max = max;
    this.#begin();
  }

  of(origin: Origin): Origin {
    const known = this.#known.get(origin);
    if (known) return known;
    const content = `${origin.schemaUrl}\n${Buffer.from(origin.encoded).toString('latin1')}`;
    let first = this.#byContent.get(content);
    if (!first) {
      if (this.#byContent.size > this.#max) this.#begin();
      this.#byContent.set(content, (first = origin));
    }
    this.#known.set(origin, first);
    return first;
  }

  #begin(): void {
    this.#byContent.clear();
    this.#known = new WeakMap();
    // The first entry of every table, which must stay the object it is.
    this.of(EMPTY_ORIGIN);
  }
}
