import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DENSE, fill, type measure } from './dense-texts.fixture.ts';
import { RULE_NAMES, type RuleName } from './rules.ts';
import { Scanner } from './scanner.ts';
import { SecretNames } from './secret-names.ts';
import { HARMLESS_COMMANDS, ORDINARY, SECRETS } from './secrets.fixture.ts';

type Found = readonly (readonly [rule: string, text: string])[];

function findingsOf(scanner: Scanner, text: string): Found {
  // Something of the same kind before and behind must not be looked at.
  const around = Buffer.from('password=4');
  const bytes = Buffer.concat([around, Buffer.from(text), Buffer.from('4=:@')]);
  const count = scanner.scan(bytes, around.length, bytes.length - 4);
  const { starts, ends, rules } = scanner.found;
  return Array.from(
    { length: count },
    (_, i) => [RULE_NAMES[rules[i] as number] ?? '', bytes.toString('utf8', starts[i], ends[i])] as const,
  );
}

const all = (): boolean => true;
const names = new SecretNames(['ssn', 'date_of_birth']);
const quick = new Scanner(all, names);

const bits = [
  ...SECRETS.map(([, secret, around]) => around(secret)),
  ...SECRETS.map(([, secret]) => secret),
  ...SECRETS.map(([, secret]) => secret.slice(0, -1)),
  ...ORDINARY,
  ...HARMLESS_COMMANDS,
  ...'curl mysql| login|bin/| -u| -p| --user|machine |default |password |Digest username="'.split('|'),
  ...names.words.map(({ letters }) => Buffer.from(letters).toString()),
  ...'= : " \' \\" ": => -- _ . - / :// @ ? & < > ; , # 1 7 é A z'.split(' '),
  ' ',
  '\n',
  '\t',
  'Bearer ',
  'bearer ',
  'Basic ',
  'https://',
  'SSN',
  'dateOfBirth',
  'DE89',
  '3704',
  '0044',
  '2001:db8::',
  'fe80',
  '10.0.0.',
  '+49',
];
const anyText = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...bits) }, { weight: 1, arbitrary: fc.string({ maxLength: 6 }) }), {
    maxLength: 9,
  })
  .map((parts) => parts.join(''));

/**
 * Goal: the quick look passes nothing over. Method: random texts of secrets, parts of secrets and what stands around
 * them, against a scanner that looks closer at every byte.
 */
test('the quick look finds what a look at every byte finds', () => {
  const thorough = new Scanner(all, names, { isThorough: true });

  fc.assert(
    fc.property(anyText, (line) => {
      expect(findingsOf(quick, line)).toEqual(findingsOf(thorough, line));
    }),
    { numRuns: 3000 },
  );
});

function luhn(digits: string): boolean {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, i) => total + (i % 2 === 0 ? Number(digit) : ([0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)] ?? 0)), 0);
  return sum % 10 === 0;
}

function iban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  const number = (plain.slice(4) + plain.slice(0, 4)).replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(number) % 97n === 1n;
}

/** The rules whose findings can be said in a regular expression, said in one. */
const MODELS: Readonly<Partial<Record<RuleName, { readonly pattern: RegExp; readonly isValid?: (text: string) => boolean }>>> = {
  aws: { pattern: /(?<!\w)(?:AKIA|ASIA)[A-Z2-7]{16}(?!\w)/g },
  gcp: { pattern: /(?<!\w)(?:AIza[\w-]{35}(?![\w-])|ya29\.[\w-]{20,}|GOCSPX-[\w-]{28}(?![\w-]))/g },
  github: { pattern: /(?<!\w)(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_\w{40,})/g },
  stripe: { pattern: /(?<!\w)(?:[sr]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z+/=]{24,})/g },
  jwt: { pattern: /(?<![\w-])eyJ[\w-]{7,}\.eyJ[\w-]{5,}(?:\.[\w-]*)?/g },
  iban: { pattern: /(?<!\w)(?:DE\d{20}|DE\d\d(?: \d{4}){4} \d\d|GB\d\d[A-Z0-9]{18})(?!\w)/g, isValid: iban },
};

const ISSUED = new RegExp(
  '^(?:4(?:\\d{12}|\\d{15}|\\d{18})|5[1-5]\\d{14}|(?:222[1-9]|22[3-9]\\d|2[3-6]\\d\\d|27[01]\\d|2720)\\d{12}|3[47]\\d{13}' +
    '|(?:6011|64[4-9]\\d|65\\d\\d|35(?:2[89]|[3-8]\\d))\\d{12}(?:\\d{3})?|3(?:0[0-5]|6\\d|[89]\\d)\\d{11}|62\\d{14,17}' +
    '|(?:5018|5020|5038|6304|6759|676[0-3])\\d{12,15})$',
);
const GROUPED = [
  /\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{3}(?!\d)/y,
  /\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?!\d)/y,
  /\d{4}([ -])\d{6}\1\d{4,5}(?!\d)/y,
];

