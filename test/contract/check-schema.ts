import { Ajv } from 'ajv';
import type { PropertySchema } from '#component';
import { validate, type Subject } from './subject.ts';

/** What the registry says without loading a component is what the component says. */
export function checkFacts({ entry, factory }: Subject): string[] {
  const problems: string[] = [];
  if (factory.kind !== entry.kind) problems.push(`the registry says ${entry.kind}, the factory ${factory.kind}`);
  if (factory.type !== entry.type) problems.push(`the registry says ${entry.type}, the factory ${factory.type}`);
  const aliases = factory.aliases ?? [];
  if (aliases.join() !== entry.aliases.join())
    problems.push(`the registry says aliases [${entry.aliases.join()}], the factory [${aliases.join()}]`);
  const signals = [entry.signals ?? ['logs'], factory.signals ?? ['logs']].map((list) => list.join());
  if (signals[0] !== signals[1]) problems.push(`the registry says signals [${signals[0]}], the factory [${signals[1]}]`);
  if (!/^[A-Z].*\.$/.test(factory.summary)) problems.push('the summary is a sentence with capital and full stop');
  return problems;
}

/** Every option is described, its default is valid, and what is required has none. */
export function checkSchema({ factory }: Subject): string[] {
  const { schema } = factory;
  const problems = [...checkObject(schema, '')];
  try {
    // Strict: a keyword nobody knows is a typing error. Ours are declared.
    new Ajv({
      strict: true,
      strictRequired: false,
      strictTypes: false,
      allowUnionTypes: true,
      keywords: ['expected', 'secret', 'discriminator'],
    }).compile(schema);
  } catch (error) {
    problems.push(`not a JSON Schema: ${String(error)}`);
  }
  const unknown = validate(factory, { no_such_option: 1 }).problems;
  if (!unknown.some((problem) => problem.includes('"no_such_option" is not an option'))) problems.push('an unknown option is not refused');
  return problems;
}

// Where options stand in the forms of oneOf, what all forms require stands outside of them.
const NONE: NonNullable<PropertySchema['properties']> = {};

function* checkObject(
  { properties = NONE, required = [] }: Pick<PropertySchema, 'properties' | 'required'>,
  path: string,
): Generator<string> {
  for (const name of properties === NONE ? [] : required) {
    if (!Object.hasOwn(properties, name)) yield `${path}${name} is required and does not exist`;
    else if (properties[name]?.default !== undefined) yield `${path}${name} is required and has a default`;
  }
  for (const [name, property] of Object.entries(properties)) yield* checkProperty(property, `${path}${name}`);
}

function* checkProperty(property: PropertySchema, path: string): Generator<string> {
  // What tells forms apart needs no explanation.
  const isName = property.const !== undefined || (property.enum !== undefined && /(^|[.\]])type$/.test(path));
  if (!isName && !/.\.$/.test(property.description ?? '')) yield `${path} has no description that is a sentence`;
  if (property.default !== undefined) yield* checkDefault(property, path);
  yield* checkObject(property, `${path}.`);
  for (const form of [property, property.items, ...(property.oneOf ?? []), ...(property.anyOf ?? [])]) {
    if (form !== property && form) yield* checkObject(form, `${path}.`);
    for (const inner of [...(form?.items?.oneOf ?? []), ...(form?.items?.anyOf ?? [])]) yield* checkObject(inner, `${path}[].`);
  }
}

function* checkDefault(property: PropertySchema, path: string): Generator<string> {
  const holder = { schema: { type: 'object', additionalProperties: false, properties: { value: property } } } as const;
  const { config, problems } = validate({ ...holder, kind: 'extension' } as never, {});
  for (const problem of problems) yield `the default of ${path} is not valid: ${problem}`;
  const isGiven = typeof config === 'object' && config !== null && 'value' in config;
  if (!isGiven && problems.length === 0) yield `the default of ${path} is not filled in`;
}
