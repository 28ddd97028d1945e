import { ALNUM, byteSet, DIGIT, isTextAt, runEnd, WORD, type ByteSet } from './bytes.ts';
import { ruleIndex, type RuleName } from './rules.ts';

/** A token that is known by how it begins. */
export interface TokenForm {
  readonly rule: RuleName;
  readonly prefixes: readonly string[];
  readonly set: ByteSet;
  /** How many bytes of `set` follow. More than `max` are another thing; without `max` all of them belong. */
  readonly min: number;
  readonly max?: number;
  /** For prefixes that begin ordinary words too: what follows has a digit among its first bytes. */
  readonly needsDigit?: boolean;
}

const HEX = byteSet('0-9', 'a-f');
const BASE32 = byteSet('A-Z', '2-7');
const WORD_DASH = byteSet('0-9', 'A-Z', 'a-z', '_-');
const WORD_DASH_DOT = byteSet('0-9', 'A-Z', 'a-z', '_.-');
const UPPER_DIGIT = byteSet('A-Z', '0-9');

/** How a private key in PEM begins when it is written in base64, as in a kubeconfig: 15 bytes are 20 letters, whatever follows. */
const PEM_IN_BASE64 = ['PRIV', 'RSA ', 'EC P', 'DSA ', 'OPEN', 'ENCR'].map((label) =>
  Buffer.from(`-----BEGIN ${label}`).toString('base64'),
);

export const FORMS: readonly TokenForm[] = [
  { rule: 'private_key', prefixes: PEM_IN_BASE64, set: byteSet('0-9', 'A-Z', 'a-z', '+/='), min: 20 },
  { rule: 'aws', prefixes: ['AKIA', 'ASIA'], set: BASE32, min: 16, max: 16 },
  { rule: 'gcp', prefixes: ['AIza'], set: WORD_DASH, min: 35, max: 35 },
  { rule: 'gcp', prefixes: ['ya29.'], set: WORD_DASH, min: 20 },
  { rule: 'gcp', prefixes: ['GOCSPX-'], set: WORD_DASH, min: 28, max: 28 },
  { rule: 'github', prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], set: ALNUM, min: 36 },
  { rule: 'github', prefixes: ['github_pat_'], set: byteSet('0-9', 'A-Z', 'a-z', '_'), min: 40 },
  { rule: 'gitlab', prefixes: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glsoat-'], set: WORD_DASH, min: 20 },
  {
    rule: 'slack',
    prefixes: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxo-', 'xoxr-', 'xoxs-', 'xoxe-', 'xapp-'],
    set: WORD_DASH_DOT,
    min: 10,
    needsDigit: true,
  },
  { rule: 'stripe', prefixes: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], set: ALNUM, min: 16 },
  { rule: 'stripe', prefixes: ['whsec_'], set: byteSet('0-9', 'A-Z', 'a-z', '+/='), min: 24 },
  { rule: 'api_token', prefixes: ['sk-'], set: WORD_DASH, min: 20, needsDigit: true },
  { rule: 'api_token', prefixes: ['npm_'], set: ALNUM, min: 36, max: 36 },
  { rule: 'api_token', prefixes: ['pypi-AgE'], set: WORD_DASH, min: 50 },
  { rule: 'api_token', prefixes: ['SG.'], set: WORD_DASH_DOT, min: 60, needsDigit: true },
  { rule: 'api_token', prefixes: ['SK'], set: HEX, min: 32, max: 32 },
  { rule: 'api_token', prefixes: ['hf_'], set: ALNUM, min: 34, max: 40 },
  { rule: 'api_token', prefixes: ['hvs.', 'hvb.'], set: WORD_DASH, min: 24 },
  { rule: 'api_token', prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'], set: HEX, min: 64, max: 64 },
  { rule: 'api_token', prefixes: ['shpat_', 'shpss_', 'shpca_', 'shppa_'], set: byteSet('0-9', 'a-f', 'A-F'), min: 32, max: 32 },
  { rule: 'api_token', prefixes: ['glsa_'], set: byteSet('0-9', 'A-Z', 'a-z', '_'), min: 36 },
  { rule: 'api_token', prefixes: ['lin_api_'], set: ALNUM, min: 32 },
  { rule: 'api_token', prefixes: ['NRAK-'], set: UPPER_DIGIT, min: 27, max: 27 },
  { rule: 'api_token', prefixes: ['PMAK-'], set: WORD_DASH, min: 40 },
  { rule: 'api_token', prefixes: ['sq0atp-', 'sq0csp-'], set: WORD_DASH, min: 22 },
  { rule: 'api_token', prefixes: ['ATATT3xF'], set: byteSet('0-9', 'A-Z', 'a-z', '_=-'), min: 40 },
  { rule: 'api_token', prefixes: ['dp.pt.', 'dp.st.'], set: WORD_DASH_DOT, min: 40 },
  { rule: 'api_token', prefixes: ['HRKU-'], set: WORD_DASH, min: 36 },
  { rule: 'api_token', prefixes: ['fm2_'], set: byteSet('0-9', 'A-Z', 'a-z', '+/=_-'), min: 40 },
  { rule: 'api_token', prefixes: ['sntrys_', 'sntryu_'], set: byteSet('0-9', 'A-Z', 'a-z', '+/=_'), min: 40 },
  { rule: 'api_token', prefixes: ['tskey-'], set: WORD_DASH, min: 24, needsDigit: true },
  { rule: 'api_token', prefixes: ['AGE-SECRET-KEY-1'], set: UPPER_DIGIT, min: 58, max: 58 },
  { rule: 'api_token', prefixes: ['key-'], set: HEX, min: 32, max: 32 },
];

