import { ALNUM, WORD, byteSet, type ByteSet } from './bytes.ts';
import { BEFORE_OPTION, OPTION_LETTERS } from './commands.ts';
import { IBAN_COUNTRIES } from './digits.ts';
import { DOMAIN, LOCAL } from './network.ts';
import type { RuleName } from './rules.ts';
import { NameKind, type SecretNames } from './secret-names.ts';
import { FORMS } from './tokens.ts';
import { Reason, STRIDE, Triggers, type Place } from './triggers.ts';

const BASE64URL = byteSet('0-9', 'A-Z', 'a-z', '_-');
const AZURE = byteSet('0-9', 'A-Z', 'a-z', '_~.-');

const members = (set: ByteSet): Place => Array.from(set.keys()).filter((byte) => set[byte] === 1);
const others = (set: ByteSet): Place => Array.from(set.keys()).filter((byte) => set[byte] === 0);
const letters = (text: string): Place[] => Array.from(Buffer.from(text, 'utf8'), (byte) => [byte]);
/** Each letter in either case. */
const anyCase = (text: string): Place[] =>
  Array.from(Buffer.from(text, 'latin1'), (byte) => (byte >= 0x61 && byte <= 0x7a ? [byte, byte & ~0x20] : [byte]));
const some = (set: ByteSet, count: number): Place[] => Array.from({ length: count }, () => members(set));

const ANY: Place = Array.from({ length: 256 }, (_, byte) => byte);
const BEFORE_WORD = others(WORD);
const BEFORE_NAME = others(ALNUM);
/** What stands behind a name: a sign, a quote, a backslash before a quote, a blank, the end of its line. */
const AFTER_NAME = Array.from(Buffer.from('=:>"\'\\ \t\r\n'));
/** Around the names that only a query parameter may have. */
const BEFORE_PARAMETER = Array.from(Buffer.from('?&'));
const EQUALS = Array.from(Buffer.from('='));
const SEPARATORS = Array.from(Buffer.from('_-.'));
/** How much of what follows a prefix helps to choose a place. */
const TAIL = 4;

/** Enters all that the rules look for. */
export function createTriggers(isOn: (rule: RuleName) => boolean, names: SecretNames): Triggers {
  const triggers = new Triggers();
  if (isOn('assignment')) for (const places of namePlaces(names)) triggers.add(places, Reason.name);
  if (isOn('assignment')) triggers.add([...anyCase("identified by '")], Reason.name);
  if (isOn('assignment')) enterOptions(triggers);
  if (isOn('url_credentials') || isOn('slack') || isOn('api_token')) triggers.add([members(BASE64URL), ...letters('://'), ANY], Reason.url);
  if (isOn('card')) {
    const digits = byteSet('0-9');
    triggers.add(some(digits, STRIDE + 2), Reason.digits);
    triggers.add([...some(digits, 2), members(byteSet(' -')), ...some(digits, 2)], Reason.groups);
  }
  if (isOn('iban')) {
    const digits = some(byteSet('0-9'), 2);
    const account = [members(byteSet('0-9', 'A-Z', ' '))];
    for (const country of IBAN_COUNTRIES) triggers.add([BEFORE_WORD, ...letters(country), ...digits, ...account], Reason.account);
  }
  for (const { rule, prefixes, set } of FORMS) {
    if (!isOn(rule)) continue;
    for (const prefix of prefixes) triggers.add([BEFORE_WORD, ...letters(prefix), ...some(set, TAIL)], Reason.shape);
  }
  if (isOn('jwt')) triggers.add([others(BASE64URL), ...letters('eyJ'), ...some(BASE64URL, TAIL)], Reason.shape);
  if (isOn('private_key')) triggers.add(letters('-----BEGIN '), Reason.shape);
  if (isOn('azure')) triggers.add([...some(AZURE, 3), members(byteSet('0-9')), ...letters('Q~'), ...some(AZURE, 2)], Reason.shape);
  if (isOn('authorization'))
    for (const scheme of ['bearer ', 'basic ', 'digest u']) triggers.add([BEFORE_WORD, ...anyCase(scheme)], Reason.shape);
  enterPersonal(triggers, isOn);
  return triggers;
}

/** One letter behind a dash, and what may be before and behind them. */
function enterOptions(triggers: Triggers): void {
  triggers.add([ANY, members(BEFORE_OPTION), ...letters('-'), Array.from(Buffer.from(OPTION_LETTERS)), ANY], Reason.option);
  triggers.add([...letters('-user'), [...members(BEFORE_OPTION), ...EQUALS]], Reason.option);
}

function enterPersonal(triggers: Triggers, isOn: (rule: RuleName) => boolean): void {
  const digit = byteSet('0-9');
  const hex = byteSet('0-9', 'a-f', 'A-F');
  if (isOn('email')) triggers.add([...some(LOCAL, 2), ...letters('@'), ...some(DOMAIN, 2)], Reason.shape);
  if (isOn('email')) triggers.add([BEFORE_WORD, ...some(LOCAL, 1), ...letters('@'), ...some(DOMAIN, 2)], Reason.shape);
  if (isOn('phone')) triggers.add([BEFORE_WORD, ...letters('+'), ...some(digit, 1), ...some(byteSet('0-9', ' .()/-'), 2)], Reason.shape);
  if (!isOn('ip')) return;
  for (const first of [1, 2, 3]) {
    for (const second of [1, 2, 3]) {
      triggers.add([BEFORE_WORD, ...some(digit, first), ...letters('.'), ...some(digit, second), ...letters('.')], Reason.shape);
    }
  }
  triggers.add([ANY, ...letters('::'), ...some(hex, 1), ANY], Reason.shape);
  for (const first of [1, 2, 3, 4]) {
    for (const second of [1, 2, 3, 4]) {
      triggers.add([BEFORE_WORD, ...some(hex, first), ...letters(':'), ...some(hex, second), ...letters(':')], Reason.shape);
    }
  }
}

/** Each name with and without a separator where it may have one. */
function* namePlaces(names: SecretNames): Generator<Place[]> {
  for (const { letters: text, breaks, isWhole, kind } of names.words) {
    const isParameter = kind === NameKind.signature;
    let variants: Place[][] = [[isParameter ? BEFORE_PARAMETER : isWhole ? BEFORE_NAME : ANY]];
    for (const [i, letter] of anyCase(Buffer.from(text).toString('latin1')).entries()) {
      const withSeparator = breaks[i] === 1 ? variants.map((places) => [...places, SEPARATORS, letter]) : [];
      variants = [...variants.map((places) => [...places, letter]), ...withSeparator];
    }
    for (const places of variants) yield [...places, isParameter ? EQUALS : AFTER_NAME];
  }
}
