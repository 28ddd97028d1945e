import type { Origin, SharedAttributes } from '#model';
import { ARRAY, BOOL, BYTES, DOUBLE, INT, KEY, KVLIST, STRING, VALUE } from './reader-values.ts';
import { Wire } from './reader-wire.ts';

/** From the bytes of protobuf to the text of OTLP/JSON: values, attributes, resources and scopes. */

const REPEATED = 0x0a;
const RECORD_ATTRIBUTE = 0x32;

/** The JSON of an AnyValue message. */
export function anyValueText(wire: Wire, end: number): string {
  let text = '{}';
  while (wire.at < end) {
    const tag = wire.tag(end);
    switch (tag) {
      case STRING:
        text = `{"stringValue":${stringText(wire, end)}}`;
        break;
      case BOOL:
        wire.varint(end);
        text = `{"boolValue":${wire.low !== 0 || wire.high !== 0}}`;
        break;
      case INT:
        wire.varint(end);
        text = `{"intValue":"${integerText(wire)}"}`;
        break;
      case DOUBLE:
        text = `{"doubleValue":${doubleText(wire.double(end))}}`;
        break;
      case BYTES: {
        const bytesEnd = wire.span(end);
        text = `{"bytesValue":"${wire.bytes.toString('base64', wire.at, bytesEnd)}"}`;
        wire.at = bytesEnd;
        break;
      }
      case ARRAY:
        text = `{"arrayValue":{"values":[${repeatedText(wire, wire.span(end), REPEATED, anyValueText)}]}}`;
        break;
      case KVLIST:
        text = `{"kvlistValue":{"values":[${repeatedText(wire, wire.span(end), REPEATED, keyValueText)}]}}`;
        break;
      default:
        wire.skip(tag, end);
    }
  }
  return text;
}

/** A double as JSON has it; what JSON lacks is a string, as protobuf's mapping has it. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function keyValueText(wire: Wire, end: number): string {
  let key = '""';
  let value = '{}';
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === KEY) key = stringText(wire, end);
    else if (tag === VALUE) value = anyValueText(wire, wire.span(end));
    else wire.skip(tag, end);
  }
  return `{"key":${key},"value":${value}}`;
}

/** The messages of one repeated field, joined by commas; other fields are passed over. */
function repeatedText(wire: Wire, end: number, wanted: number, toText: (wire: Wire, end: number) => string): string {
  const texts: string[] = [];
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === wanted) texts.push(toText(wire, wire.span(end)));
    else wire.skip(tag, end);
  }
  return texts.join(',');
}

export function stringText(wire: Wire, end: number): string {
  const textEnd = wire.span(end);
  const text = wire.bytes.toString('utf8', wire.at, textEnd);
  wire.at = textEnd;
  return JSON.stringify(text);
}

function integerText({ low, high }: Wire): string {
  const number = (high | 0) * 4_294_967_296 + low;
  return Number.isSafeInteger(number) ? String(number) : String((BigInt(high | 0) << 32n) | BigInt(low));
}

// ---- what many rows have in common is put into words once ----

const sharedTexts = new WeakMap<SharedAttributes, string>();
const resourceTexts = new WeakMap<Origin, string>();
const scopeTexts = new WeakMap<Origin, string>();

/** Shared attributes as KeyValue objects joined by commas. */
export function sharedText(shared: SharedAttributes): string {
  return remembered(sharedTexts, shared, () =>
    repeatedText(new Wire(shared.encoded), shared.encoded.length, RECORD_ATTRIBUTE, keyValueText),
  );
}

export function resourceText(resource: Origin): string {
  return remembered(resourceTexts, resource, () => {
    const wire = new Wire(resource.encoded);
    return messageText(wire, resource.encoded.length, RESOURCE_MEMBERS);
  });
}

export function scopeText(scope: Origin): string {
  return remembered(scopeTexts, scope, () => {
    const wire = new Wire(scope.encoded);
    return messageText(wire, scope.encoded.length, SCOPE_MEMBERS);
  });
}

function remembered<Of extends object>(texts: WeakMap<Of, string>, of: Of, create: () => string): string {
  let text = texts.get(of);
  if (text === undefined) texts.set(of, (text = create()));
  return text;
}

export interface Member {
  readonly tag: number;
  readonly name: string;
  readonly isRepeated?: boolean;
  readonly toText: (wire: Wire, end: number) => string;
}

export function countText(wire: Wire, end: number): string {
  wire.varint(end);
  return String(wire.low);
}

export function messageOf(members: readonly Member[]): Member['toText'] {
  return (wire, end) => messageText(wire, wire.span(end), members);
}

export function attributeText(wire: Wire, end: number): string {
  return keyValueText(wire, wire.span(end));
}

const ENTITY_MEMBERS: readonly Member[] = [
  { tag: 0x0a, name: 'schemaUrl', toText: stringText },
  { tag: 0x12, name: 'type', toText: stringText },
  { tag: 0x1a, name: 'idKeys', isRepeated: true, toText: stringText },
  { tag: 0x22, name: 'descriptionKeys', isRepeated: true, toText: stringText },
];
const RESOURCE_MEMBERS: readonly Member[] = [
  { tag: 0x0a, name: 'attributes', isRepeated: true, toText: attributeText },
  { tag: 0x10, name: 'droppedAttributesCount', toText: countText },
  { tag: 0x1a, name: 'entityRefs', isRepeated: true, toText: messageOf(ENTITY_MEMBERS) },
];
const SCOPE_MEMBERS: readonly Member[] = [
  { tag: 0x0a, name: 'name', toText: stringText },
  { tag: 0x12, name: 'version', toText: stringText },
  { tag: 0x1a, name: 'attributes', isRepeated: true, toText: attributeText },
  { tag: 0x20, name: 'droppedAttributesCount', toText: countText },
];

/** A message as a JSON object of the members we know. */
export function messageText(wire: Wire, end: number, members: readonly Member[]): string {
  const found = new Map<Member, string[]>();
  while (wire.at < end) {
    const tag = wire.tag(end);
    const member = members.find((candidate) => candidate.tag === tag);
    if (!member) {
      wire.skip(tag, end);
      continue;
    }
    const text = member.toText(wire, end);
    const texts = found.get(member);
    if (texts && member.isRepeated) texts.push(text);
    else found.set(member, [text]);
  }
  const parts = Array.from(found, ([{ name, isRepeated }, texts]) => `"${name}":${isRepeated ? `[${texts.join(',')}]` : texts[0]}`);
  return `{${parts.join(',')}}`;
}
