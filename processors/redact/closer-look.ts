import { assignmentAt, flagAt, NAME_BEFORE, pairedValueAt, signBehind, sqlTextAt, type AssignmentText } from './assignments.ts';
import type { ValueRange } from './values.ts';
import { DIGIT, WORD, isApart, runEnd, runStart } from './bytes.ts';
import { CARD_DIGITS_MIN, groupedCardEnd, ibanEnd, isGroupEnd, plainCardEnd } from './digits.ts';
import { Findings } from './findings.ts';
import { emailAt, ipv4At, ipv6At, phoneEnd, type Range } from './network.ts';
import { netrcPasswordAt } from './netrc.ts';
import { Options } from './options.ts';
import { RULE_NAMES, type RuleName } from './rules.ts';
import { NAME, type SecretNames } from './secret-names.ts';
import { azureSecretAt, digestAt, jwtEnd, privateKeyEnd, schemeCredentialsAt, urlCredentialsAt, webhookAt } from './shapes.ts';
import { Tokens } from './tokens.ts';
import { Reason } from './triggers.ts';

// What a byte is typical of.
const Anchor = { token: 1, key: 2, scheme: 3, jwt: 4, azure: 5, email: 6, dot: 7, colon: 8, phone: 9, digest: 10 } as const;

/** What the quick look has seen lies at most so far from the byte that is typical of it. */
const REACH_BACK = 14;
const REACH_AHEAD = 8;
/** `--proxy-user`, from its end. */
const OPTION_BACK = 12;
/** How far before its dash an option may be seen first. */
const DASH_FROM = 3;
/** Separators in a name, and what is before it. */
const SEPARATORS_MAX = 8;
/** Digits of the first group of a card. */
const FIRST_GROUP = 4;
const CARD_BYTES_MAX = 24;
/** Nothing begins inside a number of so many digits. */
const LONG_NUMBER = 7;

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
  readonly #options: Options = new Options();
  readonly #names: SecretNames;
  /** How far the end of a name is from any place at which it may be seen. */
  readonly #nameReach: number;
  readonly #isOn: Readonly<Record<RuleName, boolean>>;
  readonly #ruleOf: Readonly<Record<RuleName, number>>;
  readonly #value: ValueRange = { start: 0, end: 0 };
  readonly #text: AssignmentText;
  /** The text behind the last finding. */
  readonly #range: Range = { from: 0, to: 0 };
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  /** What is before these was looked at already, for digits, names, options and other shapes. */
  #digitsEnd = 0;
  #namesEnd = 0;
  #optionsEnd = 0;
  #shapesEnd = 0;

  constructor(isOn: (rule: RuleName) => boolean, names: SecretNames) {
    this.#isOn = Object.fromEntries(RULE_NAMES.map((name) => [name, isOn(name)])) as Record<RuleName, boolean>;
    this.#ruleOf = Object.fromEntries(RULE_NAMES.map((name, i) => [name, i])) as Record<RuleName, number>;
    this.#names = names;
    this.#text = { from: 0, to: 0, names };
    this.#nameReach = Math.max(0, ...names.words.map(({ letters }) => letters.length)) + SEPARATORS_MAX;
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
    set(on.authorization, 'dD', Anchor.digest);
    set(on.jwt, 'J', Anchor.jwt);
    set(on.azure, '~', Anchor.azure);
    set(on.email, '@', Anchor.email);
    set(on.ip, '.', Anchor.dot);
    set(on.ip, ':', Anchor.colon);
    set(on.phone, '+', Anchor.phone);
  }

  begin(bytes: Buffer, from: number, to: number): void {
    this.found.reset(from);
    this.#tokens.begin();
    this.#options.begin(from);
    this.#bytes = bytes;
    this.#from = this.#digitsEnd = this.#namesEnd = this.#optionsEnd = this.#shapesEnd = from;
    this.#to = this.#range.to = to;
  }

  /** Returns where the quick look goes on: behind what was found or a long number, or 0. */
  at(at: number, reasons: number): number {
    const { found } = this;
    const { count } = found;
    this.#range.from = found.floor;
    if ((reasons & Reason.digits) !== 0) this.#plainCard(at);
    if ((reasons & Reason.groups) !== 0 && found.count === count) this.#groupedCard(at);
    if ((reasons & Reason.name) !== 0 && found.count === count) this.#name(at);
    if ((reasons & Reason.url) !== 0 && found.count === count) this.#url(at);
    if ((reasons & Reason.account) !== 0 && found.count === count) this.#account(at);
    if ((reasons & Reason.option) !== 0 && found.count === count) this.#option(at);
    if ((reasons & Reason.shape) !== 0 && found.count === count) this.#shapes(at);
    if (found.count > count) return found.floor;
    return reasons === Reason.digits && this.#digitsEnd - at >= LONG_NUMBER ? this.#digitsEnd : 0;
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
    const end = runEnd(bytes, inside, Math.min(this.#to, inside + this.#nameReach), NAME);
    // What was seen lies at the end of a name, so a longer one is not looked at from here.
    if (end === inside + this.#nameReach) return;
    this.#namesEnd = end;
    const names = this.#names;
    if (names.isLast[bytes[end - 1] as number] === 0) return;
    const value = this.#value;
    const text = this.#text;
    text.from = this.#range.from;
    text.to = this.#to;
    // What the name says is asked last: most have no sign behind them.
    const sign = signBehind(bytes, end, this.#to);
    if (sign >= 0 && assignmentAt(bytes, sign, text, value)) this.#add(value.start, value.end, 'assignment');
    else if (pairedValueAt(bytes, end, text, value)) this.#add(value.start, value.end, 'assignment');
    else if (bytes[end] === SPACE) this.#flag(end);
  }

  /** `--password value`, and SQL's `PASSWORD 'value'`. */
  #flag(end: number): void {
    const bytes = this.#bytes;
    const start = runStart(bytes, this.#text.from, end, NAME_BEFORE);
    const isFlag = bytes[start] === DASH && bytes[start + 1] === DASH;
    const isFound = isFlag ? flagAt(bytes, start + 2, this.#text, this.#value) : sqlTextAt(bytes, start, end, this.#text, this.#value);
    if (isFound || netrcPasswordAt(bytes, start, end, this.#text, this.#value)) this.#add(this.#value.start, this.#value.end, 'assignment');
  }

  #option(at: number): void {
    const bytes = this.#bytes;
    const value = this.#value;
    const text = this.#text;
    text.from = this.#range.from;
    text.to = this.#to;
    const stop = Math.min(at + 3, this.#to);
    for (let i = Math.max(this.found.floor, this.#optionsEnd, at - OPTION_BACK); i < stop; i++) {
      this.#optionsEnd = i + 1;
      if (bytes[i] !== DASH || !this.#options.valueAt(bytes, i, this.#from, text, value)) continue;
      const { start, end } = value;
      const { count } = this.found;
      // What is known by a name or its own shape is taken as that: the value may only begin there.
      this.#name(i);
      if (this.found.count === count) this.#shapes(i - DASH_FROM);
      if (this.found.count === count) this.#add(start, end, 'assignment');
      return;
    }
  }

  #url(at: number): void {
    const bytes = this.#bytes;
    const to = this.#to;
    const value = this.#value;
    for (let colon = Math.max(at - 1, this.found.floor); colon < at + 4 && colon + 3 < to; colon++) {
      if (bytes[colon] !== COLON || bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH) continue;
      const hook = webhookAt(bytes, colon + 3, to, value);
      if (hook !== undefined && this.#isOn[hook]) this.#add(value.start, value.end, hook);
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
      case Anchor.digest:
        if (digestAt(bytes, at, range, value)) this.#add(value.start, value.end, 'authorization');
        else this.#token(at);
        break;
      case Anchor.jwt:
        if (!this.#addUnlessNone(at - 2, jwtEnd(bytes, at, range), 'jwt')) this.#token(at);
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

  #addUnlessNone(start: number, end: number, rule: RuleName): boolean {
    if (end > 0) this.#add(start, end, rule);
    return end > 0;
  }

  #token(at: number): void {
    const tokens = this.#tokens;
    const start = tokens.startOf(this.#bytes, at, this.#range.from, this.#to);
    if (start >= 0) this.found.add(start, tokens.end, tokens.rule);
  }

  /** Of a line of dashes the first one may begin a key. */
  #dash(at: number): void {
    const bytes = this.#bytes;
    const isFirst = bytes[at + 1] === DASH && (at === this.#range.from || bytes[at - 1] !== DASH);
    const end = isFirst ? privateKeyEnd(bytes, at, this.#to) : -1;
    if (end > 0) this.#add(at, end, 'private_key');
    else this.#token(at);
  }

  #plainCard(at: number): void {
    // A long run of digits is looked at once.
    if (at < this.#digitsEnd) return;
    const bytes = this.#bytes;
    const range = this.#range;
    const end = runEnd(bytes, at, this.#to, DIGIT);
    this.#digitsEnd = end;
    const start = runStart(bytes, range.from, at, { set: DIGIT, most: CARD_BYTES_MAX });
    if (end - start < CARD_DIGITS_MIN || !isApart(bytes, range, start, end) || isDecimal(bytes, start, end, range)) return;
    if (plainCardEnd(bytes, start, end) > 0) this.#add(start, end, 'card');
  }

  /** Of a card in groups each gap is seen, so the group before the first one is the first. */
  #groupedCard(at: number): void {
    const bytes = this.#bytes;
    const range = this.#range;
    let gap = at;
    while (gap < at + 3 && !isSeparator(bytes[gap])) gap++;
    const start = gap - FIRST_GROUP;
    if (gap === at + 3 || start < range.from || (start > range.from && !isGroupStart(bytes, start))) return;
    const end = groupedCardEnd(bytes, start, this.#to);
    if (end > 0 && isGroupEnd(bytes, end, this.#to)) this.#add(start, end, 'card');
  }
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
