import { DIGIT, WORD, byteSet, runEnd } from './bytes.ts';

/** Numbers that carry a check: payment cards and bank accounts. */

interface Issuer {
  /** Inclusive bounds of the first digits. */
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
}

const ISSUERS: readonly Issuer[] = [
  { from: 4, to: 4, lengths: [13, 16, 19] }, // Visa
  { from: 51, to: 55, lengths: [16] }, // Mastercard
  { from: 2221, to: 2720, lengths: [16] },
  { from: 34, to: 34, lengths: [15] }, // American Express
  { from: 37, to: 37, lengths: [15] },
  { from: 6011, to: 6011, lengths: [16, 19] }, // Discover
  { from: 644, to: 649, lengths: [16, 19] },
  { from: 65, to: 65, lengths: [16, 19] },
  { from: 3528, to: 3589, lengths: [16, 19] }, // JCB
  { from: 300, to: 305, lengths: [14] }, // Diners Club
  { from: 36, to: 36, lengths: [14] },
  { from: 38, to: 39, lengths: [14] },
  { from: 62, to: 62, lengths: [16, 17, 18, 19] }, // UnionPay
  { from: 5018, to: 5018, lengths: [16, 17, 18, 19] }, // Maestro
  { from: 5020, to: 5020, lengths: [16, 17, 18, 19] },
  { from: 5038, to: 5038, lengths: [16, 17, 18, 19] },
  { from: 6304, to: 6304, lengths: [16, 17, 18, 19] },
  { from: 6759, to: 6763, lengths: [16, 17, 18, 19] },
];
export const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

const digits = new Uint8Array(CARD_DIGITS_MAX);

/** By the first four digits, which lengths are issued: bit n for n digits. */
const issued = new Int32Array(10_000);
for (const { from, to, lengths } of ISSUERS) {
  const unit = 10 ** (4 - String(from).length);
  let bits = 0;
  for (const length of lengths) bits |= 1 << length;
  for (let first = from * unit; first < (to + 1) * unit; first++) issued[first] = (issued[first] as number) | bits;
}

/** True for digits (as bytes '0' to '9') that could be a card's. */
function isCard(values: Uint8Array, count: number): boolean {
  return ((lengthsIssued(values, 0) >> count) & 1) === 1 && luhn(values, count) === 0;
}

/** By the four digits at `at`. */
function lengthsIssued(bytes: Uint8Array, at: number): number {
  const thousands = (bytes[at] as number) * 1000 + (bytes[at + 1] as number) * 100;
  return issued[thousands + (bytes[at + 2] as number) * 10 + (bytes[at + 3] as number) - 0x30 * 1111] ?? 0;
}

/** Twice a digit, as the sum of its digits. */
const DOUBLED = Uint8Array.of(0, 2, 4, 6, 8, 1, 3, 5, 7, 9);

function luhn(values: Uint8Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const digit = (values[count - 1 - i] as number) - 0x30;
    sum += i % 2 === 1 ? (DOUBLED[digit] as number) : digit;
  }
  return sum % 10;
}

/** End of the card that is written without gaps in the run of digits `[start, end)`, or -1. */
export function plainCardEnd(bytes: Uint8Array, start: number, end: number): number {
  const count = end - start;
  if (count < CARD_DIGITS_MIN || count > CARD_DIGITS_MAX) return -1;
  for (let i = 0; i < count; i++) digits[i] = bytes[start + i] as number;
  return isCard(digits, count) ? end : -1;
}

const SPACE = 0x20;
const DASH = 0x2d;

/**
 * End of the card in groups whose first group begins at `start`, or -1: 4-4-4-4, 4-4-4-4-3, 4-6-5 or 4-6-4, all parted by
 * a space or all by a dash. `start` is the beginning of a run of digits.
 */
export function groupedCardEnd(bytes: Uint8Array, start: number, to: number): number {
  const separator = bytes[start + 4];
  if (start + 4 >= to || (separator !== SPACE && separator !== DASH)) return -1;
  // Most are no card: the first two groups tell, and need nothing to be made.
  if (lengthsIssued(bytes, start) === 0) return -1;
  if (runEnd(bytes, start + 5, Math.min(to, start + 9), DIGIT) !== start + 9) return -1;
  const isFours = bytes[start + 9] === separator && bytes[start + 14] === separator && start + 19 < to;
  // Not followed by a group of three: then it is four groups of four or nothing, and nothing has to be copied.
  if (isFours && (bytes[start + 19] !== separator || isDigitAt(bytes, start + 23, to))) return fourGroupsEnd(bytes, start);
  return moreGroupsEnd({ bytes, to, separator }, start);
}

function isDigitAt(bytes: Uint8Array, at: number, to: number): boolean {
  return at < to && DIGIT[bytes[at] as number] === 1;
}

