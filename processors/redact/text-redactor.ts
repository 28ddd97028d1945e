import type { RedactConfig, RuleSwitch } from './config.ts';
import type { NestedRules } from './nested.ts';
import { TextPattern } from './patterns.ts';
import { Replacement } from './replacement.ts';
import { RULES, RULE_NAMES, ruleIndex, type RuleName } from './rules.ts';
import { Scanner } from './scanner.ts';
import { NameKind, SecretNames } from './secret-names.ts';

/** What differs between the two names a configuration may use. */
export interface Defaults {
  readonly mask: string;
  /** Whether the rules that are on by default are. */
  readonly withRules: boolean;
}

interface CustomPattern {
  readonly rule: number;
  readonly pattern: TextPattern;
}

/**
 * Redacts texts by the rules of a configuration, and counts by rule. Scanning is apart from replacing: a text in which
 * nothing is found costs the scan alone.
 */
export class TextRedactor implements NestedRules {
  /** Names of all rules, built-in and own, and how often each has redacted since the counts were taken. */
  readonly names: readonly string[];
  readonly counts: Float64Array;
  readonly hasPatterns: boolean;
  /** True when nothing is looked for. */
  readonly isIdle: boolean;
  readonly #scanner: Scanner;
  readonly #replacement: Replacement;
  readonly #patterns: readonly CustomPattern[];
  readonly #allow: readonly TextPattern[];
  readonly #secretNames: SecretNames;
  readonly #ignored: ReadonlySet<string>;
  readonly #keysRule = ruleIndex('keys');

  constructor(config: RedactConfig, defaults: Defaults) {
    const switchOf = (name: RuleName): RuleSwitch => config.rules[name] ?? (RULES[name].isDefault && defaults.withRules);
    const isHashed = (action: RuleSwitch): boolean => (action === true ? config.action : action) === 'hash';
    const builtIn = RULE_NAMES.map((name) => ({ name, isHashed: isHashed(switchOf(name)) }));
    const own = config.patterns.map(({ name, action }) => ({ name, isHashed: isHashed(action ?? true) }));
    this.names = [...builtIn, ...own].map(({ name }) => name);
    this.counts = new Float64Array(this.names.length);
    const isOn = (name: RuleName): boolean => switchOf(name) !== false;
    const isByName = defaults.withRules || isOn('keys');
    this.#secretNames = new SecretNames(config.keys, isByName && isOn('keys'));
    this.#scanner = new Scanner(isOn, new SecretNames(config.keys));
    this.#replacement = new Replacement([...builtIn, ...own], {
      mask: config.mask ?? defaults.mask,
      hashKey: config.hash_key,
      hashDigits: config.hash_digits,
      hashesMax: config.hashes_max,
    });
    this.#patterns = config.patterns.map(({ pattern }, i) => ({ rule: builtIn.length + i, pattern: new TextPattern(pattern) }));
    this.hasPatterns = this.#patterns.length > 0;
    this.isIdle = !this.hasPatterns && config.keys.length === 0 && !RULE_NAMES.some(isOn);
    this.#allow = config.allow.map((pattern) => new TextPattern(pattern));
    this.#ignored = new Set(config.ignored_keys);
  }

  /** A record begins. */
  nextRecord(): void {
    this.#replacement.reset();
  }

  isSecretName(bytes: Buffer, from: number, to: number): boolean {
    const kind = this.#secretNames.kindOf(bytes, from, to);
    return kind !== NameKind.none && kind !== NameKind.signature && kind !== NameKind.basic;
  }

  isIgnoredName(bytes: Buffer, from: number, to: number): boolean {
    return this.#ignored.size > 0 && this.#ignored.has(bytes.toString('utf8', from, to));
  }

  redactText(bytes: Buffer, from: number, to: number): Uint8Array | undefined {
    const scanned = this.#scanner.scan(bytes, from, to) === 0 ? undefined : this.#replaced(bytes, from, to);
    if (!this.hasPatterns) return scanned;
    return (scanned ? this.#byPatterns(Buffer.from(scanned), 0, scanned.length) : this.#byPatterns(bytes, from, to)) ?? scanned;
  }

  redactWhole(bytes: Buffer, from: number, to: number): Uint8Array | undefined {
    const rule = this.#keysRule;
    if (from === to || this.#replacement.isOwn(rule, bytes, from, to) || this.#isAllowed(bytes, from, to)) return undefined;
    this.counts[rule] = (this.counts[rule] as number) + 1;
    return this.#replacement.of(rule, bytes, from, to);
  }

  /** The text with what the scanner has found replaced; undefined when all of it is allowed or was replaced before. */
  #replaced(bytes: Buffer, from: number, to: number): Uint8Array | undefined {
    const { count, starts, ends, rules } = this.#scanner.found;
    const parts: Uint8Array[] = [];
    let done = from;
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      const rule = rules[i] as number;
      if (this.#replacement.isOwn(rule, bytes, start, end) || this.#isAllowed(bytes, start, end)) continue;
      this.counts[rule] = (this.counts[rule] as number) + 1;
      parts.push(bytes.subarray(done, start), this.#replacement.of(rule, bytes, start, end));
      done = end;
    }
    if (parts.length === 0) return undefined;
    parts.push(bytes.subarray(done, to));
    return Buffer.concat(parts);
  }

  #byPatterns(bytes: Buffer, from: number, to: number): Uint8Array | undefined {
    const before = bytes.toString('utf8', from, to);
    let text = before;
    for (const { rule, pattern } of this.#patterns) {
      text = pattern.replace(text, (found) => {
        const own = Buffer.from(found);
        if (this.#replacement.isOwn(rule, own, 0, own.length) || this.#isAllowed(own, 0, own.length)) return found;
        this.counts[rule] = (this.counts[rule] as number) + 1;
        return Buffer.from(this.#replacement.of(rule, own, 0, own.length)).toString();
      });
    }
    return text === before ? undefined : Buffer.from(text);
  }

  #isAllowed(bytes: Buffer, from: number, to: number): boolean {
    if (this.#allow.length === 0) return false;
    const text = bytes.toString('utf8', from, to);
    return this.#allow.some((pattern) => pattern.test(text));
  }
}
