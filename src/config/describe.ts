import type { PropertySchema } from '#component';
import type { Node } from './node.ts';

const SHOWN_LENGTH_MAX = 60;

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map of options',
  array: 'a list',
  null: 'nothing',
};

/** What an option takes, in the words of its schema where it has some. */
export function describeExpected(schema: PropertySchema): string {
  if (schema.expected !== undefined) return schema.expected;
  if (schema.const !== undefined) return quote(schema.const);
  if (schema.enum) return schema.enum.length === 1 ? quote(schema.enum[0]) : `one of ${schema.enum.map(quote).join(', ')}`;
  const forms = schema.oneOf ?? schema.anyOf;
  if (forms && schema.type === undefined) return [...new Set(forms.map(describeExpected))].join(' or ');
  return typesOf(schema)
    .map((type) => describeType(type, schema))
    .join(' or ');
}

function describeType(type: string, schema: PropertySchema): string {
  const words = TYPE_WORDS[type] ?? type;
  if (type === 'array') return schema.items && schema.items.type !== undefined ? `a list of ${plural(schema.items)}` : words;
  if (type === 'string') return schema.pattern === undefined ? words : `text that matches ${schema.pattern}`;
  if (type !== 'integer' && type !== 'number') return words;
  const { minimum, exclusiveMinimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${words} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${words} of at least ${minimum}`;
  if (exclusiveMinimum !== undefined) return `${words} above ${exclusiveMinimum}`;
  return maximum === undefined ? words : `${words} of at most ${maximum}`;
}

function plural(items: PropertySchema): string {
  const words: Readonly<Record<string, string>> = { string: 'texts', object: 'maps', integer: 'whole numbers', number: 'numbers' };
  return words[String(items.type)] ?? 'values';
}

/** What came instead, short enough for one line. A number that should have been text is shown as written. */
export function describeGot(node: Node, isSecret: boolean): string {
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list';
  if (node.kind === 'map') return node.entries.size === 0 ? 'an empty map' : 'a map';
  if (node.value === null) return 'nothing';
  if (isSecret) return 'a value that is not shown here, because it is secret';
  return typeof node.value === 'string' ? quote(node.value) : node.text;
}

export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}

export function typesOf(schema: PropertySchema): readonly string[] {
  if (schema.type === undefined) return [];
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}
