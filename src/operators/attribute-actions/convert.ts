import { Double, toJson, type AttributeValue } from '#model';

/** A value whose type is known: a double is a `Double` even when it is whole, so that a number is an integer. */
export type TypedValue = AttributeValue | Double;

/** SHA-256 in lower-case hex of the value's bytes as the Collector takes them; empty for lists, maps and bytes. */
export function hashOf(value: TypedValue): string {
  const bytes = bytesOf(value);
  return bytes ? process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest('hex') : '';
}

function bytesOf(value: TypedValue): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (!isNumeric(value)) return undefined;
  const bytes = Buffer.alloc(8);
  if (typeof value === 'bigint') bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  else if (typeof value === 'number' && Number.isSafeInteger(value)) bytes.writeBigInt64LE(BigInt(value));
  else bytes.writeDoubleLE(typeof value === 'number' ? value : value.value);
  return bytes;
}

export type ConvertedType = 'int' | 'double' | 'string';

/** The value in another type, or undefined when it has no meaning there. */
export function convert(value: TypedValue, type: ConvertedType): TypedValue | undefined {
  if (type === 'string') return asText(value);
  return type === 'int' ? toInt(value) : toDouble(value);
}

/** Any value as text, as the Collector prints it. */
export function asText(value: TypedValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (value instanceof Double) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'object' ? toJson(value) : String(value);
}

function toInt(value: TypedValue): TypedValue | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' || value instanceof Double) {
    const number = Math.trunc(typeof value === 'number' ? value : value.value);
    return Number.isFinite(number) ? toSafe(BigInt(number)) : undefined;
  }
  if (typeof value !== 'string' || !/^[+-]?\d{1,19}$/.test(value)) return undefined;
  const integer = BigInt(value.replace('+', ''));
  return BigInt.asIntN(64, integer) === integer ? toSafe(integer) : undefined;
}

function toDouble(value: TypedValue): TypedValue | undefined {
  if (value instanceof Double) return value;
  if (typeof value === 'boolean') return new Double(value ? 1 : 0);
  if (typeof value === 'number' || typeof value === 'bigint') return new Double(Number(value));
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return undefined;
  return new Double(Number(value));
}

function toSafe(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

function isNumeric(value: TypedValue): value is number | bigint | Double {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double;
}
