import { ValueType, decodeAnyValue, toJson } from '#model';
import type { KeyPart } from './key-part.ts';

/** What stands for a part that a row does not have. */
export const ABSENT = 0xff;
/** Set in the type of a value that was cut; 4 bytes of hash follow it. */
export const CUT = 0x40;
const TEXT_MAX = 200;

/** A key as text: `service.name=shop, severity=9`. Values that were cut show what is left of them. */
export function describeKey(parts: readonly KeyPart[], bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const said: string[] = [];
  let at = 0;
  for (const part of parts) {
    const tag = buffer[at++] ?? ABSENT;
    if (tag === ABSENT) continue;
    const type = tag & ~CUT;
    if (type === ValueType.string || type === ValueType.bytes || type === ValueType.encoded) {
      const end = at + 4 + buffer.readInt32LE(at);
      said.push(`${part.name}=${textOf(type, buffer.subarray(at + 4, end))}`);
      at = tag === type ? end : end + 4;
    } else {
      const number = buffer.readDoubleLE(at);
      said.push(`${part.name}=${type === ValueType.bool ? number !== 0 : number}`);
      at += 8;
    }
  }
  return said.join(', ').slice(0, TEXT_MAX);
}

function textOf(type: number, bytes: Buffer): string {
  if (type === ValueType.string) return bytes.toString('utf8');
  if (type === ValueType.bytes) return bytes.toString('base64');
  try {
    return toJson(decodeAnyValue(bytes, 0, bytes.length));
  } catch {
    return bytes.toString('base64');
  }
}
