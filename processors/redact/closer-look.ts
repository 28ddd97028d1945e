import { assignmentAt, flagAt, signBehind, type ValueRange } from './assignments.ts';
import { DIGIT, WORD, isApart, runEnd, runStart } from './bytes.ts';
import { CARD_DIGITS_MIN, groupedCardEnd, ibanEnd, plainCardEnd } from './digits.ts';
import { Findings } from './findings.ts';
import { emailAt, ipv4At, ipv6At, phoneEnd, type Range } from './network.ts';
import { RULE_NAMES, type RuleName } from './rules.ts';
import { NAME, NameKind, type SecretNames } from './secret-names.ts';
import { azureSecretAt, jwtEnd, privateKeyEnd, schemeCredentialsAt, slackWebhookEnd, urlCredentialsAt } from './shapes.ts';
import { Tokens } from './tokens.ts';
import { Reason } from './triggers.ts';

// What a byte is typical of.
const Anchor = { token: 1, key: 2, scheme: 3, jwt: 4, azure: 5, email: 6, dot: 7, colon: 8, phone: 9 } as const;

/** What the quick look has seen lies at most so far from the byte that is typical of it. */
const REACH_BACK = 14;
const REACH_AHEAD = 8;
const NAME_MAX = 64;
/** Where a card begins, seen from one of its groups: the sizes of the groups before it. */
const GROUP_OFFSETS = [15, 12, 10, 5, 0];
const CARD_BYTES_MAX = 24;

const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const SLASH = 0x2f;

/** Looks at the bytes around a place where the quick look has seen something, and enters what is there. */
export class CloserLook {
  readonly found: Findings = new Findings();
  readonly #anchors: Uint8Array = new Uint8Array(256);
  readonly #tokens: Tokens;
  readonly #names: SecretNames;
  readonly #isOn: Readonly<Record<RuleName, boolean>>;
  readonly #ruleOf: Readonly<Record<RuleName, number>>;
  readonly #value: ValueRange = { start: 0, end: 0 };
  /** The text behind the last finding. */
  readonly #range: Range = { from: 0, to: 0 };
  #bytes: Buffer = Buffer.alloc(0);
  #to = 0;
  /** What is before these was looked at already, for digits, names and other shapes. */
  #digitsEnd = 0;
  #namesEnd = 0;
  #shapesEnd = 0;

  constructor(isOn: (rule: RuleName) => boolean, names: SecretNames) {
    this.#isOn = Object.fromEntries(RULE_NAMES.map((name) => [name, isOn(name)])) as Record<RuleName, boolean>;
    this.#ruleOf = Object.fromEntries(RULE_NAMES.map((name, i) => [name, i])) as Record<RuleName, number>;
    this.#names = names;
    this.#tokens = new Tokens(isOn);
    this.#enterAnchors();
  }

  #enterAnchors(): void {
    const anchors = this.#anchors;
    const on = this.#isOn;
    const set = (isOn: boolean, characters: string, anchor: number): void => {
      if (isOn) for (const byte of Buffer.from(characters, 'latin1')) anchors[byte] = anchor;
    };
    for (const byte of anchors.keys()) if (this.#tokens.anchors[byte] === 1) anchors[byte] = Anchor.token;
    set(on.private_key, '-', Anchor.key);
    set(on.authorization, 'bB', Anchor.scheme);
    set(on.jwt, 'J', Anchor.jwt);
    set(on.azure, '~', Anchor.azure);
    set(on.email, '@', Anchor.email);
    set(on.ip, '.', Anchor.dot);
    set(on.ip, ':', Anchor.colon);
    set(on.phone, '+', Anchor.phone);
  }

  begin(bytes: Buffer, from: number, to: number): void {
    this.found.reset(from);
    this.#bytes = bytes;
    this.#digitsEnd = this.#namesEnd = this.#shapesEnd = from;
    this.#to = this.#range.to = to;
  }

