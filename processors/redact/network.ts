import { isIPv6 } from 'node:net';
import { ALNUM, DIGIT, WORD, byteSet, runEnd, runStart, type ByteSet } from './bytes.ts';
import type { ValueRange } from './values.ts';

/** Personal data that is written in one piece: addresses of mail and machines, and phone numbers. Off by default. */

/** Where a text lies; nothing outside of it is looked at. */
export interface Range {
  from: number;
  to: number;
}

export const LOCAL: ByteSet = byteSet('0-9', 'A-Z', 'a-z', '._%+-');
LOCAL.fill(1, 0x80);
const LOCAL_MAX = 64;
export const DOMAIN: ByteSet = byteSet('0-9', 'A-Z', 'a-z', '.-');
DOMAIN.fill(1, 0x80);
const DOMAIN_MAX = 255;
const LETTER = byteSet('A-Z', 'a-z');
LETTER.fill(1, 0x80);
const DOT = 0x2e;
const COLON = 0x3a;

/** The address around the `@` at `at`. */
export function emailAt(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  let start = runStart(bytes, from, at, { set: LOCAL, most: LOCAL_MAX });
  while (start < at && WORD[bytes[start] as number] === 0) start++;
  let end = runEnd(bytes, at + 1, Math.min(to, at + 1 + DOMAIN_MAX), DOMAIN);
  while (end > at + 1 && WORD[bytes[end - 1] as number] === 0) end--;
  if (start === at || end === at + 1 || WORD[bytes[at + 1] as number] === 0) return false;
  const top = runStart(bytes, at + 1, end, { set: LETTER, most: DOMAIN_MAX });
  if (end - top < 2 || top === at + 1 || bytes[top - 1] !== DOT || bytes[top - 2] === DOT) return false;
  value.start = start;
  value.end = end;
  return true;
}

/** The IPv4 address whose first dot is at `at`. */
export function ipv4At(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  const start = runStart(bytes, from, at, { set: DIGIT, most: 4 });
  if (start > from && (WORD[bytes[start - 1] as number] === 1 || bytes[start - 1] === DOT)) return false;
  let octet = start;
  for (let i = 0; i < 4; i++) {
    const end = runEnd(bytes, octet, Math.min(to, octet + 4), DIGIT);
    if (end === octet || end - octet > 3 || !isOctet(bytes, octet, end)) return false;
    if (i === 3) {
      value.start = start;
      value.end = end;
      const isMore = end + 1 < to && bytes[end] === DOT && DIGIT[bytes[end + 1] as number] === 1;
      return !isMore && (end === to || WORD[bytes[end] as number] === 0);
    }
    if (end >= to || bytes[end] !== DOT) return false;
    octet = end + 1;
  }
  return false;
}

function isOctet(bytes: Buffer, start: number, end: number): boolean {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + (bytes[i] as number) - 0x30;
  return value <= 255;
}

const IPV6 = byteSet('0-9', 'a-f', 'A-F', ':.');
const IPV6_MAX = 45;
const IPV6_COLONS_MIN = 2;

/** The IPv6 address that has its first colon at `at`. */
export function ipv6At(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  const start = runStart(bytes, from, at, { set: IPV6, most: 5 });
  for (let i = start; i < at; i++) if (bytes[i] === COLON) return false;
  if (start > from && WORD[bytes[start - 1] as number] === 1) return false;
  let end = runEnd(bytes, at, Math.min(to, start + IPV6_MAX + 1), IPV6);
  if (end < to && WORD[bytes[end] as number] === 1) return false;
  while (end > start && (bytes[end - 1] === DOT || (bytes[end - 1] === COLON && bytes[end - 2] !== COLON))) end--;
  let colons = 0;
  let hasDigit = false;
  for (let i = start; i < end; i++) {
    if (bytes[i] === COLON) colons++;
    else if (DIGIT[bytes[i] as number] === 1) hasDigit = true;
  }
  if (colons < IPV6_COLONS_MIN || !hasDigit) return false;
  value.start = start;
  value.end = end;
  return isIPv6(bytes.toString('latin1', start, end));
}

const PHONE_SEPARATOR = byteSet(' -.()/');
const PHONE_DIGITS_MIN = 8;
const PHONE_DIGITS_MAX = 15;

/** End of the phone number whose `+` is at `at`, or -1. Digits may be parted by one separator, or two as in `) `. */
export function phoneEnd(bytes: Buffer, at: number, { from, to }: Range): number {
  if (at > from && ALNUM[bytes[at - 1] as number] === 1) return -1;
  if (at + 1 >= to || DIGIT[bytes[at + 1] as number] === 0 || bytes[at + 1] === 0x30) return -1;
  let digits = 0;
  let end = at + 1;
  for (let i = at + 1, gap = 0; i < to; i++) {
    const byte = bytes[i] as number;
    if (DIGIT[byte] === 1) {
      if (++digits > PHONE_DIGITS_MAX) return -1;
      end = i + 1;
      gap = 0;
    } else if (PHONE_SEPARATOR[byte] === 0 || ++gap > 2) break;
  }
  return digits >= PHONE_DIGITS_MIN && (end === to || WORD[bytes[end] as number] === 0) ? end : -1;
}
