import type { Signal } from '#model';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

const TRACES = '; signal=traces';

/**
 * What a queue remembers of a body, also on disk and over a restart: the content type, and behind it what its rows are. Only
 * the type is sent.
 */
export function payloadType(contentType: string, signal: Signal): string {
  return signal === 'traces' ? contentType + TRACES : contentType;
}

export function readPayloadType(type: string): { readonly contentType: string; readonly signal: Signal } {
  return type.endsWith(TRACES) ? { contentType: type.slice(0, -TRACES.length), signal: 'traces' } : { contentType: type, signal: 'logs' };
}
