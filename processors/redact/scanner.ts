import { assignmentAt, flagAt, type ValueRange } from './assignments.ts';
import { isApart, runEnd, runStart, DIGIT, WORD } from './bytes.ts';
import { groupedCardEnd, ibanEnd, ibanStart, plainCardEnd } from './digits.ts';
import { Findings } from './findings.ts';
import { emailAt, ipv4At, ipv6At, phoneEnd, type Range } from './network.ts';
import { azureSecretAt, jwtEnd, privateKeyEnd, schemeCredentialsAt, slackWebhookEnd, urlCredentialsAt } from './shapes.ts';
import { ruleIndex, type RuleName } from './rules.ts';
import type { SecretNames } from './secret-names.ts';
import { Tokens } from './tokens.ts';

// What a byte may be part of. The scan looks at four bytes at once and stops where one has a code.
const Anchor = { token: 1, assign: 2, colon: 3, dash: 4, scheme: 5, jwt: 6, at: 7, dot: 8, plus: 9, tilde: 10 } as const;
/** Added to the codes: four bytes in a row that have it may belong to a card, or to a bank account. */
const DIGIT_BIT = 0x80;
const ACCOUNT_BIT = 0x40;
const CODE_BITS = 0x3f;

/** So many windows of four bytes lie in every bank account number, wherever it begins. */
const ACCOUNT_WINDOWS = 3;
/** Where a card begins, seen from one of its groups: the sizes of the groups before it. */
const GROUP_OFFSETS = [15, 12, 10, 5, 0];
const CARD_BYTES_MAX = 24;

const DASH = 0x2d;
const DOT = 0x2e;

/**
 * Finds secrets and personal data in text, in one pass over its bytes: each rule has a byte that is rare in logs and
 * must be in what it finds (`=` or `:` after a name, `_` of `ghp_`, four digits in a row), and only around such a byte
 * anything else is looked at. Every look is bounded or ends in a finding that is not looked at again, so the time grows
 * with the length and no faster.
 */
export class Scanner {
  readonly found: Findings = new Findings();
  readonly #codes: Uint8Array = new Uint8Array(256);
  readonly #tokens: Tokens;
  readonly #names: SecretNames;
  readonly #isOn: (rule: RuleName) => boolean;
  readonly #value: ValueRange = { start: 0, end: 0 };
  readonly #range: Range = { from: 0, to: 0 };
  #digitsEnd = 0;
  #accountWindows = 0;
  #accountEnd = 0;
  /** Where a bank account number has not been looked for. */
  #ibanFrom = 0;

  constructor(isOn: (rule: RuleName) => boolean, names: SecretNames) {
    this.#isOn = isOn;
    this.#names = names;
    this.#tokens = new Tokens(isOn);
    const codes = this.#codes;
    for (let byte = 0; byte < 256; byte++) {
      if (this.#tokens.anchors[byte] === 1) codes[byte] = Anchor.token;
    }
    this.#enter();
  }

  #enter(): void {
    const codes = this.#codes;
    const set = (characters: string, code: number): void => {
      for (const byte of Buffer.from(characters, 'latin1')) codes[byte] = code;
    };
    const isOn = this.#isOn;
    if (isOn('assignment')) set('=>', Anchor.assign);
    if (isOn('assignment') || isOn('url_credentials') || isOn('slack') || isOn('ip')) set(':', Anchor.colon);
    if (isOn('assignment') || isOn('private_key') || codes[DASH] !== 0) set('-', Anchor.dash);
    if (isOn('authorization')) set('bB', Anchor.scheme);
    if (isOn('jwt')) set('J', Anchor.jwt);
    if (isOn('email')) set('@', Anchor.at);
    if (isOn('ip')) set('.', Anchor.dot);
    if (isOn('phone')) set('+', Anchor.plus);
    if (isOn('azure')) set('~', Anchor.tilde);
    for (let byte = 0x30; byte <= 0x39; byte++) codes[byte] = (isOn('card') ? DIGIT_BIT : 0) | (isOn('iban') ? ACCOUNT_BIT : 0);
    if (!isOn('iban')) return;
    for (let byte = 0x41; byte <= 0x5a; byte++) codes[byte] = (codes[byte] as number) | ACCOUNT_BIT;
    codes[0x20] = ACCOUNT_BIT;
  }

