import type { PropertySchema } from '#component';

const START = '<!-- options:start -->';
const END = '<!-- options:end -->';

interface Row {
  readonly option: string;
  readonly type: string;
  readonly preset: string;
  readonly meaning: string;
}

type ObjectSchema = Pick<PropertySchema, 'properties' | 'required'>;

/** The options of a component as a Markdown table, those of sections dotted. */
export function formatOptions(schema: ObjectSchema): string {
  const rows = [...rowsOf(schema, '')];
  if (rows.length === 0) return 'It has no options.';
  const table = [
    ['Option', 'Type', 'Default', 'Meaning'],
    ...rows.map(({ option, type, preset, meaning }) =>
      [`\`${option}\``, type, preset, meaning].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')),
    ),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => width(cells[column] ?? ''))));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell))).join(' | ')} |`;
  const [head = [], ...body] = table;
  return [line(head), `| ${widths.map((count) => '-'.repeat(count)).join(' | ')} |`, ...body.map(line)].join('\n');
}

/** The text with `table` between its markers; undefined when it has none. */
export function replaceOptions(text: string, table: string): string | undefined {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) return undefined;
  return `${text.slice(0, start + START.length)}\n\n${table}\n\n${text.slice(end)}`;
}

function* rowsOf({ properties = {}, required = [] }: ObjectSchema, prefix: string): Generator<Row> {
  for (const [name, property] of Object.entries(properties)) {
    const option = prefix + name;
    yield { option, type: typeOf(property), preset: presetOf(property, required.includes(name)), meaning: meaningOf(property) };
    yield* rowsOf(property, `${option}.`);
    if (property.items?.properties) yield* rowsOf(property.items, `${option}[].`);
  }
}

function typeOf(schema: PropertySchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value === '' ? '""' : String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const name = schema.expected === undefined ? undefined : /^an? (duration|size)\b/.exec(schema.expected)?.[1];
  if (name !== undefined) return name;
  const forms = schema.oneOf ?? schema.anyOf;
  if (forms && schema.type === undefined) return [...new Set(forms.map(typeOf))].join(' or ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return types
    .map((type) => WORDS[type] ?? type)
    .map((word) => (word === 'list' && schema.items ? listOf(schema.items) : word))
    .join(' or ');
}

function listOf(items: PropertySchema): string {
  const item = typeOf(items);
  return item === 'any' ? 'list' : `list of ${item}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'map',
  array: 'list',
  null: 'nothing',
};

function presetOf(schema: PropertySchema, isRequired: boolean): string {
  const preset = schema.default;
  if (preset === undefined) return isRequired ? 'required' : '';
  // The options inside have rows of their own.
  if (schema.properties && JSON.stringify(preset) === '{}') return '';
  return `\`${typeof preset === 'string' && preset !== '' ? preset : JSON.stringify(preset)}\``;
}

function meaningOf({ description = '', deprecated }: PropertySchema): string {
  return deprecated ? `Deprecated. ${description}` : description;
}

/** Columns a text takes: letters beyond the first plane, such as emoji, take two. */
function width(text: string): number {
  let columns = 0;
  for (const letter of text) columns += (letter.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return columns;
}
