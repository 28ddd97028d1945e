import type { PropertySchema } from '#component';
import { describeExpected, describeGot, quote, typesOf } from './describe.ts';
import { isNull, joinPath, nodeOf, scalarNode, toPlain, type ListNode, type MapNode, type Node, type ScalarNode } from './node.ts';
import type { Place } from './place.ts';
import { Report } from './report.ts';
import { isSecretKey } from './secret.ts';
import { hint, suggest } from './suggest.ts';

/**
 * Checks nodes against a schema and gives the plain value with defaults filled in.
 *
 * It interprets the part of JSON Schema that PropertySchema can express, on nodes instead of plain values, so each
 * message has its place and can say what to do. A compiling validator was measured too: it costs 110 ms and 16 MB at
 * each start, this one a millisecond. A property test compares the two.
 */
export class Validator {
  readonly report: Report;
  /** Paths of values whose schema says `secret`. */
  readonly secretPaths: Set<string>;

  constructor(report: Report, secretPaths: Set<string> = new Set()) {
    this.report = report;
    this.secretPaths = secretPaths;
  }

  /** The plain value; what cannot be used is reported and undefined. `at` is where to complain about a missing value. */
  check(schema: PropertySchema, node: Node, path: string, at: Place = node.at): unknown {
    if (schema.secret) this.secretPaths.add(path);
    if (node.kind === 'scalar' && node.isBroken) return undefined;
    const form = schema.oneOf ?? schema.anyOf;
    if (form && !schema.properties && (schema.type === undefined || hasTypeOf(schema, node)))
      return this.#checkForms(schema, form, node, path, at);

    const before = this.report.errorCount;
    const value = this.#checkType(schema, node, path, at);
    if (this.report.errorCount > before) return undefined;
    if (form && !this.#hasRightCount(schema, form, node, path, at)) this.#mismatch(schema, node, path, at);
    if (schema.not && this.#fits(schema.not, node, path, at)) this.#mismatch(schema, node, path, at);
    return value;
  }

  // ---- forms: oneOf and anyOf ----

  #checkForms(schema: PropertySchema, forms: readonly PropertySchema[], node: Node, path: string, at: Place): unknown {
    const { discriminator } = schema;
    if (discriminator) return this.#checkDiscriminated(forms, discriminator.propertyName, node, path, at);
    const trials = forms.map((form) => this.#tryForm(form, node, path, at));
    const fitting = trials.filter(({ report }) => report.errorCount === 0);
    const [first] = fitting;
    if (first && (fitting.length === 1 || !schema.oneOf)) {
      this.report.adopt(first.report);
      return first.value;
    }
    // Of the forms that have the right type, the nearest one explains best what is wrong.
    const sameType = first ? [] : trials.filter(({ form }) => hasTypeOf(form, node));
    const nearest = sameType.toSorted((a, b) => a.report.errorCount - b.report.errorCount)[0];
    if (nearest && node.kind !== 'scalar' && schema.expected === undefined) this.report.adopt(nearest.report);
    else this.#mismatch(schema, node, path, at);
    return undefined;
  }

  #checkDiscriminated(forms: readonly PropertySchema[], key: string, node: Node, path: string, at: Place): unknown {
    if (node.kind !== 'map') {
      this.#mismatch({ type: 'object' }, node, path, at);
      return undefined;
    }
    const entry = node.entries.get(key);
    const written = entry?.value.kind === 'scalar' ? entry.value.value : undefined;
    const form = forms.find((candidate) => namesOf(candidate, key).includes(written));
    if (form && written !== undefined) return this.#checkType(form, node, path, at);
    const names = forms.flatMap((candidate) => namesOf(candidate, key)).filter((name) => typeof name === 'string');
    const got = entry ? describeGot(entry.value, false) : 'nothing';
    const remedy = hint(typeof written === 'string' ? written : '', names, 'there are');
    this.report.error(entry?.value.at ?? at, joinPath(path, key), `expected a known ${key}, got ${got}${remedy}`);
    return undefined;
  }

  #tryForm(form: PropertySchema, node: Node, path: string, at: Place): { form: PropertySchema; report: Report; value: unknown } {
    const report = new Report();
    const value = new Validator(report, this.secretPaths).check(form, node, path, at);
    return { form, report, value };
  }

