import { Ajv } from 'ajv';
import type { PropertySchema } from '#component';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dedupe, send, tail } from '../../test/helpers/example-components.ts';
import { nodeOf } from './node.ts';
import { createFixedSource } from './place.ts';
import { Report } from './report.ts';
import { Validator } from './validate.ts';

const at = { source: createFixedSource('here', 0), offset: 0 };

function validate(schema: PropertySchema, plain: unknown): { value: unknown; problems: string[] } {
  const report = new Report();
  const value = new Validator(report).check(schema, nodeOf(plain, at), 'x');
  return { value, problems: report.problems.map(({ path, message }) => `${path}: ${message}`) };
}

describe('values the Collector would take', () => {
  test('text with commas is a list of texts', () => {
    const list = { type: 'array', items: { type: 'string' } };
    expect(validate(list, 'a,b').value).toEqual(['a', 'b']);
    expect(validate(list, '').value).toEqual([]);
    expect(validate({ type: 'array', items: { type: 'integer' } }, '1,2').problems).toEqual([
      'x: expected a list of whole numbers, got "1,2"',
    ]);
  });

  test('a bare number is text where the pattern of the option fits it', () => {
    expect(validate({ type: 'string', pattern: '^[0-7]{3}$' }, 640).value).toBe('640');
    expect(validate({ type: 'string', pattern: '^[0-7]{3}$' }, 999).problems).toHaveLength(1);
  });

  test('a number may have its digits in groups', () => {
    expect(validate({ type: 'integer' }, '65_536').value).toBe(65_536);
    expect(validate({ type: 'string' }, '65_536').value).toBe('65_536');
    expect(validate({ type: 'integer', maximum: 9 }, '65_536').problems).toHaveLength(1);
  });

  test('an empty section asks for its defaults, an absent one does not', () => {
    const schema = dedupe.schema;
    expect(validate(schema, { rotation: null }).value).toMatchObject({ rotation: { max_megabytes: 100, localtime: false } });
    expect(validate(schema, {}).value).not.toHaveProperty('rotation');
    expect(validate(schema, null).value).toEqual({ interval: '10s', max_keys: 10_000 });
    expect(validate(schema, { interval: null }).value).toMatchObject({ interval: '10s' });
  });
});

describe('lists', () => {
  test('have at most so many items, each once where the schema says so', () => {
    const list: PropertySchema = { type: 'array', items: { type: 'string' }, maxItems: 3, uniqueItems: true };

    expect(validate(list, ['a', 'b', 'c']).problems).toEqual([]);
    expect(validate(list, ['a', 'b', 'a', 'c']).problems).toEqual([
      'x: expected at most 3 items, got 4',
      'x[2]: "a" is listed twice; remove one of them',
    ]);
  });

  test('items that are both wrong are not taken for the same', () => {
    const list: PropertySchema = { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, uniqueItems: true };

    expect(validate(list, ['gcp', 'ec2']).problems).toEqual([
      'x[0]: expected one of "a", "b", got "gcp"',
      'x[1]: expected one of "a", "b", got "ec2"',
    ]);
  });
});

describe('what was expected is said in words', () => {
  test.each<[PropertySchema, string]>([
    [{ type: 'integer', minimum: 1, maximum: 9 }, 'a whole number from 1 to 9'],
    [{ type: 'number', exclusiveMinimum: 0 }, 'a number above 0'],
    [{ type: 'number', maximum: 1 }, 'a number of at most 1'],
    [{ type: 'array', items: { type: 'integer' } }, 'a list of whole numbers'],
    [{ type: 'array' }, 'a list'],
    [{ type: ['integer', 'boolean'] }, 'a whole number or true or false'],
    [{ const: 'one' }, '"one"'],
    [{ enum: ['one'] }, '"one"'],
    [{ type: 'integer', pattern: 'x' }, 'a whole number'],
  ])('%j', (schema, words) => {
    expect(validate(schema, 'other').problems).toEqual([`x: expected ${words}, got "other"`]);
  });

  test('long text is cut', () => {
    expect(validate({ type: 'integer' }, 'y'.repeat(100)).problems).toEqual([`x: expected a whole number, got "${'y'.repeat(60)}…"`]);
  });
});

describe('forms', () => {
  const either: PropertySchema = {
    anyOf: [
      { type: 'string', enum: ['all'] },
      {
        type: 'object',
        additionalProperties: false,
        required: ['a'],
        properties: { a: { type: 'integer' }, b: { type: 'integer', default: 2 } },
      },
    ],
  };

  test('the one that fits gives the value, with its defaults', () => {
    expect(validate(either, 'all').value).toBe('all');
    expect(validate(either, { a: 1 }).value).toEqual({ a: 1, b: 2 });
  });

  test('a map is explained by the form for maps, a scalar by all of them', () => {
    expect(validate(either, { a: 'x' }).problems).toEqual(['x.a: expected a whole number, got "x"']);
    expect(validate(either, 7).problems).toEqual(['x: expected "all" or a map of options, got 7']);
  });

  test('told apart by a name may have their type outside; the named one gives the defaults and explains', () => {
    const inner = { b: { type: 'integer', default: 2 } };
    const forms: PropertySchema = {
      type: 'object',
      required: ['type'],
      discriminator: { propertyName: 'type' },
      oneOf: [
        { type: 'object', additionalProperties: false, required: ['type'], properties: { type: { const: 'one' }, ...inner } },
        { type: 'object', additionalProperties: false, required: ['type'], properties: { type: { enum: ['two', 'three'] } } },
      ],
    };

    expect(validate(forms, { type: 'one' }).value).toEqual({ type: 'one', b: 2 });
    expect(validate(forms, { type: 'three', b: 1 }).problems).toEqual(['x: "b" is not an option; options: type']);
    expect(validate(forms, { type: 'tow' }).problems).toEqual(['x.type: expected a known type, got "tow"; did you mean "two"?']);
    expect(validate(forms, 'one').problems).toEqual(['x: expected a map of options, got "one"']);
  });

  test('of oneOf exactly one must fit', () => {
    const schema: PropertySchema = { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }], expected: 'either a or b' };
    expect(validate(schema, { a: 1 }).problems).toEqual([]);
    expect(validate(schema, { a: 1, b: 1 }).problems).toEqual(['x: expected either a or b, got a map']);
    expect(validate(schema, {}).problems).toEqual(['x: expected either a or b, got an empty map']);
  });

  test('not refuses what fits', () => {
    const schema: PropertySchema = { type: 'string', not: { type: 'string', const: 'a' }, expected: 'anything but a' };
    expect(validate(schema, 'b').problems).toEqual([]);
    expect(validate(schema, 'a').problems).toEqual(['x: expected anything but a, got "a"']);
  });
});

