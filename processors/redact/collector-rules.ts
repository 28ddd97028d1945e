import { createHash, createHmac } from 'node:crypto';
import type { AttributeValue } from '#model';
import type { RedactConfig } from './config.ts';
import { TextPattern } from './patterns.ts';

type Values = { readonly [key: string]: AttributeValue };

/** What happened to the attributes of one record, one resource or one body: names by what was done to them. */
export interface Tally {
  readonly redacted: string[];
  readonly masked: string[];
  readonly allowed: string[];
  readonly ignored: string[];
}

export const createTally = (): Tally => ({ redacted: [], masked: [], allowed: [], ignored: [] });

/** The value stays as it is. */
export const KEEP: unique symbol = Symbol('keep');
/** The value and its name go. */
export const REMOVE: unique symbol = Symbol('remove');

/** Attributes in which the Collector says what it did. A second redaction must not remove them. */
const SUMMARY_NAMES = ['redacted', 'masked', 'allowed', 'ignored'].flatMap((what) =>
  ['redaction', 'redaction.body'].flatMap((where) => [`${where}.${what}.keys`, `${where}.${what}.count`]),
);

/** The rules of the Collector's redaction processor: which names are allowed, which values are blocked. */
export class CollectorRules {
  readonly summary: RedactConfig['summary'];
  /** False when nothing in the configuration asks for them. */
  readonly isActive: boolean;
  readonly #isAllAllowed: boolean;
  readonly #allowedKeys: ReadonlySet<string>;
  readonly #ignoredKeys: ReadonlySet<string>;
  readonly #ignoredKeyPatterns: readonly TextPattern[];
  readonly #blockedKeyPatterns: readonly TextPattern[];
  readonly #blockedValues: readonly TextPattern[];
  readonly #allowedValues: readonly TextPattern[];
  readonly #isAllTypes: boolean;
  readonly #replace: (found: string) => string;

  constructor(config: RedactConfig, isAllAllowed: boolean) {
    const patterns = (list: readonly string[]): TextPattern[] => list.map((pattern) => new TextPattern(pattern));
    this.summary = config.summary;
    this.#isAllAllowed = config.allow_all_keys ?? isAllAllowed;
    this.#allowedKeys = new Set([...config.allowed_keys, ...SUMMARY_NAMES]);
    this.#ignoredKeys = new Set(config.ignored_keys);
    this.#ignoredKeyPatterns = patterns(config.ignored_key_patterns);
    this.#blockedKeyPatterns = patterns(config.blocked_key_patterns);
    this.#blockedValues = patterns(config.blocked_values);
    this.#allowedValues = patterns(config.allowed_values);
    this.#isAllTypes = config.redact_all_types;
    this.#replace = replacementOf(config);
    this.isActive = !this.#isAllAllowed || this.#blockedKeyPatterns.length > 0 || this.#blockedValues.length > 0;
  }

  /** What becomes of one attribute. */
  attribute(name: string, value: AttributeValue, tally: Tally): AttributeValue | typeof KEEP | typeof REMOVE {
    if (this.#ignoredKeys.has(name) || matches(this.#ignoredKeyPatterns, name)) {
      tally.ignored.push(name);
      return KEEP;
    }
    if (!this.#isAllAllowed && !this.#allowedKeys.has(name)) {
      tally.redacted.push(name);
      return REMOVE;
    }
    return this.#value(name, value, tally);
  }

  /** What becomes of a body. Maps in it are looked at name by name. */
  body(value: AttributeValue, tally: Tally): AttributeValue | typeof KEEP {
    if (isValues(value)) return this.#map('', value, tally);
    const text = this.#textOf(value);
    if (text === undefined || matches(this.#allowedValues, text)) return KEEP;
    const masked = this.#masked(text);
    if (masked === text) return KEEP;
    tally.masked.push('body');
    return masked;
  }

  #value(name: string, value: AttributeValue, tally: Tally): AttributeValue | typeof KEEP {
    const isNested = isValues(value) || Array.isArray(value);
    if (isNested && !this.#isAllTypes) return this.#nested(name, value, tally);
    const text = this.#textOf(value);
    if (text === undefined) return KEEP;
    if (matches(this.#allowedValues, text)) {
      tally.allowed.push(name);
      return KEEP;
    }
    const masked = matches(this.#blockedKeyPatterns, name) ? this.#replace(text) : this.#masked(text);
    if (masked === text) return KEEP;
    tally.masked.push(name);
    return masked;
  }

  /** Values inside of values have no names of their own to be allowed or removed, but their texts are looked at. */
  #nested(name: string, value: AttributeValue, tally: Tally): AttributeValue | typeof KEEP {
    let isChanged = false;
    const inner = (key: string, element: AttributeValue): AttributeValue => {
      const after = this.#value(key, element, tally);
      if (after === KEEP) return element;
      isChanged = true;
      return after;
    };
    const result: AttributeValue = Array.isArray(value)
      ? value.map((element: AttributeValue) => inner(name, element))
      : Object.fromEntries(Object.entries(value as Values).map(([key, element]) => [key, inner(`${name}.${key}`, element)]));
    return isChanged ? result : KEEP;
  }

  #map(path: string, values: Values, tally: Tally): AttributeValue | typeof KEEP {
    let isChanged = false;
    const entries: [string, AttributeValue][] = [];
    for (const [key, value] of Object.entries(values)) {
      const name = path === '' ? key : `${path}.${key}`;
      const isKnown = this.#isAllAllowed || this.#allowedKeys.has(name) || this.#allowedKeys.has(key);
      const after = isValues(value) && isKnown ? this.#map(name, value, tally) : this.attribute(isKnown ? key : name, value, tally);
      if (after !== KEEP) isChanged = true;
      if (after !== REMOVE) entries.push([key, after === KEEP ? value : after]);
    }
    return isChanged ? Object.fromEntries(entries) : KEEP;
  }

  #masked(text: string): string {
    let masked = text;
    for (const pattern of this.#blockedValues) masked = pattern.replace(masked, this.#replace);
    return masked;
  }

  #textOf(value: AttributeValue): string | undefined {
    if (typeof value === 'string') return value;
    if (!this.#isAllTypes || value === null) return undefined;
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    return typeof value === 'object' ? JSON.stringify(value, toJsonNumber) : String(value);
  }
}

/** The summary as the Collector writes it: names at `debug`, counts at `debug` and `info`. */
export function* summaryOf(
  tally: Tally,
  summary: RedactConfig['summary'],
  where: string,
): Generator<[name: string, value: string | number]> {
  if (summary === 'silent') return;
  for (const what of ['redacted', 'masked', 'allowed', 'ignored'] as const) {
    const names = tally[what];
    if (names.length === 0) continue;
    if (summary === 'debug' && what !== 'ignored') yield [`${where}.${what}.keys`, names.toSorted().join(',')];
    yield [`${where}.${what}.count`, names.length];
  }
}

function toJsonNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function replacementOf({ hash_function: name, hmac_key: key, mask = '****' }: RedactConfig): (found: string) => string {
  if (name === '') return () => mask;
  if (name === 'hmac-sha256' || name === 'hmac-sha512') return (found) => createHmac(name.slice(5), key).update(found).digest('hex');
  const algorithm = name === 'sha3' ? 'sha3-256' : name;
  return (found) => createHash(algorithm).update(found).digest('hex');
}

function matches(patterns: readonly TextPattern[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

function isValues(value: AttributeValue): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