  /** Returns where the quick look goes on: behind what was found, or before `at`. */
  at(at: number, reasons: number): number {
    const { found } = this;
    const { count } = found;
    this.#range.from = found.floor;
    if ((reasons & Reason.name) !== 0) this.#name(at);
    if ((reasons & Reason.url) !== 0 && found.count === count) this.#url(at);
    if ((reasons & Reason.account) !== 0 && found.count === count) this.#account(at);
    if ((reasons & Reason.shape) !== 0 && found.count === count) this.#shapes(at);
    return found.count > count ? found.floor : 0;
  }

  #add(start: number, end: number, rule: RuleName): number {
    return this.found.add(start, end, this.#ruleOf[rule]);
  }

  /** A name that says secret, and the sign behind it. */
  #name(at: number): void {
    const bytes = this.#bytes;
    // Three bytes may begin with what is before the name, or end with what is behind it.
    let inside = Math.max(at, this.#namesEnd);
    while (inside < at + 3 && NAME[bytes[inside] as number] === 0) inside++;
    if (inside >= at + 3 || inside >= this.#to) return;
    const end = runEnd(bytes, inside, Math.min(this.#to, inside + NAME_MAX), NAME);
    this.#namesEnd = end;
    const names = this.#names;
    if (names.isLast[bytes[end - 1] as number] === 0) return;
    const from = this.#range.from;
    const start = runStart(bytes, from, end, { set: NAME, most: NAME_MAX });
    if (names.kindOf(bytes, start, end) === NameKind.none) return;
    const value = this.#value;
    const text = { from, to: this.#to, names };
    const sign = signBehind(bytes, end, this.#to);
    if (sign >= 0 && assignmentAt(bytes, sign, text, value)) this.#add(value.start, value.end, 'assignment');
    else if (bytes[start] === DASH && bytes[start + 1] === DASH && flagAt(bytes, start + 2, text, value))
      this.#add(value.start, value.end, 'assignment');
  }

  #url(at: number): void {
    const bytes = this.#bytes;
    const to = this.#to;
    const value = this.#value;
    for (let colon = Math.max(at - 1, this.found.floor); colon < at + 4 && colon + 3 < to; colon++) {
      if (bytes[colon] !== COLON || bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH) continue;
      if (this.#isOn.slack && slackWebhookEnd(bytes, colon + 3, to, value) > 0) this.#add(value.start, value.end, 'slack');
      else if (this.#isOn.url_credentials && urlCredentialsAt(bytes, colon, this.#range, value))
        this.#add(value.start, value.end, 'url_credentials');
      return;
    }
  }

  #account(at: number): void {
    const bytes = this.#bytes;
    for (let start = Math.max(this.found.floor, at - 1); start < at + 3; start++) {
      if (start > this.found.floor && WORD[bytes[start - 1] as number] === 1) continue;
      const end = ibanEnd(bytes, start, this.#to);
      if (end < 0) continue;
      this.#add(start, end, 'iban');
      return;
    }
  }

  #shapes(at: number): void {
    const bytes = this.#bytes;
    const { found } = this;
    const { count } = found;
    const stop = Math.min(this.#to, at + REACH_AHEAD);
    let i = Math.max(found.floor, this.#shapesEnd, at - REACH_BACK);
    for (; i < stop && found.count === count; i++) {
      const anchor = this.#anchors[bytes[i] as number] as number;
      if (anchor === Anchor.token) this.#token(i);
      else if (anchor !== 0) this.#shape(anchor, i);
    }
    this.#shapesEnd = i;
  }

  #shape(anchor: number, at: number): void {
    const bytes = this.#bytes;
    const range = this.#range;
    const value = this.#value;
    switch (anchor) {
      case Anchor.key:
        this.#dash(at);
        break;
      case Anchor.scheme:
        if (schemeCredentialsAt(bytes, at, range, value)) this.#add(value.start, value.end, 'authorization');
        break;
      case Anchor.jwt:
        this.#addUnlessNone(at - 2, jwtEnd(bytes, at, range), 'jwt');
        break;
      case Anchor.azure:
        if (azureSecretAt(bytes, at, range, value)) this.#add(value.start, value.end, 'azure');
        break;
      case Anchor.email:
        if (emailAt(bytes, at, range, value)) this.#add(value.start, value.end, 'email');
        break;
      case Anchor.dot:
        if (ipv4At(bytes, at, range, value)) this.#add(value.start, value.end, 'ip');
        else this.#token(at);
        break;
      case Anchor.colon:
        if (ipv6At(bytes, at, range, value)) this.#add(value.start, value.end, 'ip');
        break;
      default:
        this.#addUnlessNone(at, phoneEnd(bytes, at, range), 'phone');
    }
  }

  #addUnlessNone(start: number, end: number, rule: RuleName): void {
    if (end > 0) this.#add(start, end, rule);
  }

  #token(at: number): void {
    const tokens = this.#tokens;
    const start = tokens.startOf(this.#bytes, at, this.#range.from, this.#to);
    if (start >= 0) this.found.add(start, tokens.end, tokens.rule);
  }

  /** Of a line of dashes the first one may begin a key. */
  #dash(at: number): void {
    const isFirst = at === this.#range.from || this.#bytes[at - 1] !== DASH;
    const end = isFirst ? privateKeyEnd(this.#bytes, at, this.#to) : -1;
    if (end > 0) this.#add(at, end, 'private_key');
    else this.#token(at);
  }

  /** Looks at four digits; returns where the scan goes on when they belong to a card. */
  atDigits(at: number): number {
    // A long run of digits is looked at once.
    if (at < this.#digitsEnd) return at;
    const bytes = this.#bytes;
    const to = this.#to;
    const { floor } = this.found;
    const end = runEnd(bytes, at + 4, to, DIGIT);
    this.#digitsEnd = end;
    const start = runStart(bytes, floor, at, { set: DIGIT, most: CARD_BYTES_MAX });
    this.#range.from = floor;
    if (
      end - start >= CARD_DIGITS_MIN &&
      plainCardEnd(bytes, start, end) > 0 &&
      isApart(bytes, this.#range, start, end) &&
      !isDecimal(bytes, start, end, this.#range)
    ) {
      return this.#add(start, end, 'card');
    }
    if (!isGroupSize(end - start) || !(isSeparator(bytes[end]) || isSeparator(bytes[start - 1]))) return at;
    for (const offset of GROUP_OFFSETS) {
      const first = start - offset;
      if (first < floor || (first > floor && !isGroupStart(bytes, first))) continue;
      const cardEnd = groupedCardEnd(bytes, first, to);
      if (cardEnd >= end && isGroupEnd(bytes, cardEnd, to)) return this.#add(first, cardEnd, 'card');
    }
    return at;
  }
}

function isGroupSize(size: number): boolean {
  return size >= 4 && size <= 6;
}

function isSeparator(byte: number | undefined): boolean {
  return byte === SPACE || byte === DASH;
}

/** True for the digits before or behind the point of a number. */
function isDecimal(bytes: Uint8Array, start: number, end: number, { from, to }: Range): boolean {
  const isBehind = start - 2 >= from && bytes[start - 1] === DOT && DIGIT[bytes[start - 2] as number] === 1;
  return isBehind || (end + 1 < to && bytes[end] === DOT && DIGIT[bytes[end + 1] as number] === 1);
}

/** Groups joined to more by a dash are an identifier. */
function isGroupStart(bytes: Uint8Array, start: number): boolean {
  return WORD[bytes[start - 1] as number] === 0 && bytes[start - 1] !== DASH;
}

function isGroupEnd(bytes: Uint8Array, end: number, to: number): boolean {
  return end === to || (WORD[bytes[end] as number] === 0 && bytes[end] !== DASH);
}
