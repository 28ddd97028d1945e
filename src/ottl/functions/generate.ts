import type { FunctionDefinition } from '../call.ts';
import type { Environment } from '../environment.ts';
import { OttlProblem } from '../problem.ts';

const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  base64: 'base64',
  'base64-raw': 'base64',
  'base64-url': 'base64url',
  'base64-raw-url': 'base64url',
  'utf-8': 'utf8',
  utf8: 'utf8',
  'us-ascii': 'ascii',
  ascii: 'ascii',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'utf-16le': 'utf16le',
};
const BASE64 = ['base64', 'base64-raw', 'base64-url', 'base64-raw-url'];

/** Identifiers, and texts in other encodings. */
export const GENERATORS: Readonly<Record<string, FunctionDefinition>> = {
  UUID: {
    parameters: [],
    isVolatile: true,
    compile:
      ({ compilation: { environment } }) =>
      () =>
        uuid(randomBytes(environment), 4),
  },
  UUIDv7: {
    parameters: [],
    isVolatile: true,
    compile:
      ({ compilation: { environment } }) =>
      () => {
        const bytes = randomBytes(environment);
        bytes.writeUIntBE(environment.now(), 0, 6);
        return uuid(bytes, 7);
      },
  },
  Base64Encode: {
    parameters: ['value', 'variant?'],
    compile: (call) => {
      const text = call.text('value');
      const variant = call.constantText('variant', 'base64');
      if (!BASE64.includes(variant)) call.fail('variant', `must be one of ${BASE64.join(', ')}`);
      return (batch, row) => toBase64(text(batch, row), variant);
    },
  },
  Base64Decode: {
    parameters: ['value'],
    compile: (call) => {
      const text = call.text('value');
      return (batch, row) => decode(text(batch, row), 'base64', 'base64');
    },
  },
  Decode: {
    parameters: ['value', 'encoding'],
    compile: (call) => {
      const value = call.value('value');
      const name = call.constantText('encoding').toLowerCase();
      const encoding = ENCODINGS[name] ?? call.fail('encoding', `must be one of ${Object.keys(ENCODINGS).join(', ')}`);
      return (batch, row) => {
        const given = value(batch, row);
        if (typeof given !== 'string' && !(given instanceof Uint8Array)) throw new OttlProblem('Decode: value must be a string or bytes');
        return decode(given, name, encoding);
      };
    },
  },
};

function randomBytes(environment: Environment): Buffer {
  return Buffer.from(Array.from({ length: 16 }, () => Math.floor(environment.random() * 256)));
}

function uuid(bytes: Buffer, version: number): string {
  bytes[6] = (version << 4) | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function toBase64(text: string, variant: string): string {
  const encoded = Buffer.from(text).toString(variant.includes('url') ? 'base64url' : 'base64');
  if (variant === 'base64-raw') return encoded.replace(/=+$/, '');
  return variant === 'base64-url' ? encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=') : encoded;
}

function decode(value: string | Uint8Array, name: string, encoding: BufferEncoding): string {
  if (!BASE64.includes(name)) return Buffer.from(value).toString(encoding);
  const text = typeof value === 'string' ? value : Buffer.from(value).toString('latin1');
  const characters = name.includes('url') ? /^[A-Za-z0-9_-]*={0,2}$/ : /^[A-Za-z0-9+/]*={0,2}$/;
  if (!characters.test(text.replace(/[\r\n]/g, ''))) throw new OttlProblem(`Decode: value is not written in ${name}`);
  return Buffer.from(text, encoding).toString('utf8');
}
