import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** OTLP as protobufjs sees it, from the published definitions: an encoder and decoder that is not ours. */
export interface ProtoAnyValue {
  stringValue?: string;
  boolValue?: boolean;
  /** Decimal digits when decoded. */
  intValue?: string | number;
  doubleValue?: number;
  arrayValue?: { values: ProtoAnyValue[] };
  kvlistValue?: { values: ProtoKeyValue[] };
  bytesValue?: Uint8Array;
}

export interface ProtoKeyValue {
  key: string;
  value?: ProtoAnyValue;
}

export interface ProtoLogRecord {
  timeUnixNano?: string;
  severityNumber?: number;
  severityText?: string;
  body?: ProtoAnyValue;
  attributes?: ProtoKeyValue[];
  droppedAttributesCount?: number;
  flags?: number;
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  observedTimeUnixNano?: string;
  eventName?: string;
}

export interface ProtoScopeLogs {
  scope?: { name?: string; version?: string; attributes?: ProtoKeyValue[]; droppedAttributesCount?: number };
  logRecords?: ProtoLogRecord[];
  schemaUrl?: string;
}

export interface ProtoResourceLogs {
  resource?: {
    attributes?: ProtoKeyValue[];
    droppedAttributesCount?: number;
    entityRefs?: { schemaUrl?: string; type?: string; idKeys?: string[]; descriptionKeys?: string[] }[];
  };
  scopeLogs?: ProtoScopeLogs[];
  schemaUrl?: string;
}

export interface ProtoRequest {
  resourceLogs?: ProtoResourceLogs[];
}

export interface ProtoResponse {
  partialSuccess?: { rejectedLogRecords?: number | string; errorMessage?: string };
}

const root = protobuf.loadSync(fileURLToPath(new URL('../fixtures/otlp/logs.proto', import.meta.url)));
const request = root.lookupType('ExportLogsServiceRequest');
const response = root.lookupType('ExportLogsServiceResponse');
const status = root.lookupType('Status');

export function encodeRequest(message: ProtoRequest): Uint8Array {
  return request.encode(request.fromObject(message)).finish();
}

/** Only fields that were on the wire are members of the result. */
export function decodeRequest(bytes: Uint8Array): ProtoRequest {
  return request.toObject(request.decode(bytes), { longs: String, bytes: Uint8Array });
}

/** Fields that were not on the wire have their default; bytes are arrays of numbers. */
export function decodeRequestFully(bytes: Uint8Array): ProtoRequest {
  return request.toObject(request.decode(bytes), { longs: String, bytes: Array, defaults: true, arrays: true });
}

export function encodeResponse(message: ProtoResponse): Uint8Array {
  return response.encode(response.fromObject(message)).finish();
}

export function encodeStatus(message: { code?: number; message?: string }): Uint8Array {
  return status.encode(status.fromObject(message)).finish();
}

/** OTLP/JSON in the form that `decodeRequest` gives: protobuf's own mapping has base64 where OTLP has hex. */
export function decodeJsonRequest(bytes: Uint8Array): ProtoRequest {
  const hexIds = (key: string, value: unknown): unknown =>
    (key === 'traceId' || key === 'spanId') && typeof value === 'string' ? Buffer.from(value, 'hex') : value;
  const message: Record<string, unknown> = JSON.parse(Buffer.from(bytes).toString('utf8'), hexIds);
  return decodeRequest(request.encode(request.fromObject(message)).finish());
}
