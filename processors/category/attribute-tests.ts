import { ValueType, type Key, type LogBatch, type SharedAttributes } from '#model';

interface Test {
  readonly rule: number;
  /** The text it must be; undefined when being there is enough. */
  readonly value: string | undefined;
}

/** The attributes that rules ask for, all answered in one pass over those that a record has. */
export class AttributeTests {
  readonly #byName = new Map<string, Test[]>();
  /** By rule: 1 when the last record has one of its attributes. */
  readonly #isMet: Uint8Array;
  readonly #rulesOfShared = new WeakMap<SharedAttributes, readonly number[]>();

  constructor(attributesByRule: readonly (readonly string[] | undefined)[]) {
    this.#isMet = new Uint8Array(attributesByRule.length);
    for (const [rule, attributes] of attributesByRule.entries()) {
      for (const text of attributes ?? []) {
        const at = text.indexOf('=');
        const name = at < 0 ? text : text.slice(0, at);
        const tests = this.#byName.get(name) ?? [];
        this.#byName.set(name, [...tests, { rule, value: at < 0 ? undefined : text.slice(at + 1) }]);
      }
    }
  }

  isMet(rule: number): boolean {
    return this.#isMet[rule] === 1;
  }

  read(batch: LogBatch, row: number): void {
    this.#isMet.fill(0);
    for (const rule of this.#ofShared(batch.shared[batch.sharedOf[row] as number] as SharedAttributes)) this.#isMet[rule] = 1;
    const { head, next, type, key } = batch.attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      if (type[slot] === ValueType.none) continue;
      const tests = this.#byName.get((key[slot] as Key).text);
      if (tests) this.#answer(tests, () => batch.attributes.value(slot));
    }
  }

  #answer(tests: readonly Test[], read: () => unknown): void {
    let value: unknown;
    for (const test of tests) {
      if (test.value !== undefined) value ??= read();
      if (test.value === undefined || test.value === value) this.#isMet[test.rule] = 1;
    }
  }

  #ofShared(shared: SharedAttributes): readonly number[] {
    let rules = this.#rulesOfShared.get(shared);
    if (!rules) {
      rules = Array.from(shared.entries, ([{ text }, own]) =>
        (this.#byName.get(text) ?? []).filter(({ value }) => value === undefined || value === own).map(({ rule }) => rule),
      ).flat();
      this.#rulesOfShared.set(shared, rules);
    }
    return rules;
  }
}
