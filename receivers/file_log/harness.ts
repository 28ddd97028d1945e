import type { Consumer, PropertySchema, Receiver } from '#component';
import type { FileLogConfig } from './config.ts';
import { factory } from './index.ts';

/** A configuration with the schema's defaults, for tests and benchmarks. */
export function configOf(written: Partial<FileLogConfig> & { include: string[] }): FileLogConfig {
  return filled({ type: 'object', properties: factory.schema.properties }, written) as FileLogConfig;
}

export function createReceiver(written: Partial<FileLogConfig> & { include: string[] }, next: Consumer, id = 'file_log'): Receiver {
  return factory.create(configOf(written), { id }, next);
}

function filled(schema: PropertySchema, value: unknown): unknown {
  if (Array.isArray(value)) return schema.items ? value.map((item) => filled(schema.items as PropertySchema, item)) : value;
  if (typeof value !== 'object' || value === null || !schema.properties) return value;
  const whole: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(schema.properties)) {
    const own = whole[name] ?? structuredClone(property.default);
    if (own !== undefined) whole[name] = filled(property, own);
  }
  return whole;
}
