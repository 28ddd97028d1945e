import { keyOf, resourceAttributes, scopeNameAndVersion, type Key, type LogBatch, type Origin } from '#model';
import { AttributeTests } from './attribute-tests.ts';
import { Keywords } from './keywords.ts';
import { NamePatterns, type Matches } from './name-patterns.ts';
import type { RuleConfig } from './rule-config.ts';

const PATH_KEYS: readonly Key[] = ['log.file.path', 'log.file.name'].map((name) => keyOf(name));

/**
 * What the rules want to know of one row, for all rules together and only when the first of them asks. What belongs to a
 * resource or scope is read once for each.
 */
export class RowFacts {
  readonly #servicePatterns: NamePatterns;
  readonly #pathPatterns: NamePatterns;
  readonly #loggerPatterns: NamePatterns;
  readonly #attributeTests: AttributeTests;
  readonly #keywordTests: Keywords;
  readonly #loggerKeys: readonly Key[];
  readonly #serviceNames = new WeakMap<Origin, string>();
  readonly #scopeNames = new WeakMap<Origin, string>();
  #batch: LogBatch | undefined;
  #row = 0;
  #services: Matches | undefined;
  #paths: Matches | undefined;
  #loggers: Matches | undefined;
  #areAttributesRead = false;
  #areKeywordsRead = false;

  constructor(rules: readonly RuleConfig[], loggerAttributes: readonly string[]) {
    this.#servicePatterns = new NamePatterns(rules.map(({ services }) => services));
    this.#pathPatterns = new NamePatterns(rules.map(({ paths }) => paths));
    this.#loggerPatterns = new NamePatterns(rules.map(({ loggers }) => loggers));
    this.#attributeTests = new AttributeTests(rules.map(({ attributes }) => attributes));
    this.#keywordTests = new Keywords(rules.map(({ keywords }) => keywords ?? []));
    this.#loggerKeys = loggerAttributes.map((name) => keyOf(name));
  }

  /** The row that all questions are about from now on. */
  begin(batch: LogBatch, row: number): void {
    this.#batch = batch;
    this.#row = row;
    this.#services = undefined;
    this.#paths = undefined;
    this.#loggers = undefined;
    this.#areAttributesRead = false;
    this.#areKeywordsRead = false;
  }

  /** Forgets the batch. */
  end(): void {
    this.#batch = undefined;
  }

  get services(): Matches {
    return (this.#services ??= this.#servicePatterns.match(this.#serviceName()));
  }

  get paths(): Matches {
    return (this.#paths ??= this.#pathPatterns.match(this.#firstText(PATH_KEYS)));
  }

  /** The name of the scope, else the first attribute there is. */
  get loggers(): Matches {
    return (this.#loggers ??= this.#loggerPatterns.match(this.#scopeName() || this.#firstText(this.#loggerKeys)));
  }

  hasAttribute(rule: number): boolean {
    if (!this.#areAttributesRead && this.#batch) this.#attributeTests.read(this.#batch, this.#row);
    this.#areAttributesRead = true;
    return this.#attributeTests.isMet(rule);
  }

  hasKeyword(rule: number): boolean {
    if (!this.#areKeywordsRead && this.#batch) this.#keywordTests.read(this.#batch, this.#row);
    this.#areKeywordsRead = true;
    return this.#keywordTests.isMet(rule);
  }

  #serviceName(): string {
    const resource = this.#batch?.resources[this.#batch.resourceOf[this.#row] as number];
    if (!resource) return '';
    let name = this.#serviceNames.get(resource);
    if (name === undefined) {
      const value = resourceAttributes(resource)['service.name'];
      this.#serviceNames.set(resource, (name = typeof value === 'string' ? value : ''));
    }
    return name;
  }

  #scopeName(): string {
    const scope = this.#batch?.scopes[this.#batch.scopeOf[this.#row] as number];
    if (!scope) return '';
    let name = this.#scopeNames.get(scope);
    if (name === undefined) this.#scopeNames.set(scope, (name = scopeNameAndVersion(scope).name));
    return name;
  }

  #firstText(keys: readonly Key[]): string {
    for (const key of keys) {
      const value = this.#batch?.attribute(this.#row, key);
      if (typeof value === 'string' && value !== '') return value;
    }
    return '';
  }
}
