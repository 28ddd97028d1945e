import { createScope, type LogBatch, type Origin } from '#model';
import { parseField } from './field.ts';
import type { RowStep } from './operator.ts';
import { Found, TextSource } from './text-source.ts';

const SCOPES_KEPT_MAX = 1024;

/** Sets the name of a record's scope from a field. */
export class ScopeName implements RowStep {
  readonly #source: TextSource;
  readonly #scopes = new Map<string, Origin>();

  constructor(parseFrom: string) {
    this.#source = new TextSource(parseField(parseFrom));
  }

  apply(batch: LogBatch, row: number): boolean {
    if (this.#source.find(batch, row) !== Found.text) return false;
    const name = this.#source.text();
    let scope = this.#scopes.get(name);
    if (!scope) {
      if (this.#scopes.size >= SCOPES_KEPT_MAX) this.#scopes.clear();
      scope = createScope(name);
      this.#scopes.set(name, scope);
    }
    const known = batch.scopes.lastIndexOf(scope);
    batch.scopeOf[row] = known >= 0 ? known : batch.addScope(scope);
    return true;
  }

  describe(): string {
    return `${this.#source.field.text} is missing or no text`;
  }
}
