import { Double, keyOf, resourceAttributes, scopeNameAndVersion, toJson, type Key, type LogBatch, type Origin } from '#model';
import { anyMatches, asText, equalTest, onceForEach, patternTest, type KeyValueMatch, type TextTest, type TypedValue } from '#operators';
import type { MatchConfig } from './match-config.ts';
import { RowAttributes } from './row-attributes.ts';

type ValueTest = (value: TypedValue) => boolean;

/** Tells of each row whether `include` or `exclude` means it. */
export interface Matcher {
  /** To be called before `matches` is asked about the rows of a batch. */
  begin(batch: LogBatch): void;
  matches(row: number): boolean;
  /** Forgets the batch. */
  end(): void;
}

export function createMatcher(config: MatchConfig): Matcher {
  return new RowMatcher(config);
}

class RowMatcher implements Matcher {
  readonly #severity: MatchConfig['log_severity_number'];
  readonly #severityTexts: readonly TextTest[];
  readonly #bodies: readonly TextTest[];
  readonly #attributes: readonly { readonly key: Key; readonly test: ValueTest }[];
  readonly #isResource: ((resource: Origin) => boolean) | undefined;
  readonly #isScope: ((scope: Origin) => boolean) | undefined;
  readonly #bag = new RowAttributes();
  #batch: LogBatch | undefined;

  constructor(config: MatchConfig) {
    const isRegexp = config.match_type === 'regexp';
    const toTextTest = isRegexp ? patternTest : equalTest;
    const toValueTest = isRegexp ? valuePatternTest : valueEqualTest;
    this.#severity = config.log_severity_number;
    this.#severityTexts = (config.log_severity_texts ?? []).map(toTextTest);
    this.#bodies = (config.log_bodies ?? []).map(toTextTest);
    this.#attributes = (config.attributes ?? []).map(({ key, value }) => ({ key: keyOf(key), test: toValueTest(value) }));
    const resources = config.resources ?? [];
    if (resources.length > 0) this.#isResource = onceForEach((resource) => hasAll(resource, resources, toValueTest));
    const libraries = (config.libraries ?? []).map(({ name, version }) => ({
      isName: toTextTest(name),
      isVersion: version === undefined || version === null ? () => true : version === '' ? equalTest('') : toTextTest(version),
    }));
    if (libraries.length > 0) {
      this.#isScope = onceForEach((scope) => {
        const { name, version } = scopeNameAndVersion(scope);
        return libraries.every(({ isName, isVersion }) => isName(name) && isVersion(version));
      });
    }
  }

  begin(batch: LogBatch): void {
    this.#batch = batch;
    this.#bag.batch = batch;
  }

  end(): void {
    this.#batch = undefined;
    this.#bag.release();
  }

  /** The cheapest questions first. */
  matches(row: number): boolean {
    const batch = this.#batch;
    if (!batch) return false;
    if (this.#severity && !this.#isSevere(batch.severity[row] as number)) return false;
    if (this.#isResource && !this.#isResource(batch.resources[batch.resourceOf[row] as number] as Origin)) return false;
    if (this.#isScope && !this.#isScope(batch.scopes[batch.scopeOf[row] as number] as Origin)) return false;
    if (this.#attributes.length > 0 && !this.#hasAttributes(row)) return false;
    if (this.#severityTexts.length > 0 && !anyMatches(this.#severityTexts, batch.severityText(row))) return false;
    return this.#bodies.length === 0 || anyMatches(this.#bodies, batch.bodyText(row));
  }

  #isSevere(severity: number): boolean {
    if (severity === 0) return this.#severity?.match_undefined ?? false;
    return severity >= (this.#severity?.min ?? 0);
  }

  #hasAttributes(row: number): boolean {
    this.#bag.row = row;
    return this.#attributes.every(({ key, test }) => {
      const value = this.#bag.get(key);
      return value !== undefined && test(value);
    });
  }
}

function hasAll(resource: Origin, wanted: readonly KeyValueMatch[], toValueTest: (value: unknown) => ValueTest): boolean {
  const attributes = resourceAttributes(resource);
  return wanted.every(({ key, value }) => {
    const own = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    return own !== undefined && toValueTest(value)(own);
  });
}

/** Same type and equal: neither "1" nor 1.0 is 1. */
function valueEqualTest(wanted: unknown): ValueTest {
  if (wanted === undefined || wanted === null) return () => true;
  if (typeof wanted === 'object') {
    const json = JSON.stringify(wanted);
    return (value) => typeof value === 'object' && value !== null && !(value instanceof Double) && toJson(value) === json;
  }
  if (typeof wanted === 'number' && !Number.isInteger(wanted)) {
    return (value) => value === wanted || (value instanceof Double && value.value === wanted);
  }
  return (value) => value === wanted;
}

/** Lists, maps and bytes never match a pattern. */
function valuePatternTest(pattern: unknown): ValueTest {
  if (typeof pattern !== 'string') return () => true;
  const test = patternTest(pattern);
  return (value) => (typeof value !== 'object' || value instanceof Double) && test(asText(value));
}
