import { Buffer } from 'node:buffer';
import { EMPTY_ORIGIN, type Origin } from '#model';
import { checkKeyValue } from './reader-values.ts';
import type { Wire } from './reader-wire.ts';

/**
 * Finds the Resource or Scope that some records belong to, as an object of its own: the bytes are copied, since an
 * Origin may outlive the request, and equal ones are the same object, since that is how batches compare them.
 */

// A gateway hears from many hosts, each with one resource and a few scopes. Past the bound the oldest is
// forgotten; it is made anew when it comes again.
const ORIGINS_MAX = 1024;
const ORIGIN_BYTES_KEPT_MAX = 4 * 1024;

const known = new Map<string, Origin>();

export const RESOURCE_ATTRIBUTES = 0x0a;
export const SCOPE_ATTRIBUTES = 0x1a;

/** Checks the Resource or Scope from here to `end`, whose attributes have the tag `attributes`. */
export function checkOrigin(wire: Wire, end: number, attributes: number): void {
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === attributes) checkKeyValue(wire, wire.span(end), 0);
    else wire.skip(tag, end);
  }
}

export function originOf(encoded: Buffer, schemaUrl: string): Origin {
  if (encoded.length === 0 && schemaUrl === '') return EMPTY_ORIGIN;
  const id = `${schemaUrl}\0${encoded.toString('latin1')}`;
  const own = known.get(id);
  if (own) return own;
  const origin: Origin = { encoded: Uint8Array.from(encoded), schemaUrl };
  if (id.length > ORIGIN_BYTES_KEPT_MAX) return origin;
  if (known.size === ORIGINS_MAX) known.delete(known.keys().next().value ?? '');
  known.set(id, origin);
  return origin;
}
