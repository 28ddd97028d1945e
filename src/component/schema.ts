/**
 * JSON Schema (draft-07) as components write it. The compiler checks that every option of the Config interface has an
 * entry and no entry is without an option; the contract tests check defaults and types.
 */
export interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: PropertySchema;
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly additionalProperties?: boolean | PropertySchema;
  readonly required?: readonly string[];
  readonly oneOf?: readonly PropertySchema[];
  readonly anyOf?: readonly PropertySchema[];
  readonly not?: PropertySchema;
  readonly discriminator?: { readonly propertyName: string };
  readonly deprecated?: boolean;
  /** What an error says was expected, e.g. `a duration such as "10s"`. */
  readonly expected?: string;
  /** True when the value must not be printed: passwords, tokens. */
  readonly secret?: boolean;
}

export interface ConfigSchema<Config> {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly required?: readonly (keyof Config & string)[];
  readonly properties: { readonly [Key in keyof Config & string]-?: PropertySchema };
}

const DURATION = /^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/;
const SIZE = /^([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?$/i;

/** Go's duration syntax, as in the Collector: `200ms`, `1h30m`, `0s`. */
export const duration = {
  type: 'string',
  pattern: '^(0|([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$',
  expected: 'a duration such as "10s"',
} as const;

/** Bytes as a number, or with a unit: `16MiB`, `64KB`, `1gib`. */
export const size = {
  type: ['integer', 'string'],
  pattern: '^[0-9]+(\\.[0-9]+)?\\s*([kKmMgGtT]?)(i?)[bB]?$',
  minimum: 0,
  expected: 'a size such as 1048576, "16MiB" or "64KB"',
} as const;

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

/** Milliseconds of a duration that has passed the schema. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (!DURATION.test(text)) throw new RangeError(`expected ${duration.expected}, got "${text}"`);
  let ms = 0;
  for (const [, amount, , unit] of text.matchAll(/([0-9]+(\.[0-9]+)?)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  return ms;
}

/** Bytes of a size that has passed the schema. `K` and `Ki` are 1024 as in the Collector's file_log; `KB` is 1000. */
export function parseSize(value: number | string): number {
  if (typeof value === 'number') return value;
  const match = SIZE.exec(value);
  if (!match) throw new RangeError(`expected ${size.expected}, got "${value}"`);
  const [, amount = '', unit = '', binary = ''] = match;
  const isDecimal = binary === '' && /b$/i.test(value) && unit !== '';
  const exponent = unit === '' ? 0 : 'kmgt'.indexOf(unit.toLowerCase()) + 1;
  return Math.floor(Number(amount) * (isDecimal ? 1000 : 1024) ** exponent);
}
