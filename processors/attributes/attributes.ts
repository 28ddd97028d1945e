import { EditOnce, type Consumer, type Processor } from '#component';
import type { LogBatch } from '#model';
import { compileAttributeActions, type ActionConfig, type AttributeAction } from '#operators';
import { ColumnEdit } from './column-edit.ts';
import type { MatchConfig } from './match-config.ts';
import { createMatcher, type Matcher } from './matcher.ts';
import { RowAttributes } from './row-attributes.ts';

export interface AttributesConfig {
  actions: ActionConfig[];
  include?: MatchConfig;
  exclude?: MatchConfig;
}

type BatchEdit = (batch: LogBatch, isMeant: Uint8Array | undefined) => void;

/** Edits the attributes of the records that `include` and `exclude` leave, action by action. Drops nothing, holds nothing. */
export class AttributesProcessor implements Processor {
  readonly mutates = true;
  readonly #edits: readonly BatchEdit[];
  readonly #include: Matcher | undefined;
  readonly #exclude: Matcher | undefined;
  readonly #editing: EditOnce;
  #isMeant = new Uint8Array(0);

  constructor(config: AttributesConfig, next: Consumer) {
    this.#edits = compileAttributeActions(config.actions).map(toBatchEdit);
    this.#include = config.include && createMatcher(config.include);
    this.#exclude = config.exclude && createMatcher(config.exclude);
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
  }

  async start(): Promise<void> {}

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  /** Which records are meant is asked once, before the first action: as they came in, not as they become. */
  #edit(batch: LogBatch): void {
    const isMeant = this.#include || this.#exclude ? this.#select(batch) : undefined;
    for (const edit of this.#edits) edit(batch, isMeant);
  }

  #select(batch: LogBatch): Uint8Array {
    const { length } = batch;
    if (this.#isMeant.length < length) this.#isMeant = new Uint8Array(length * 2);
    this.#include?.begin(batch);
    this.#exclude?.begin(batch);
    for (let row = 0; row < length; row++) {
      const isMeant = batch.isDropped[row] === 0 && (this.#include?.matches(row) ?? true) && !(this.#exclude?.matches(row) ?? false);
      this.#isMeant[row] = isMeant ? 1 : 0;
    }
    this.#include?.end();
    this.#exclude?.end();
    return this.#isMeant;
  }
}

function toBatchEdit(action: AttributeAction): BatchEdit {
  if (action.uniform) {
    const edit = new ColumnEdit(action.uniform);
    return (batch, isMeant) => edit.apply(batch, isMeant);
  }
  const bag = new RowAttributes();
  return (batch, isMeant) => {
    bag.batch = batch;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || isMeant?.[row] === 0) continue;
      bag.row = row;
      action.apply(bag);
    }
    bag.release();
  };
}