/** Cards from left to right, by trying each place and each way to write one. */
function cardsIn(line: string): string[] {
  const cards: string[] = [];
  const isCard = (digits: string): boolean => ISSUED.test(digits) && luhn(digits);
  let floor = 0;
  for (let at = 0; at < line.length; at++) {
    if (!/\d/.test(line.charAt(at)) || (at > floor && /[\w]/.test(line.charAt(at - 1)))) continue;
    const [plain = ''] = /^\d+/.exec(line.slice(at)) ?? [];
    const isDecimal = /\d\.$/.test(line.slice(floor, at)) || /^\.\d/.test(line.slice(at + plain.length));
    const isApart = !/^\w/.test(line.slice(at + plain.length));
    const found =
      !isDecimal && isApart && isCard(plain)
        ? plain
        : GROUPED.map((pattern) => {
            pattern.lastIndex = at;
            return pattern.exec(line)?.[0] ?? '';
          }).find(
            (text) =>
              isCard(text.replace(/[ -]/g, '')) &&
              !/^[\w-]/.test(line.slice(at + text.length)) &&
              (at === floor || line.charAt(at - 1) !== '-'),
          );
    if (found === undefined) continue;
    cards.push(found);
    at += found.length;
    floor = at--;
  }
  return cards;
}

/** Goal: what a rule finds is what it says. Method: the rule alone, against a regular expression and its check. */
describe('alone', () => {
  const digit = fc.constantFrom(...'0123456789'.split(''));
  const card = fc.array(digit, { minLength: 11, maxLength: 14 }).map((digits) => {
    const start = `4${digits.join('')}`;
    const last = Array.from('0123456789').find((each) => luhn(start + each)) ?? '';
    return start + last;
  });
  const account = fc.array(digit, { minLength: 18, maxLength: 18 }).map((digits) => {
    const check = Array.from({ length: 97 }, (_, i) => String(i + 2).padStart(2, '0')).find((each) => iban(`DE${each}${digits.join('')}`));
    return `DE${check}${digits.join('')}`;
  });
  const grouped = (whole: string): string => whole.replace(/(.{4})(?=.)/g, '$1 ');
  const piece = fc.oneof(
    fc.constantFrom(...bits),
    card,
    card.map(grouped),
    card.map((it) => grouped(it).replaceAll(' ', '-')),
    account,
    account.map(grouped),
    digit,
    fc.constantFrom(' ', '.', '-', 'x'),
  );
  const line = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join('').replace(/[^\x20-\x7e]/g, ' '));

  test('card finds what trying everything finds', () => {
    const scanner = new Scanner((name) => name === 'card', names);

    fc.assert(
      fc.property(line, (given) => {
        expect(findingsOf(scanner, given)).toEqual(cardsIn(given).map((found) => ['card', found]));
      }),
      { numRuns: 3000 },
    );
  });

  test.each(Object.keys(MODELS) as RuleName[])('%s finds what its regular expression finds', (rule) => {
    const scanner = new Scanner((name) => name === rule, names);
    const { pattern = /$^/g, isValid = all } = MODELS[rule] ?? {};

    fc.assert(
      fc.property(line, (given) => {
        const expected = Array.from(given.matchAll(pattern), ([found]) => [rule, found] as const).filter(([, found]) => isValid(found));
        expect(findingsOf(scanner, given)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

/**
 * Goal: no text of a mebibyte takes long. Method: texts that begin what a rule looks for and never end it, again and
 * again. The bound is generous for busy machines; what grows with the square of the length would take minutes.
 */
describe('a mebibyte of', () => {
  const secret = 'password="${ token=${x ';
  const texts = [
    'a',
    'y=',
    'token=${',
    'pwd=/',
    'password="',
    "token='${",
    'password=\\"${',
    'authorization: ',
    'authorization: Bearer ',
    'cookie: ',
    '--password ',
    secret,
    '://',
    'x://a:b',
    'eyJ',
    'eyJa.',
    'eyJaaaaaaaaa.eyJ',
    'xoxb-',
    'sk-',
    'sk-a',
    'ghp_',
    'SG.',
    '-',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY',
    '@',
    'a@b',
    'a@b.',
    '1.',
    '1.1.1.',
    ':',
    '1:',
    '1::',
    '+1',
    '+1 ',
    '4',
    '4111 ',
    '4111 1111 1111 ',
    '4111-',
    'DE12',
    'DE12 ',
    'DE89 3704 0044 0532 0130 0',
    'abcQ~',
    '1Q~',
    'Bearer ',
    'basic dXNlcg ',
    'é',
    '\0',
    '<password>',
    'password>',
    'page_token=',
    '_',
    'hooks.slack.com/',
    'https://hooks.slack.com/',
    'AKIA',
    ...DENSE,
  ];

  test.each(texts)('%j', (begin) => {
    const bytes = Buffer.from(fill(begin));

    const start = performance.now();
    quick.scan(bytes, 0, bytes.length);

    expect(performance.now() - start).toBeLessThan(5000);
  });
});

/**
 * Goal: a record of a mebibyte takes no longer than 50 ms of a quiet core. Method: the densest texts, in a process of its own that
 * runs the sources as they are, against walks over a text that take so long; what else the machine does changes both.
 */
test('a mebibyte of near misses takes no longer than 50 ms of a quiet core', { timeout: 60_000 }, () => {
  const fixture = new URL('dense-texts.fixture.ts', import.meta.url).href;
  const script = `const { measure } = await import(${JSON.stringify(fixture)}); process.stdout.write(JSON.stringify(measure()));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=winnow-source', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');

  const slow = (JSON.parse(stdout) as ReturnType<typeof measure>).filter(({ scanMs, walksMs }) => scanMs > walksMs);

  expect(slow).toEqual([]);
});
