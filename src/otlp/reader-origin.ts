import type { Buffer } from 'node:buffer';
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

interface Known {
  readonly origin: Origin;
  /** What came behind it the last time: senders name their resources and scopes in the same order again and again. */
  follower: Known | undefined;
  isForgotten: boolean;
}

const known = new Map<string, Known>();
let last: Known = { origin: EMPTY_ORIGIN, follower: undefined, isForgotten: false };

/** Which fields of a Resource or Scope are messages themselves. */
export interface OriginFields {
  readonly attributes: number;
  readonly entities: number;
}

export const RESOURCE_FIELDS: OriginFields = { attributes: 0x0a, entities: 0x1a };
export const SCOPE_FIELDS: OriginFields = { attributes: 0x1a, entities: 0 };

/** Checks the Resource or Scope from here to `end` down to its leaves. */
export function checkOrigin(wire: Wire, end: number, { attributes, entities }: OriginFields): void {
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === attributes) checkKeyValue(wire, wire.span(end), 0);
    else if (tag === entities) checkFields(wire, wire.span(end));
    else wire.skip(tag, end);
  }
}

function checkFields(wire: Wire, end: number): void {
  while (wire.at < end) wire.skip(wire.tag(end), end);
}

/** True when this is the Resource or Scope that is expected next, which has been checked when it came first. */
export function isExpected(encoded: Buffer): boolean {
  const { follower } = last;
  return follower !== undefined && !follower.isForgotten && encoded.equals(follower.origin.encoded);
}

export function originOf(encoded: Buffer, schemaUrl: string): Origin {
  if (encoded.length === 0 && schemaUrl === '') return EMPTY_ORIGIN;
  const { follower } = last;
  if (follower?.origin.schemaUrl === schemaUrl && isExpected(encoded)) {
    last = follower;
    return follower.origin;
  }
  const id = `${schemaUrl}\0${encoded.toString('latin1')}`;
  const own = known.get(id) ?? { origin: { encoded: Uint8Array.from(encoded), schemaUrl }, follower: undefined, isForgotten: false };
  if (id.length <= ORIGIN_BYTES_KEPT_MAX) keep(id, own);
  return own.origin;
}

function keep(id: string, own: Known): void {
  if (known.size === ORIGINS_MAX && !known.has(id)) {
    const [[oldestId, oldest] = []] = known;
    known.delete(oldestId ?? '');
    // Others may still point to it. It must not hold a chain of what was forgotten before.
    if (oldest) {
      oldest.isForgotten = true;
      oldest.follower = undefined;
    }
  }
  known.set(id, own);
  last.follower = own;
  last = own;
}
