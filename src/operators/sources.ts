import { keyOf, toJson, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';

export const FILE_PATH: Key = keyOf('log.file.path');
export const FILE_NAME: Key = keyOf('log.file.name');

export interface SourcesOptions<State> {
  /** How many are remembered. The one that was silent longest is forgotten for a new one. */
  readonly max: number;
  /** Attributes that tell sources of one sender apart. */
  readonly keys: readonly Key[];
  /** True when only those count, and not who sent the rows. */
  readonly isOwnOnly?: boolean;
  readonly create: (name: string) => State;
  readonly onForget?: (state: State) => void;
}

/**
 * A state for each source that rows come from. Rows belong together when they have the same Delivery's source, resource
 * and file: those of one file, or of one program that sends. Rows of a source come in runs, and a run is looked up once.
 */
export class Sources<State> {
  readonly #options: SourcesOptions<State>;
  readonly #states = new Map<string, State>();
  #batch: LogBatch | undefined;
  #delivery = -1;
  #resource = -1;
  #shared = -1;
  #hadOwn = false;
  #last: State | undefined;

  constructor(options: SourcesOptions<State>) {
    this.#options = options;
  }

  /** Called before the rows of a batch. */
  begin(batch: LogBatch): void {
    this.#batch = batch;
    this.#last = undefined;
  }

  get size(): number {
    return this.#states.size;
  }

  states(): Iterable<State> {
    return this.#states.values();
  }

  /** The state of the row's source. */
  of(row: number): State {
    const batch = this.#batch;
    if (!batch) throw new TypeError('begin comes first');
    const delivery = batch.deliveryOf[row] as number;
    const resource = batch.resourceOf[row] as number;
    const shared = batch.sharedOf[row] as number;
    const hasOwn = this.#hasOwn(batch, row);
    const isRun = delivery === this.#delivery && resource === this.#resource && shared === this.#shared;
    if (this.#last !== undefined && isRun && !hasOwn && !this.#hadOwn) return this.#last;
    this.#delivery = delivery;
    this.#resource = resource;
    this.#shared = shared;
    this.#hadOwn = hasOwn;
    this.#last = this.#lookUp(batch, row);
    return this.#last;
  }

  #hasOwn(batch: LogBatch, row: number): boolean {
    if ((batch.attributes.head[row] as number) < 0) return false;
    for (const key of this.#options.keys) if (batch.attributes.find(row, key) >= 0) return true;
    return false;
  }

  #lookUp(batch: LogBatch, row: number): State {
    const { keys, max, isOwnOnly = false, create, onForget } = this.#options;
    const source = batch.deliveries[batch.deliveryOf[row] as number]?.source ?? 0;
    const { encoded } = batch.resources[batch.resourceOf[row] as number] as Origin;
    const own = keys.map((key) => nameOf(batch.attribute(row, key)));
    const sender = isOwnOnly ? '' : `${source}\0${Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length).toString('latin1')}`;
    const name = `${sender}\0${own.join('\0')}`;
    let state = this.#states.get(name);
    if (state !== undefined) {
      // The one asked for last stands last, so the first is the one silent longest.
      this.#states.delete(name);
      this.#states.set(name, state);
      return state;
    }
    if (this.#states.size >= max) {
      for (const [oldest, forgotten] of this.#states) {
        this.#states.delete(oldest);
        onForget?.(forgotten);
        break;
      }
    }
    state = create(own.find((text) => text !== '') ?? String(source));
    this.#states.set(name, state);
    return state;
  }
}

function nameOf(value: AttributeValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : toJson(value);
}