describe('keys that every object has', () => {
  test('are unknown options like others', () => {
    expect(validate(dedupe.schema, { constructor: 1 }).problems[0]).toContain('"constructor" is not an option');
    expect(validate(dedupe.schema, { toString: 1 }).problems[0]).toContain('"toString" is not an option');
  });

  test('are plain keys where any key may stand', () => {
    const { value } = validate({ type: 'object', additionalProperties: { type: 'string' } }, { constructor: 'a' });
    expect(value).toEqual({ constructor: 'a' });
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

/** What is taken here for the Collector's sake and a plain JSON Schema validator does not know. */
function usesLeniency(schema: PropertySchema, value: unknown): boolean {
  if (value === null) return true;
  const items = schema.items;
  if (schema.type === 'array' && typeof value === 'string' && items?.type === 'string') return true;
  if (schema.type === 'string' && schema.pattern !== undefined && typeof value === 'number') return true;
  if (Array.isArray(value)) return items !== undefined && value.some((item) => usesLeniency(items, item));
  if (typeof value !== 'object') return false;
  const forms = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  return Object.entries(value).some(([key, inner]) =>
    forms.some(({ properties, additionalProperties }) => {
      const property = Object.hasOwn(properties ?? {}, key) ? properties?.[key] : undefined;
      const other = typeof additionalProperties === 'object' ? additionalProperties : undefined;
      return usesLeniency(property ?? other ?? {}, inner);
    }),
  );
}

/**
 * Goal: our interpreter means by a schema what JSON Schema means by it. Method: an independent validator is the oracle.
 * Arbitrary values that look like configurations (right keys, often right values) must be taken by both or refused by
 * both, and with equal defaults. Values that only the Collector's leniency takes are left out.
 */
describe('a compiling validator says the same', () => {
  const keys = [
    'include',
    'start_at',
    'operators',
    'type',
    'regex',
    'max_log_size',
    'interval',
    'max_keys',
    'rotation',
    'endpoint',
    'headers',
    'tls',
    'insecure',
  ];
  const scalar = fc.oneof(
    fc.constantFrom('json_parser', 'regex_parser', 'end', 'gzip', '10s', '1h30m', '16MiB', 'x', '', 0, 1, -1, 5, 1.5, true, false, null),
    fc.integer(),
    fc.string(),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('map')),
    map: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5 }),
  }));

  test.each([tail, dedupe, send])('for the schema of $type', ({ schema }) => {
    const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: false });
    const compiled = ajv.compile(schema);
    let taken = 0;

    const check = (plain: unknown): void => {
      fc.pre(!usesLeniency(schema, plain));
      const { value: own, problems } = validate(schema, plain);
      const theirs: unknown = structuredClone(plain);
      expect(problems.length === 0, `${JSON.stringify(plain)} ${problems.join('; ')}`).toBe(compiled(theirs));
      if (problems.length > 0) return;
      taken++;
      expect(compiled(structuredClone(own))).toBe(true);
      // It does not fill in defaults inside of oneOf, so the operators are compared without theirs.
      expect(withoutOperators(own)).toEqual(withoutOperators(theirs));
    };

    const mostlyRight = fc.record(
      Object.fromEntries(
        Object.entries(schema.properties).map(([key, property]) => [
          key,
          fc.oneof({ weight: 5, arbitrary: fitting(property) }, { weight: 1, arbitrary: value }),
        ]),
      ),
      { requiredKeys: [...(schema.required ?? [])] as never[] },
    );
    fc.assert(fc.property(fc.oneof(value, mostlyRight), check), { numRuns: 400 });
    expect(taken, 'too few valid configurations to mean anything').toBeGreaterThan(20);
  });
});

function withoutOperators(value: unknown): unknown {
  return { ...(value as Record<string, unknown>), operators: undefined };
}

function fitting(schema: PropertySchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.oneOf) return fc.oneof(...schema.oneOf.map(fitting));
  switch (schema.type) {
    case 'object': {
      const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, property]) => [key, fitting(property)]));
      return fc.record(properties, { requiredKeys: [...(schema.required ?? [])] });
    }
    case 'array':
      return fc.array(fitting(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -100, max: 100_000 });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return schema.pattern === undefined ? fc.string({ minLength: 1 }) : fc.constantFrom('10s', '200ms', '1h');
    default:
      return fc.constantFrom(1, '16MiB');
  }
}
