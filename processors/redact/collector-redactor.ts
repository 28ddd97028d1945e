import { ValueType, resourceAttributes, withResourceAttributes, type AttributeValue, type LogBatch, type Origin } from '#model';
import { KEEP, REMOVE, createTally, summaryOf, type CollectorRules } from './collector-rules.ts';

/** Applies the Collector's rules to batches, record by record. */
export class CollectorRedactor {
  readonly #rules: CollectorRules;
  readonly #resources = new WeakMap<Origin, Origin>();
  /** How many attributes were removed and masked since the counts were taken. */
  removed = 0;
  masked = 0;

  constructor(rules: CollectorRules) {
    this.#rules = rules;
  }

  redact(batch: LogBatch): void {
    for (const [i, resource] of batch.resources.entries()) batch.resources[i] = this.#resource(resource);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      this.#body(batch, row);
      this.#attributes(batch, row);
    }
  }

  #attributes(batch: LogBatch, row: number): void {
    const tally = createTally();
    for (const [name, value] of batch.attributesOf(row)) {
      const after = this.#rules.attribute(name, value, tally);
      if (after === REMOVE) batch.deleteAttribute(row, name);
      else if (after !== KEEP) batch.setAttribute(row, name, after);
    }
    this.#count(tally);
    for (const [name, value] of summaryOf(tally, this.#rules.summary, 'redaction')) batch.setAttribute(row, name, value);
  }

  #body(batch: LogBatch, row: number): void {
    if (batch.bodyType[row] === ValueType.none) return;
    const tally = createTally();
    const after = this.#rules.body(batch.body(row), tally);
    if (after !== KEEP) batch.setBody(row, after);
    this.#count(tally);
    for (const [name, value] of summaryOf(tally, this.#rules.summary, 'redaction.body')) batch.setAttribute(row, name, value);
  }

  #resource(resource: Origin): Origin {
    let redacted = this.#resources.get(resource);
    if (!redacted) {
      redacted = this.#redactedResource(resource);
      this.#resources.set(resource, redacted);
      this.#resources.set(redacted, redacted);
    }
    return redacted;
  }

  #redactedResource(resource: Origin): Origin {
    const tally = createTally();
    const entries: [string, AttributeValue][] = [];
    for (const [name, value] of Object.entries(resourceAttributes(resource))) {
      const after = this.#rules.attribute(name, value, tally);
      if (after !== REMOVE) entries.push([name, after === KEEP ? value : after]);
    }
    this.#count(tally);
    if (tally.redacted.length + tally.masked.length === 0) return resource;
    return withResourceAttributes(resource, Object.fromEntries([...entries, ...summaryOf(tally, this.#rules.summary, 'redaction')]));
  }

  #count({ redacted, masked }: { readonly redacted: readonly string[]; readonly masked: readonly string[] }): void {
    this.removed += redacted.length;
    this.masked += masked.length;
  }
}
