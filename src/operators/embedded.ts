import type { LogBatch } from '#model';
import type { EmbeddedConfig } from './config.ts';
import { parseField, type Field } from './field.ts';
import type { RowStep } from './operator.ts';
import { ScopeName } from './scope-name.ts';
import { Severity } from './severity/severity.ts';
import { Timestamp } from './time/timestamp.ts';
import { Trace } from './trace.ts';
import { readField, writeField } from './values.ts';

/**
 * The blocks inside a parser: body, timestamp, severity, trace and scope name, in this order. All are tried, also when
 * one fails; the row then counts as one failure, told by the first.
 */
export class Embedded implements RowStep {
  readonly #body: Field | undefined;
  readonly #timestamp: Timestamp | undefined;
  readonly #severity: Severity | undefined;
  readonly #trace: Trace | undefined;
  readonly #scope: ScopeName | undefined;
  readonly isEmpty: boolean;
  #problem = '';

  constructor(config: EmbeddedConfig) {
    this.#body = config.body === undefined ? undefined : parseField(config.body);
    this.#timestamp = config.timestamp && new Timestamp(config.timestamp);
    this.#severity = config.severity && new Severity(config.severity);
    this.#trace = config.trace && new Trace(config.trace);
    this.#scope = config.scope_name && new ScopeName(config.scope_name.parse_from ?? '');
    this.isEmpty = !this.#body && !this.#timestamp && !this.#severity && !this.#trace && !this.#scope;
  }

  begin(nowMs: number): void {
    this.#timestamp?.begin(nowMs);
  }

  apply(batch: LogBatch, row: number): boolean {
    this.#problem = '';
    if (this.#body) this.#copyBody(batch, row, this.#body);
    if (this.#timestamp && !this.#timestamp.apply(batch, row)) this.#note(this.#timestamp);
    if (this.#severity && !this.#severity.apply(batch, row)) this.#note(this.#severity);
    if (this.#trace && !this.#trace.apply(batch, row)) this.#note(this.#trace);
    if (this.#scope && !this.#scope.apply(batch, row)) this.#note(this.#scope);
    return this.#problem === '';
  }

  describe(): string {
    return this.#problem;
  }

  #note(step: RowStep): void {
    if (this.#problem === '') this.#problem = step.describe();
  }

  #copyBody(batch: LogBatch, row: number, from: Field): void {
    const value = readField(batch, row, from);
    if (value !== undefined) writeField(batch, row, BODY, value);
  }
}

const BODY = parseField('body');
