import { decodeKeyValueList, encodeKeyValue, field, fields, type AttributeValue } from './any-value.ts';

/**
 * The Resource or InstrumentationScope of some rows, kept as the encoded message it came in, so that what we do not
 * know passes through. Equal ones should be the same object: batches compare them by identity.
 */
export interface Origin {
  /** Fields of opentelemetry.proto.resource.v1.Resource or common.v1.InstrumentationScope. */
  readonly encoded: Uint8Array;
  readonly schemaUrl: string;
}

const RESOURCE_ATTRIBUTE = 0x0a;
const SCOPE_NAME = 0x0a;
const SCOPE_VERSION = 0x12;

export const EMPTY_ORIGIN: Origin = { encoded: new Uint8Array(0), schemaUrl: '' };

export type Attributes = Readonly<Record<string, AttributeValue>>;

export function createResource(attributes: Attributes, schemaUrl: string = ''): Origin {
  const encoded = Buffer.concat(Object.entries(attributes).map(([key, value]) => field(RESOURCE_ATTRIBUTE, encodeKeyValue(key, value))));
  return { encoded, schemaUrl };
}

export function resourceAttributes(resource: Origin): Record<string, AttributeValue> {
  return decodeKeyValueList(resource.encoded, 0, resource.encoded.length);
}

/** The same resource with other attributes; fields that are not attributes stay. */
export function withResourceAttributes(resource: Origin, attributes: Attributes): Origin {
  const rest: Uint8Array[] = [];
  const bytes = resource.encoded;
  let start = 0;
  for (const { tag, to } of fields(bytes, 0, bytes.length)) {
    if (tag !== RESOURCE_ATTRIBUTE) rest.push(bytes.subarray(start, to));
    start = to;
  }
  const encoded = Buffer.concat([createResource(attributes).encoded, ...rest]);
  return { encoded, schemaUrl: resource.schemaUrl };
}

export function createScope(name: string, version: string = ''): Origin {
  const parts = [field(SCOPE_NAME, Buffer.from(name))];
  if (version) parts.push(field(SCOPE_VERSION, Buffer.from(version)));
  return { encoded: Buffer.concat(parts), schemaUrl: '' };
}

export function scopeNameAndVersion(scope: Origin): { readonly name: string; readonly version: string } {
  const bytes = scope.encoded;
  let name = '';
  let version = '';
  for (const { tag, from, to } of fields(bytes, 0, bytes.length)) {
    if (tag === SCOPE_NAME) name = Buffer.from(bytes.subarray(from, to)).toString();
    else if (tag === SCOPE_VERSION) version = Buffer.from(bytes.subarray(from, to)).toString();
  }
  return { name, version };
}
