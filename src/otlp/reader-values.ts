import { DEPTH_MAX } from '#model';
import { malformed, type Wire } from './reader-wire.ts';

// Tags of AnyValue, KeyValue and the containers.
export const STRING = 0x0a;
export const BOOL = 0x10;
export const INT = 0x18;
export const DOUBLE = 0x21;
export const ARRAY = 0x2a;
export const KVLIST = 0x32;
export const BYTES = 0x3a;
const ELEMENT = 0x0a;
export const KEY = 0x0a;
export const VALUE = 0x12;

/**
 * Checks the AnyValue from here to `end` down to its leaves. What passes is kept as the bytes it is, and whoever
 * decodes it later meets no surprise.
 */
export function checkAnyValue(wire: Wire, end: number, depth: number): void {
  if (depth > DEPTH_MAX) throw malformed(wire.at, `a value is nested deeper than ${DEPTH_MAX}`);
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === ARRAY) checkArray(wire, wire.span(end), depth);
    else if (tag === KVLIST) checkKeyValueList(wire, wire.span(end), depth + 1);
    else wire.skip(tag, end);
  }
}

function checkArray(wire: Wire, end: number, depth: number): void {
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === ELEMENT) checkAnyValue(wire, wire.span(end), depth + 1);
    else wire.skip(tag, end);
  }
}

function checkKeyValueList(wire: Wire, end: number, depth: number): void {
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === ELEMENT) checkKeyValue(wire, wire.span(end), depth);
    else wire.skip(tag, end);
  }
}

export function checkKeyValue(wire: Wire, end: number, depth: number): void {
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === VALUE) checkAnyValue(wire, wire.span(end), depth);
    else wire.skip(tag, end);
  }
}
