import type { Found, Surroundings } from './surroundings.ts';

/** OTEL_RESOURCE_ATTRIBUTES: `key=value,key=value`, percent-encoded. Throws RangeError where it is something else. */
export function detectEnv({ env }: Surroundings): Found {
  const text = env['OTEL_RESOURCE_ATTRIBUTES']?.trim() ?? '';
  if (text === '') return {};
  return Object.fromEntries(
    text
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map(toEntry),
  );
}

function toEntry(pair: string): [string, string] {
  const at = pair.indexOf('=');
  const key = pair.slice(0, Math.max(0, at)).trim();
  if (key === '') throw new RangeError(`OTEL_RESOURCE_ATTRIBUTES: expected key=value, got "${pair}"`);
  return [decoded(key, pair), decoded(pair.slice(at + 1).trim(), pair)];
}

function decoded(text: string, pair: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(`OTEL_RESOURCE_ATTRIBUTES: "${pair}" is not percent-encoded; write a percent sign as %25`);
  }
}