  /** Fills `found` with what is in `bytes[from, to)`; returns how much. */
  scan(bytes: Buffer, from: number, to: number): number {
    const codes = this.#codes;
    this.found.reset(from);
    this.#digitsEnd = this.#accountEnd = this.#ibanFrom = from;
    this.#accountWindows = 0;
    let at = from;
    const last = to - 4;
    while (at <= last) {
      const a = codes[bytes[at] as number] as number;
      const b = codes[bytes[at + 1] as number] as number;
      const c = codes[bytes[at + 2] as number] as number;
      const d = codes[bytes[at + 3] as number] as number;
      if (((a | b | c | d) & CODE_BITS) === 0 && (a & b & c & d) === 0) {
        at += 4;
        continue;
      }
      at = this.#look(bytes, at, at + 4, from, to);
    }
    if (at < to) this.#look(bytes, at, to, from, to);
    return this.found.count;
  }

  /** Looks at the bytes `[at, stop)` one by one; returns where the scan goes on. */
  #look(bytes: Buffer, at: number, stop: number, from: number, to: number): number {
    const codes = this.#codes;
    const found = this.found;
    if (stop - at === 4) {
      const next = this.#lookAtDigits(bytes, at, from, to);
      if (next > at) return next;
    }
    for (let i = at; i < stop; i++) {
      const code = (codes[bytes[i] as number] as number) & CODE_BITS;
      if (code === 0) continue;
      const count = found.count;
      this.#lookAt(code, bytes, i, from, to);
      if (found.count > count) return found.floor;
    }
    return stop;
  }

  #lookAt(code: number, bytes: Buffer, at: number, from: number, to: number): void {
    switch (code) {
      case Anchor.token:
        this.#token(bytes, at, from, to);
        break;
      case Anchor.assign:
        this.#assignment(bytes, at, from, to);
        break;
      case Anchor.colon:
        this.#colon(bytes, at, from, to);
        break;
      case Anchor.dash:
        this.#dash(bytes, at, from, to);
        break;
      default:
        this.#lookAtRare(code, bytes, at, from, to);
    }
  }

  #lookAtRare(code: number, bytes: Buffer, at: number, from: number, to: number): void {
    const { found } = this;
    const range = this.#range;
    range.from = found.floor;
    range.to = to;
    const value = this.#value;
    let end: number;
    switch (code) {
      case Anchor.scheme:
        if (schemeCredentialsAt(bytes, at, range, value)) this.#add(value.start, value.end, 'authorization');
        break;
      case Anchor.jwt:
        end = jwtEnd(bytes, at, range);
        if (end > 0) this.#add(at - 2, end, 'jwt');
        else this.#token(bytes, at, from, to);
        break;
      case Anchor.at:
        if (emailAt(bytes, at, range, value)) this.#add(value.start, value.end, 'email');
        break;
      case Anchor.dot:
        if (ipv4At(bytes, at, range, value)) this.#add(value.start, value.end, 'ip');
        else this.#token(bytes, at, from, to);
        break;
      case Anchor.plus:
        end = phoneEnd(bytes, at, range);
        if (end > 0) this.#add(at, end, 'phone');
        break;
      default:
        if (azureSecretAt(bytes, at, range, value)) this.#add(value.start, value.end, 'azure');
    }
  }

  #add(start: number, end: number, rule: RuleName): void {
    this.found.add(start, end, ruleIndex(rule));
  }

  #token(bytes: Buffer, at: number, from: number, to: number): void {
    const tokens = this.#tokens;
    const start = tokens.startOf(bytes, at, from, to);
    if (start >= this.found.floor) this.found.add(start, tokens.end, tokens.rule);
  }

  #assignment(bytes: Buffer, at: number, from: number, to: number): void {
    const value = this.#value;
    if (assignmentAt(bytes, at, { from, to, names: this.#names }, value) && value.start >= this.found.floor) {
      this.#add(value.start, value.end, 'assignment');
    }
  }

  #colon(bytes: Buffer, at: number, from: number, to: number): void {
    const { found } = this;
    const count = found.count;
    const isUrl = bytes[at + 1] === 0x2f && bytes[at + 2] === 0x2f && at + 2 < to;
    if (isUrl) {
      const value = this.#value;
      const webhookEnd = this.#isOn('slack') ? slackWebhookEnd(bytes, at + 3, to, value) : -1;
      if (webhookEnd > 0) this.#add(value.start, value.end, 'slack');
      else if (this.#isOn('url_credentials') && urlCredentialsAt(bytes, at, to, value))
        this.#add(value.start, value.end, 'url_credentials');
      return;
    }
    if (this.#isOn('assignment')) this.#assignment(bytes, at, from, to);
    if (found.count > count || !this.#isOn('ip')) return;
    const range = this.#range;
    range.from = found.floor;
    range.to = to;
    if (ipv6At(bytes, at, range, this.#value)) this.#add(this.#value.start, this.#value.end, 'ip');
  }

  #dash(bytes: Buffer, at: number, from: number, to: number): void {
    const { found } = this;
    const count = found.count;
    this.#token(bytes, at, from, to);
    // Of a line of dashes, the first two count.
    if (found.count > count || at + 2 >= to || bytes[at + 1] !== DASH || (at > from && bytes[at - 1] === DASH)) return;
    if (this.#isOn('private_key')) {
      const end = privateKeyEnd(bytes, at, to);
      if (end > 0) this.#add(at, end, 'private_key');
    }
    if (found.count > count || !this.#isOn('assignment')) return;
    const value = this.#value;
    if (flagAt(bytes, at + 2, { from, to, names: this.#names }, value)) this.#add(value.start, value.end, 'assignment');
  }

  /** Looks at four digits or account bytes at `at`; returns where the scan goes on when they belong to something. */
  #lookAtDigits(bytes: Buffer, at: number, from: number, to: number): number {
    const codes = this.#codes;
    const all =
      (codes[bytes[at] as number] as number) &
      (codes[bytes[at + 1] as number] as number) &
      (codes[bytes[at + 2] as number] as number) &
      (codes[bytes[at + 3] as number] as number);
    if ((all & ACCOUNT_BIT) !== 0) {
      this.#accountWindows = this.#accountEnd === at ? this.#accountWindows + 1 : 1;
      this.#accountEnd = at + 4;
      if (this.#accountWindows >= ACCOUNT_WINDOWS) {
        const start = ibanStart(bytes, at, this.#ibanFrom, { from: this.found.floor, to });
        this.#ibanFrom = at;
        if (start >= 0) return this.found.add(start, ibanEnd(bytes, start, to), ruleIndex('iban'));
      }
    }
    if ((all & DIGIT_BIT) === 0 || at < this.#digitsEnd) return at;
    return this.#card(bytes, at, from, to);
  }

  #card(bytes: Buffer, at: number, from: number, to: number): number {
    const { found } = this;
    const end = runEnd(bytes, at, to, DIGIT);
    // A long run of digits is looked at once.
    this.#digitsEnd = end;
    const start = runStart(bytes, found.floor, at, { set: DIGIT, most: CARD_BYTES_MAX });
    const range = this.#range;
    range.from = from;
    range.to = to;
    if (plainCardEnd(bytes, start, end) > 0 && isApart(bytes, range, start, end) && !isDecimal(bytes, start, end, range)) {
      return found.add(start, end, ruleIndex('card'));
    }
    for (const offset of GROUP_OFFSETS) {
      const first = start - offset;
      if (first < found.floor || (first > from && !isGroupStart(bytes, first))) continue;
      const cardEnd = groupedCardEnd(bytes, first, to);
      if (cardEnd >= end && isGroupEnd(bytes, cardEnd, to)) return found.add(first, cardEnd, ruleIndex('card'));
    }
    return at;
  }
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