  #fits(form: PropertySchema, node: Node, path: string, at: Place): boolean {
    return this.#tryForm(form, node, path, at).report.errorCount === 0;
  }

  #hasRightCount(schema: PropertySchema, forms: readonly PropertySchema[], node: Node, path: string, at: Place): boolean {
    const count = forms.filter((form) => this.#fits(form, node, path, at)).length;
    return schema.oneOf ? count === 1 : count > 0;
  }

  // ---- one form ----

  #checkType(schema: PropertySchema, node: Node, path: string, at: Place): unknown {
    const types = typesOf(schema);
    const isObject = types.includes('object') || (types.length === 0 && (schema.properties !== undefined || schema.required !== undefined));
    if (node.kind === 'map' && isObject) return this.#checkObject(schema, node, path, at);
    if (isNull(node) && isObject && !types.includes('null')) return this.#checkObject(schema, emptyMap(node), path, at);
    const list = types.includes('array') ? asList(schema, node) : undefined;
    if (list) return this.#checkList(schema, list, path);
    if (node.kind === 'scalar') return this.#checkScalar(schema, types, node, path, at);
    if (types.length === 0) return toPlain(node);
    this.#mismatch(schema, node, path, at);
    return undefined;
  }

  #checkScalar(schema: PropertySchema, types: readonly string[], node: ScalarNode, path: string, at: Place): unknown {
    const { value } = node;
    const isListed = schema.enum ? schema.enum.includes(value) : schema.const === undefined || schema.const === value;
    if (isListed && types.length === 0) return value;
    if (isListed && types.some((type) => isOfType(value, type)) && isWithinBounds(schema, value)) return value;
    // Text out of a variable arrives as YAML would read it; an option that wants a string takes it as it is. So does an
    // option with a pattern when a bare number fits it: 0 as a duration, 0644 as a file mode.
    const takesNumbers = types.includes('integer') || types.includes('number');
    const isBareNumber = typeof value === 'number' && schema.pattern !== undefined && !takesNumbers;
    const mayBeText = types.includes('string') && (node.isReferred || isBareNumber);
    const isTextListed = schema.enum ? schema.enum.includes(node.text) : schema.const === undefined || schema.const === node.text;
    if (mayBeText && isTextListed && isWithinBounds(schema, node.text)) return node.text;
    // 65_536 is a number to the Collector's YAML, and its documents write it so.
    const grouped = typeof value === 'string' && /^[0-9]+(_[0-9]+)+$/.test(value) ? Number(value.replaceAll('_', '')) : undefined;
    if (grouped !== undefined && types.some((type) => isOfType(grouped, type)) && isWithinBounds(schema, grouped)) return grouped;
    this.#mismatch(schema, node, path, at);
    return undefined;
  }

  #checkList(schema: PropertySchema, node: ListNode, path: string): unknown {
    const { items, minItems = 0, maxItems = Infinity } = schema;
    const count = node.items.length;
    if (count < minItems)
      this.report.error(node.at, path, `expected at least ${minItems === 1 ? 'one item' : `${minItems} items`}, got ${count}`);
    if (count > maxItems) this.report.error(node.at, path, `expected at most ${maxItems} items, got ${count}`);
    const values = node.items.map((item, i) => (items ? this.check(items, item, joinPath(path, i)) : toPlain(item)));
    if (schema.uniqueItems) {
      const seen = new Set<string>();
      for (const [i, value] of values.entries()) {
        // What is no value at all has been reported already.
        if (value === undefined) continue;
        const text = JSON.stringify(value);
        if (seen.has(text)) this.report.error(node.items[i]?.at, joinPath(path, i), `${quote(value)} is listed twice; remove one of them`);
        seen.add(text);
      }
    }
    return values;
  }

  #checkObject(schema: PropertySchema, node: MapNode, path: string, at: Place): unknown {
    const properties = schema.properties ?? {};
    const others = schema.additionalProperties ?? true;
    const values: [string, unknown][] = [];
    const present = new Set<string>();
    for (const [key, { keyAt, value }] of node.entries) {
      const inner = joinPath(path, key);
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (property) {
        if (isUnset(property, value)) continue;
        present.add(key);
        if (property.deprecated) this.report.warn(keyAt, inner, `this option is deprecated; ${property.description ?? 'remove it'}`);
        values.push([key, this.check(property, value, inner, isNull(value) ? keyAt : value.at)]);
      } else if (others === false) {
        this.report.error(keyAt, path, unknownKey(key, properties));
      } else {
        present.add(key);
        values.push([key, others === true ? toPlain(value) : this.check(others, value, inner)]);
      }
    }
    this.#fillDefaults(properties, present, values, path, node.at);
    for (const key of schema.required ?? []) {
      if (present.has(key)) continue;
      const wanted = properties[key];
      const entry = node.entries.get(key);
      const variable = entry?.value.kind === 'scalar' ? entry.value.unsetVariable : undefined;
      const cause = variable === undefined ? 'this option is required' : `set the environment variable ${variable}`;
      const message = `expected ${wanted ? describeExpected(wanted) : 'a value'}, got nothing; ${cause}`;
      this.report.error(entry?.keyAt ?? at, joinPath(path, key), message);
    }
    return Object.fromEntries(values);
  }

  #fillDefaults(
    properties: Readonly<Record<string, PropertySchema>>,
    present: Set<string>,
    values: [string, unknown][],
    path: string,
    at: Place,
  ): void {
    for (const [key, property] of Object.entries(properties)) {
      if (present.has(key) || property.default === undefined) continue;
      present.add(key);
      // Checked like a written value, because options inside a default have defaults of their own.
      values.push([key, this.check(property, nodeOf(property.default, at), joinPath(path, key), at)]);
    }
  }

  #mismatch(schema: PropertySchema, node: Node, path: string, at: Place): void {
    const isSecret = schema.secret === true || this.secretPaths.has(path) || isSecretKey(path);
    const message = `expected ${describeExpected(schema)}, got ${describeGot(node, isSecret)}`;
    this.report.error(isNull(node) ? at : node.at, path, message + remedyFor(schema, node));
  }
}

