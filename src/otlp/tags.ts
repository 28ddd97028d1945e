/** Tags of opentelemetry.proto.logs.v1.LogRecord: field number and wire type, in the order of the message. */
export const TIME = 0x09;
export const SEVERITY_NUMBER = 0x10;
export const SEVERITY_TEXT = 0x1a;
export const BODY = 0x2a;
export const ATTRIBUTE = 0x32;
export const DROPPED_ATTRIBUTES = 0x38;
export const FLAGS = 0x45;
export const TRACE_ID = 0x4a;
export const SPAN_ID = 0x52;
export const OBSERVED_TIME = 0x59;
export const EVENT_NAME = 0x62;
