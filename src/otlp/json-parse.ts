import { Buffer } from 'node:buffer';
import { messageOf } from '#component';
import type { Json } from './json-bytes.ts';

// A quote that a colon follows ends a name, never a text, so this finds members only. With 16 digits or an exponent a
// number may be beyond 2^53, where JSON.parse rounds.
const LONG_INTEGER = /(int_?[vV]alue|[uU]nix_?[nN]ano)"\s*:\s*(-?(?:[0-9]{16}|[0-9.]+[eE])[0-9.eE+-]*)/g;

export function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}

/** Puts integers that JavaScript may not be able to hold in quotes, as they should have come. */
export function quoteLongIntegers(text: string): string {
  return text.replaceAll(LONG_INTEGER, '$1":"$2"');
}

export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const problem = messageOf(error);
    throw new RangeError(`malformed OTLP/JSON: ${problem.replaceAll(/\s+/g, ' ')}`, { cause: error });
  }
}