function remedyFor(schema: PropertySchema, node: Node): string {
  if (node.kind !== 'scalar' || node.value === null) return '';
  const types = typesOf(schema);
  const { value } = node;
  if (typeof value !== 'string') return types.includes('string') && !schema.pattern && !schema.enum ? `; put it in quotes` : '';
  const near =
    schema.enum &&
    suggest(
      value,
      schema.enum.filter((option) => typeof option === 'string'),
    );
  if (near !== undefined) return `; did you mean "${near}"?`;
  if (types.includes('boolean') && /^(yes|on)$/i.test(value)) return '; write true';
  if (types.includes('boolean') && /^(no|off)$/i.test(value)) return '; write false';
  const isQuotedNumber =
    types.some((type) => type === 'integer' || type === 'number') && value.trim() !== '' && Number.isFinite(Number(value));
  const isQuotedBoolean = types.includes('boolean') && /^(true|false)$/.test(value);
  return (isQuotedNumber || isQuotedBoolean) && !types.includes('string') ? '; remove the quotes' : '';
}

function unknownKey(key: string, properties: Readonly<Record<string, PropertySchema>>): string {
  const names = Object.keys(properties);
  const owner = names.find((name) => Object.hasOwn(properties[name]?.properties ?? {}, key));
  if (owner !== undefined && suggest(key, names) === undefined) return `"${key}" is not an option here; it belongs under "${owner}"`;
  return `"${key}" is not an option${hint(key, names, 'options')}`;
}

/** An empty value (`interval:`) leaves an option at its default; an empty section (`rotation:`) asks for it. */
function isUnset(property: PropertySchema, node: Node): boolean {
  if (node.kind !== 'scalar' || node.value !== null || node.isBroken) return false;
  const types = typesOf(property);
  if (types.includes('object') || types.includes('null')) return false;
  const isSetButEmpty = node.isReferred && node.text === '' && node.unsetVariable === undefined;
  const takesEmptyText = types.includes('string') && (property.enum ? property.enum.includes('') : isWithinBounds(property, ''));
  return !(isSetButEmpty && takesEmptyText);
}

/** A list, or, as the Collector reads it, text with commas where a list of texts is wanted. */
function asList(schema: PropertySchema, node: Node): ListNode | undefined {
  if (node.kind === 'list') return node;
  const isTextList = schema.items !== undefined && typesOf(schema.items).includes('string') && !typesOf(schema).includes('string');
  if (!isTextList || node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const texts = node.value === '' ? [] : node.value.split(',');
  return { kind: 'list', at: node.at, items: texts.map((text) => scalarNode(text, node.at)) };
}

function emptyMap(node: Node): MapNode {
  return { kind: 'map', at: node.at, entries: new Map() };
}

function namesOf(form: PropertySchema, key: string): readonly unknown[] {
  const property = form.properties?.[key];
  return property?.enum ?? (property?.const === undefined ? [] : [property.const]);
}

function hasTypeOf(form: PropertySchema, node: Node): boolean {
  const types = typesOf(form);
  if (node.kind === 'map') return types.includes('object');
  if (node.kind === 'list') return types.includes('array');
  return types.some((type) => isOfType(node.value, type));
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

const patterns = new Map<string, RegExp>();

function isWithinBounds(schema: PropertySchema, value: unknown): boolean {
  if (typeof value === 'number') {
    const { minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity } = schema;
    return value >= minimum && value > exclusiveMinimum && value <= maximum;
  }
  if (typeof value !== 'string') return true;
  if (value.length < (schema.minLength ?? 0)) return false;
  if (schema.pattern === undefined) return true;
  const pattern = patterns.get(schema.pattern) ?? new RegExp(schema.pattern, 'u');
  patterns.set(schema.pattern, pattern);
  return pattern.test(value);
}
