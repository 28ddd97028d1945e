import type { ConfigSchema, Factory, PropertySchema } from '#component';
import { SECTIONS, type Section } from './components.ts';
import type { Registry } from './registry-entry.ts';
import { serviceSchema } from './service-schema.ts';

export type JsonSchema = { [key: string]: unknown };

const REFERENCE = { $ref: '#/definitions/reference' };
const ENTRY_NAME = '(/[^\\s/]\\S*)?$';

const SECTION_TEXTS: Readonly<Record<Section, string>> = {
  receivers: 'Where records come from, by id ("type" or "type/name").',
  processors: 'What is done to records on their way, by id.',
  exporters: 'Where records go, by id.',
  connectors: 'What joins pipelines, by id: an exporter of one, a receiver of another.',
  extensions: 'What else runs beside the pipelines, by id.',
};

/** The JSON Schema (draft-07) of a whole configuration file, for editors. Loads every component. */
export async function createJsonSchema(registry: Registry): Promise<JsonSchema> {
  const definitions: JsonSchema = {
    reference: { type: 'string', pattern: '\\$\\{[^}]*\\}', description: 'A reference such as ${env:NAME:-default} or ${file:path}.' },
  };
  const properties: JsonSchema = {};
  for (const [section, kind] of Object.entries(SECTIONS)) {
    const patternProperties: JsonSchema = {};
    for (const entry of registry.filter((candidate) => candidate.kind === kind)) {
      const { type, aliases } = entry;
      const factory: Factory = await entry.load();
      const name = `${kind}.${type}`;
      definitions[name] = publishComponent(factory);
      for (const written of [type, ...aliases]) patternProperties[`^${written}${ENTRY_NAME}`] = { $ref: `#/definitions/${name}` };
    }
    properties[section] = {
      description: SECTION_TEXTS[section as Section],
      type: ['object', 'null'],
      patternProperties,
      additionalProperties: false,
    };
  }
  properties['service'] = { ...publish(serviceSchema), description: 'Which components run, and how they are connected.' };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Winnow configuration',
    type: 'object',
    additionalProperties: false,
    required: ['service'],
    properties,
    definitions,
  };
}

function publishComponent({ schema, summary }: Factory): JsonSchema {
  const { type, additionalProperties, required, properties }: ConfigSchema<never> = schema;
  return { ...publish({ type, additionalProperties, ...(required && { required }), properties }), description: summary };
}

/**
 * The schema as an editor should see it: a value may also be a reference, a section may be empty, and what has a default
 * need not be there. Our own keywords are left out.
 */
function publish(schema: PropertySchema): JsonSchema {
  const {
    expected: _expected,
    secret: _secret,
    discriminator: _discriminator,
    required,
    items,
    properties,
    additionalProperties,
    oneOf,
    anyOf,
    not,
    ...plain
  } = schema;
  const { description, default: preset, deprecated, ...rest } = plain;
  const form: JsonSchema = { ...rest };
  const needed = required?.filter((key) => properties?.[key]?.default === undefined) ?? [];
  if (needed.length > 0) form['required'] = needed;
  if (items) form['items'] = publish(items);
  if (properties) form['properties'] = mapValues(properties, publish);
  if (additionalProperties !== undefined)
    form['additionalProperties'] = typeof additionalProperties === 'boolean' ? additionalProperties : publish(additionalProperties);
  // Two forms that both take a reference would make oneOf ambiguous.
  if (oneOf) form['anyOf'] = oneOf.map(publish);
  if (anyOf) form['anyOf'] = anyOf.map(publish);
  if (not) form['not'] = publish(not);
  if (schema.type === 'object') form['type'] = ['object', 'null'];

  const published: JsonSchema = acceptsReference(schema) ? { anyOf: [form, REFERENCE] } : form;
  if (description !== undefined) published['description'] = description;
  if (preset !== undefined) published['default'] = preset;
  if (deprecated !== undefined) published['deprecated'] = deprecated;
  return published;
}

/** False for maps, where it would cost the editor its completion, and for text, which may be a reference anyway. */
function acceptsReference({ type, enum: options, const: only, pattern, format, oneOf, anyOf }: PropertySchema): boolean {
  if (type === 'object' || (type === undefined && (oneOf !== undefined || anyOf !== undefined))) return false;
  const isFreeText = type === 'string' && options === undefined && only === undefined && pattern === undefined && format === undefined;
  return !isFreeText;
}

function mapValues(map: Readonly<Record<string, PropertySchema>>, change: (schema: PropertySchema) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