/** The same for four groups of four with separators between them. */
function fourGroupsEnd(bytes: Uint8Array, start: number): number {
  const end = start + 19;
  if (((lengthsIssued(bytes, start) >> 16) & 1) === 0 || DIGIT[bytes[end] as number] === 1) return -1;
  let sum = 0;
  for (let at = start; at < end; at += 5) {
    for (let i = at; i < at + 4; i += 2) {
      const first = (bytes[i] as number) - 0x30;
      const second = (bytes[i + 1] as number) - 0x30;
      // What is below 0 wraps around.
      if (first >>> 0 > 9 || second >>> 0 > 9) return -1;
      sum += (DOUBLED[first] as number) + second;
    }
  }
  return sum % 10 === 0 ? end : -1;
}

function moreGroupsEnd(groups: Groups, start: number): number {
  const second = groupEnd(groups, start, 0, 4);
  const third = groupEnd(groups, second + 1, 4, 4);
  if (third < 0) {
    const long = groupEnd(groups, second + 1, 4, 6);
    const five = groupEnd(groups, long + 1, 10, 5);
    const end = five < 0 ? groupEnd(groups, long + 1, 10, 4) : five;
    return end > 0 && isCard(digits, five < 0 ? 14 : 15) ? end : -1;
  }
  const fourth = groupEnd(groups, groupEnd(groups, third + 1, 8, 4) + 1, 12, 4);
  if (fourth < 0) return -1;
  const last = groupEnd(groups, fourth + 1, 16, 3);
  // Where more than a card follows the last group, the four before it may be one.
  if (last > 0 && isCard(digits, 19) && isGroupEnd(groups.bytes, last, groups.to)) return last;
  return isCard(digits, 16) ? fourth : -1;
}

/** Groups joined to more by a dash are an identifier. */
export function isGroupEnd(bytes: Uint8Array, end: number, to: number): boolean {
  return end === to || (WORD[bytes[end] as number] === 0 && bytes[end] !== DASH);
}

interface Groups {
  readonly bytes: Uint8Array;
  readonly to: number;
  readonly separator: number;
}

/** End of the group of `size` digits at `at`, which become the digits from `count` on; -1 when there is none. */
function groupEnd({ bytes, to, separator }: Groups, at: number, count: number, size: number): number {
  // A group before this one was not there.
  if (at <= 0 && count > 0) return -1;
  if (count > 0 && bytes[at - 1] !== separator) return -1;
  const end = at + size;
  if (end > to || (end < to && DIGIT[bytes[end] as number] === 1)) return -1;
  for (let i = 0; i < size; i++) {
    const byte = bytes[at + i] as number;
    if (DIGIT[byte] === 0) return -1;
    digits[count + i] = byte;
  }
  return end;
}

/** Lengths of account numbers by country, as the registry of IBANs has them. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
};

/** The same by the two letters, 0 for none. */
const lengthOf = new Uint8Array(26 * 26);
for (const [country, length] of Object.entries(IBAN_LENGTHS)) lengthOf[countryIndex(Buffer.from(country), 0)] = length;

function countryIndex(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) - 0x41) * 26 + (bytes[at + 1] as number) - 0x41;
}

export const IBAN_COUNTRIES: readonly string[] = Object.keys(IBAN_LENGTHS);

const UPPER = byteSet('A-Z');
const ACCOUNT = byteSet('A-Z', '0-9');

/** End of the IBAN that begins at `start`, with or without a space after each four characters; -1 when there is none. */
export function ibanEnd(bytes: Uint8Array, start: number, to: number): number {
  if (start + 5 > to || UPPER[bytes[start] as number] === 0 || UPPER[bytes[start + 1] as number] === 0) return -1;
  if (DIGIT[bytes[start + 2] as number] === 0 || DIGIT[bytes[start + 3] as number] === 0) return -1;
  const length = lengthOf[countryIndex(bytes, start)] as number;
  if (length === 0) return -1;
  const isSpaced = bytes[start + 4] === SPACE;
  // Where it would end is looked at first: most are none.
  const end = start + length + (isSpaced ? (length - 1) >> 2 : 0);
  if (end > to || (end < to && WORD[bytes[end] as number] === 1)) return -1;
  // The checksum is the remainder of the number with the first four characters at its end.
  let remainder = 0;
  let head = 0;
  let at = start;
  for (let i = 0; i < length; i++, at++) {
    if (isSpaced && i > 0 && i % 4 === 0 && bytes[at++] !== SPACE) return -1;
    if (ACCOUNT[bytes[at] as number] === 0) return -1;
    if (i < 4) head = appended(head, bytes[at] as number);
    else remainder = appended(remainder, bytes[at] as number);
  }
  // Four characters are two letters and two digits: six decimal places.
  return (remainder * 1_000_000 + head) % 97 === 1 ? end : -1;
}

function appended(value: number, byte: number): number {
  return byte <= 0x39 ? (value * 10 + byte - 0x30) % 97 : (value * 100 + byte - 0x37) % 97;
}
