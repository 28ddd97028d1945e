import { createHash } from 'node:crypto';
import type { FunctionDefinition } from '../call.ts';
import { OttlProblem } from '../problem.ts';
import { isDouble, isInt, isList, isMap, numberOf, toDouble, toInt, toText, type Value } from '../value.ts';

const INT = /^[+-]?[0-9]+$/;
const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A function of one value. */
function of(name: string, convert: (value: Value) => Value): FunctionDefinition {
  return {
    parameters: [name],
    compile: (call) => {
      const value = call.value(name);
      return (batch, row) => convert(value(batch, row));
    },
  };
}

function ofText(convert: (text: string) => Value): FunctionDefinition {
  return {
    parameters: ['value'],
    compile: (call) => {
      const text = call.text('value');
      return (batch, row) => convert(text(batch, row));
    },
  };
}

const hash = (algorithm: string): FunctionDefinition => ofText((text) => createHash(algorithm).update(text).digest('hex'));

export const CONVERSIONS: Readonly<Record<string, FunctionDefinition>> = {
  IsString: of('value', (value) => typeof value === 'string'),
  IsInt: of('value', isInt),
  IsDouble: of('value', isDouble),
  IsBool: of('value', (value) => typeof value === 'boolean'),
  IsMap: of('value', isMap),
  IsList: of('value', isList),
  IsEmpty: of('value', isEmpty),
  Int: of('value', toIntValue),
  Double: of('value', toDoubleValue),
  Bool: of('value', toBool),
  String: of('value', (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : toText(value))),
  Log: of('value', naturalLogarithm),
  Hex: of('value', toHex),
  MD5: hash('md5'),
  SHA1: hash('sha1'),
  SHA256: hash('sha256'),
  SHA512: hash('sha512'),
  FNV: ofText(fnv),
  ParseInt: {
    parameters: ['target', 'base'],
    compile: (call) => {
      const text = call.text('target');
      const base = call.int('base');
      return (batch, row) => parseInteger(text(batch, row), Number(base(batch, row)));
    },
  },
  IsValidLuhn: of('value', isLuhn),
  TraceID: of('bytes', (value) => idOf(value, 16, 'TraceID')),
  SpanID: of('bytes', (value) => idOf(value, 8, 'SpanID')),
};

function isEmpty(value: Value): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  if (isDouble(value)) return numberOf(value) === 0;
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  if (isList(value)) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}

function toIntValue(value: Value): Value {
  if (isInt(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isDouble(value)) return Number.isFinite(numberOf(value)) ? toInt(BigInt(Math.trunc(numberOf(value)))) : null;
  if (typeof value !== 'string' || !INT.test(value)) return null;
  const whole = BigInt(value.startsWith('+') ? value.slice(1) : value);
  return BigInt.asIntN(64, whole) === whole ? toInt(whole) : null;
}

function toDoubleValue(value: Value): Value {
  if (isDouble(value)) return value;
  if (isInt(value) || typeof value === 'boolean') return toDouble(Number(value));
  return typeof value === 'string' && FLOAT.test(value) ? toDouble(Number(value)) : null;
}

function toBool(value: Value): Value {
  if (typeof value === 'boolean') return value;
  if (isInt(value) || isDouble(value)) return Number(isDouble(value) ? numberOf(value) : value) !== 0;
  if (typeof value !== 'string') return null;
  return TRUE.has(value) ? true : FALSE.has(value) ? false : null;
}

function naturalLogarithm(value: Value): Value {
  const double = toDoubleValue(value);
  const number = isDouble(double) ? numberOf(double) : Number.NaN;
  if (!(number > 0)) throw new OttlProblem('Log: value must be a number greater than 0');
  return toDouble(Math.log(number));
}

function toHex(value: Value): Value {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'boolean') return value ? '01' : '00';
  const bytes = Buffer.alloc(8);
  if (isInt(value)) bytes.writeBigInt64BE(BigInt(value));
  else if (isDouble(value)) bytes.writeDoubleBE(numberOf(value));
  else return null;
  return bytes.toString('hex');
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

function fnv(text: string): Value {
  let hashed = FNV_OFFSET;
  for (const byte of Buffer.from(text)) hashed = BigInt.asUintN(64, (hashed ^ BigInt(byte)) * FNV_PRIME);
  return toInt(hashed);
}

const PREFIXES: Readonly<Record<string, number>> = { '0b': 2, '0o': 8, '0x': 16 };

/** As Go's strconv.ParseInt. */
function parseInteger(text: string, base: number): Value {
  if (!(base === 0 || (base >= 2 && base <= 36))) throw new OttlProblem(`ParseInt: base must be 0 or from 2 to 36, got ${base}`);
  const isNegative = text.startsWith('-');
  let digits = text.replace(/^[+-]/, '').toLowerCase();
  let radix = base;
  if (base === 0) {
    radix = PREFIXES[digits.slice(0, 2)] ?? (/^0[0-9_]/.test(digits) ? 8 : 10);
    digits = digits.replace(/^0[box]/, '').replaceAll('_', '');
  }
  let value = 0n;
  for (const digit of digits) {
    const number = Number.parseInt(digit, 36);
    if (!(number < radix)) throw new OttlProblem(`ParseInt: target must be an int of base ${base}, got "${text.slice(0, 40)}"`);
    value = value * BigInt(radix) + BigInt(number);
    if (value > 2n ** 63n) break;
  }
  const signed = isNegative ? -value : value;
  if (digits === '' || BigInt.asIntN(64, signed) !== signed) throw new OttlProblem(`ParseInt: "${text.slice(0, 40)}" is no int of 64 bits`);
  return toInt(signed);
}

function isLuhn(value: Value): boolean {
  const digits = isInt(value) ? String(value) : value;
  if (typeof digits !== 'string' || !/^[0-9]+$/.test(digits))
    throw new OttlProblem('IsValidLuhn: value must be an int or a text of digits');
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function idOf(value: Value, size: number, name: string): Value {
  const bytes = typeof value === 'string' && /^[0-9a-fA-F]*$/.test(value) ? Buffer.from(value, 'hex') : value;
  if (bytes instanceof Uint8Array && bytes.length === size) return bytes;
  throw new OttlProblem(`${name} takes ${size} bytes, or ${size * 2} hexadecimal digits in quotes`);
}
