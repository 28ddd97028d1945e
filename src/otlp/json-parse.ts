import { Buffer } from 'node:buffer';
import type { Json } from './json-bytes.ts';

// A number of 16 digits or more may be beyond 2^53, where JSON.parse rounds.
const LONG_NUMBER = /[:[,]\s*-?[0-9]{16}/;
const WHOLE_NUMBER = /^-?[0-9]+$/;

/** The parsed body. Whole numbers that JavaScript cannot hold come as the digits they were written in. */
export function parseJson(body: Uint8Array): Json {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  try {
    // The reviver visits every value; few senders write 64-bit numbers without quotes.
    return JSON.parse(text, LONG_NUMBER.test(text) ? keepDigits : undefined) as Json;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new RangeError(`malformed OTLP/JSON: ${problem.replaceAll(/\s+/g, ' ')}`, { cause: error });
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined || !WHOLE_NUMBER.test(source)) return value;
  return source;
}