/** How far into a token a digit is looked for, so that a long text without one costs little. */
const DIGIT_WITHIN = 32;

/** A form with one prefix. */
interface Token {
  readonly rule: number;
  readonly prefix: Uint8Array;
  /** Which byte of the prefix the scan stops at: a rare one. */
  readonly anchor: number;
  readonly form: TokenForm;
}

// The scan stops at every anchor: first those it has to stop at anyhow, then letters that are rare in logs.
const RARE = '_-JXQIKGPzv.';

/** Finds tokens by the pair of bytes at the rarest place of their prefix. */
export class Tokens {
  /** 1 for the bytes the scan has to stop at. */
  readonly anchors: Uint8Array = new Uint8Array(256);
  /** Tokens by the pair of bytes that ends with their anchor; 0 for none. */
  readonly #bucketOf: Uint8Array = new Uint8Array(65_536);
  readonly #buckets: Token[][] = [[]];
  readonly #digitless: Digitless = { set: undefined, from: 0, to: 0 };
  /** End of the token when `startOf` has found one. */
  end = 0;
  rule = 0;

  constructor(isOn: (rule: RuleName) => boolean) {
    for (const form of FORMS) {
      if (!isOn(form.rule)) continue;
      for (const text of form.prefixes) this.#add(form, text);
    }
  }

  #add(form: TokenForm, text: string): void {
    const anchor = anchorOf(text);
    const prefix = Buffer.from(text);
    const pair = ((prefix[anchor - 1] as number) << 8) | (prefix[anchor] as number);
    this.anchors[pair & 255] = 1;
    if (this.#bucketOf[pair] === 0) this.#bucketOf[pair] = this.#buckets.push([]) - 1;
    this.#buckets[this.#bucketOf[pair] as number]?.push({ rule: ruleIndex(form.rule), prefix, anchor, form });
  }

  /** Another text begins. */
  begin(): void {
    this.#digitless.set = undefined;
  }

  /** Start of the token whose anchor is at `at`, or -1. */
  startOf(bytes: Uint8Array, at: number, from: number, to: number): number {
    if (at === from) return -1;
    const bucket = this.#bucketOf[((bytes[at - 1] as number) << 8) | (bytes[at] as number)] as number;
    if (bucket === 0) return -1;
    for (const token of this.#buckets[bucket] as Token[]) {
      const start = at - token.anchor;
      if (start < from || (start > from && WORD[bytes[start - 1] as number] === 1)) continue;
      if (!isTextAt(bytes, start, to, token.prefix)) continue;
      this.end = endOf(bytes, start + token.prefix.length, to, token.form, this.#digitless);
      if (this.end < 0) continue;
      this.rule = token.rule;
      return start;
    }
    return -1;
  }
}

/** Bytes that were looked at: all of `set`, and none a digit. */
interface Digitless {
  set: ByteSet | undefined;
  from: number;
  to: number;
}

function endOf(bytes: Uint8Array, at: number, to: number, { set, min, max, needsDigit }: TokenForm, digitless: Digitless): number {
  // Looked for first: a long run that is none must not be gone through again from its middle.
  if (needsDigit && !hasDigit(bytes, at, Math.min(to, at + DIGIT_WITHIN), set, digitless)) return -1;
  const end = runEnd(bytes, at, max === undefined ? to : Math.min(to, at + max + 1), set);
  const length = end - at;
  if (length < min || (max !== undefined && length > max)) return -1;
  // What goes on with a letter that the form does not have is another word, unless the form has no upper bound.
  if (max !== undefined && end < to && WORD[bytes[end] as number] === 1) return -1;
  return end;
}

/** Goes on where the last look has ended, when this one begins within it: prefixes may follow one another. */
function hasDigit(bytes: Uint8Array, at: number, to: number, set: ByteSet, digitless: Digitless): boolean {
  const isKnown = digitless.set === set && at >= digitless.from && at < digitless.to;
  let i = isKnown ? digitless.to : at;
  while (i < to && set[bytes[i] as number] === 1 && DIGIT[bytes[i] as number] === 0) i++;
  if (!isKnown) digitless.from = at;
  digitless.set = set;
  digitless.to = i;
  return i < to && DIGIT[bytes[i] as number] === 1 && set[bytes[i] as number] === 1;
}

function anchorOf(text: string): number {
  for (const letter of RARE) {
    const at = text.indexOf(letter, 1);
    if (at > 0) return at;
  }
  return text.length - 1;
}
