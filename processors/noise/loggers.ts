import { keyOf, scopeNameAndVersion, type Key, type LogBatch, type Origin } from '#model';
import type { LoggerConfig } from './config.ts';
import { parseSeverity } from './severity.ts';

/** Names whose floor is remembered. Programs have hundreds of loggers; a name that varies must not fill the memory. */
const NAMES_MAX = 4096;

/** Loggers that say too much, and the severity from which on they are listened to. */
export class ChattyLoggers {
  readonly #floors: ReadonlyMap<string, number>;
  readonly #keys: readonly Key[];
  readonly #known = new Map<string, number>();
  readonly #scopes = new WeakMap<Origin, number>();

  constructor(loggers: readonly LoggerConfig[], attributes: readonly string[]) {
    this.#floors = new Map(loggers.map(({ name, below }) => [name, parseSeverity(below) ?? 0]));
    this.#keys = attributes.map(keyOf);
  }

  get isEmpty(): boolean {
    return this.#floors.size === 0;
  }

  /** True for a record below the floor of its logger: of its scope, or of the first attribute that names one. */
  isChatter(batch: LogBatch, row: number): boolean {
    const severity = batch.severity[row] as number;
    if (severity === 0) return false;
    const scope = batch.scopes[batch.scopeOf[row] as number];
    if (scope && severity < this.#floorOfScope(scope)) return true;
    for (const key of this.#keys) {
      const name = batch.attribute(row, key);
      if (typeof name === 'string') return severity < this.#floorOf(name);
    }
    return false;
  }

  #floorOfScope(scope: Origin): number {
    let floor = this.#scopes.get(scope);
    if (floor === undefined) this.#scopes.set(scope, (floor = this.#floorOf(scopeNameAndVersion(scope).name)));
    return floor;
  }

  /** `botocore` speaks for `botocore.hooks` too, unless that has a floor of its own. */
  #floorOf(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    let floor = 0;
    for (let part = name; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('.')))) {
      const own = this.#floors.get(part);
      if (own === undefined) continue;
      floor = own;
      break;
    }
    if (this.#known.size >= NAMES_MAX) this.#known.clear();
    this.#known.set(name, floor);
    return floor;
  }
}
