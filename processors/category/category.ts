import { EditOnce, type Consumer, type Counter, type Host, type Processor } from '#component';
import { TABLE_MAX, ValueType, keyOf, withEntry, type Key, type LogBatch, type SharedAttributes } from '#model';
import { Environment, OttlProblem } from '#ottl';
import { PRESETS } from './presets.ts';
import { RowFacts } from './row-facts.ts';
import type { RuleConfig } from './rule-config.ts';
import { Rule } from './rule.ts';

export interface CategoryConfig {
  rules: RuleConfig[];
  preset: 'none' | keyof typeof PRESETS;
  default: string;
  attribute: string;
  override: boolean;
  logger_attributes: string[];
}

// Categories made of names could be many; past the bound their shared attributes are made again.
const CATEGORIES_MAX = 1000;

/**
 * Writes the category of each record. Rows get it by referring to other shared attributes, so that it costs them no
 * bytes and the exporter encodes it once. Drops nothing, holds nothing.
 */
export class Category implements Processor {
  readonly mutates = true;
  readonly #editing: EditOnce;
  readonly #key: Key;
  readonly #isOverriding: boolean;
  readonly #rules: readonly Rule[];
  readonly #facts: RowFacts;
  readonly #default: string;
  readonly #environment = new Environment();
  readonly #withCategory = new WeakMap<SharedAttributes, Map<string, SharedAttributes>>();
  /** In the batch at hand: index of the shared attributes by old index and category. */
  readonly #indexOf = new Map<string, Map<number, number>>();
  #failures: Counter | undefined;
  #host: Host | undefined;
  #hasFailed = false;

  constructor(config: CategoryConfig, next: Consumer) {
    const preset = config.preset === 'none' ? undefined : PRESETS[config.preset];
    const rules = [...config.rules, ...(preset?.rules ?? [])];
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#key = keyOf(config.attribute);
    this.#isOverriding = config.override;
    this.#rules = rules.map((rule, index) => new Rule(rule, index, this.#environment));
    this.#facts = new RowFacts(rules, config.logger_attributes);
    this.#default = config.default || (preset?.default ?? '');
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#environment.start(host);
    this.#failures = host.metrics.counter('winnow_category_condition_failures', 'Conditions that could not be answered for a record.');
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #edit(batch: LogBatch): void {
    for (const byOld of this.#indexOf.values()) byOld.clear();
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const slot = (batch.attributes.head[row] as number) >= 0 ? batch.attributes.find(row, this.#key) : -1;
      if (!this.#isOverriding && (slot >= 0 || this.#isShared(batch, row))) continue;
      const category = this.#categoryOf(batch, row);
      if (category === '') continue;
      if (slot >= 0) batch.attributes.set(slot, category);
      else this.#write(batch, row, category);
    }
    this.#facts.end();
  }

  #isShared(batch: LogBatch, row: number): boolean {
    return (batch.shared[batch.sharedOf[row] as number] as SharedAttributes).entries.has(this.#key);
  }

  #categoryOf(batch: LogBatch, row: number): string {
    this.#facts.begin(batch, row);
    for (const rule of this.#rules) {
      if (rule.hasCondition ? this.#holds(rule, batch, row) : rule.matches(batch, row, this.#facts)) return rule.category();
    }
    return this.#default;
  }

  /** A condition that cannot be answered does not hold. */
  #holds(rule: Rule, batch: LogBatch, row: number): boolean {
    try {
      return rule.matches(batch, row, this.#facts);
    } catch (problem) {
      if (!(problem instanceof OttlProblem)) throw problem;
      this.#failures?.add(1);
      if (!this.#hasFailed)
        this.#host?.log.warn('A condition could not be answered; its rule does not match then.', { reason: problem.message });
      this.#hasFailed = true;
      return false;
    }
  }

  #write(batch: LogBatch, row: number, category: string): void {
    let byOld = this.#indexOf.get(category);
    if (!byOld) {
      if (this.#indexOf.size >= CATEGORIES_MAX) this.#indexOf.clear();
      this.#indexOf.set(category, (byOld = new Map()));
    }
    const old = batch.sharedOf[row] as number;
    let index = byOld.get(old);
    if (index === undefined) {
      if (batch.shared.length >= TABLE_MAX) {
        this.#writeOwn(batch, row, category);
        return;
      }
      byOld.set(old, (index = batch.addShared(this.#sharedWith(batch.shared[old] as SharedAttributes, category))));
    }
    batch.sharedOf[row] = index;
  }

  #sharedWith(shared: SharedAttributes, category: string): SharedAttributes {
    let byCategory = this.#withCategory.get(shared);
    if (!byCategory) this.#withCategory.set(shared, (byCategory = new Map()));
    let edited = byCategory.get(category);
    if (!edited) {
      if (byCategory.size >= CATEGORIES_MAX) byCategory.clear();
      byCategory.set(category, (edited = withEntry(shared, this.#key, category)));
    }
    return edited;
  }

  #writeOwn(batch: LogBatch, row: number, category: string): void {
    batch.attributes.set(batch.attributes.add(row, this.#key, ValueType.empty, 0, 0, 0), category);
  }
}
