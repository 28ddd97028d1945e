import { Role, Vary, delimiter, isNumber, split, word, type Token } from './token.ts';
import { MESSAGE_KEYS } from './message-keys.ts';
import { PLACEHOLDER } from './variables.ts';

// Every rule here looks at words that are constant for `Shape` or at what kind of thing a number stands beside, never at
// the digits of a number: lines of one shape must come out alike, whichever of them is seen first.

const PATH = /^(?:\.{0,2}|~)\/.|:\/|\/.*\/|\/.*\.|\..*\//;
const BOOLEAN = /^(?:true|false)$/i;
/** `org.example.shop.Order`: a name of four parts or more is a value more often than a word. */
const QUALIFIED = /^[A-Za-z_$][\w$-]*(?:\.[\w$-]+){3,}$/;
/** `bob@example.org`: an address, whoever it belongs to. */
const MAIL = /^[^@]+@[^@]+\.[^@.]+$/;
const ONE_DIGIT = /^[A-Za-z_$\x80-\xff][^0-9]*[0-9][^0-9]*$/;
const HEX = /^[0-9a-f]{1,4}$/i;
const MONTH =
  /^(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)$/i;
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$/i;
const ZONE = /^(?:utc|gmt|pdt|pst|est|edt|cst|cdt|mst|mdt|cet|cest|bst|ist|jst|am|pm)$/i;
const UNIT = /^(?:b|kb|mb|gb|tb|kib|mib|gib|tib|bytes?|ns|us|ms|s|secs?|seconds?|mins?|minutes?|hours?)$/i;
const NOTHING = /^(?:null|nil|none|undefined|n\/a)$/i;

/** Tells which words of a line vary, and joins those that are one thing: an address and its port, a date, a list. */
function classify(tokens: readonly Token[]): Token[] {
  for (const token of tokens) if (token.isWord) token.vary = varyOf(token.text);
  markHexGroups(tokens);
  const joined = joinDates(joinAddresses(tokens));
  markUnits(joined);
  return joinLists(markValues(joined));
}

function varyOf(text: string): Token['vary'] {
  if (isNumber(text) || BOOLEAN.test(text) || PATH.test(text)) return Vary.always;
  return ONE_DIGIT.test(text) || QUALIFIED.test(text) || MAIL.test(text) ? Vary.soft : Vary.never;
}

/** `FF:F2:9F:E9` is one number as soon as one of its parts is. */
function markHexGroups(tokens: readonly Token[]): void {
  for (let i = 0; i < tokens.length; i++) {
    if (!isHexPart(tokens[i])) continue;
    const from = i;
    let hasNumber = isAlways(tokens[i]);
    while (tokens[i + 1]?.text === ':' && isHexPart(tokens[i + 2])) {
      i += 2;
      if (isAlways(tokens[i]) || /[0-9]/.test((tokens[i] as Token).text)) hasNumber = true;
    }
    if (i - from < 4 || !hasNumber) continue;
    for (let at = from; at <= i; at += 2) (tokens[at] as Token).vary = Vary.always;
  }
}

function isHexPart(token: Token | undefined): boolean {
  return token !== undefined && token.isWord && (isAlways(token) || HEX.test(token.text));
}

function isAlways(token: Token | undefined): boolean {
  return token !== undefined && token.isWord && token.vary === Vary.always;
}

/** `10.0.0.1:80`, `15:04:05`: what colons hold together is one value. */
function joinAddresses(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    let token = tokens[i] as Token;
    if (isAlways(token)) {
      const from = i;
      while (tokens[i + 1]?.text === ':' && isAlways(tokens[i + 2])) i += 2;
      if (i > from) token = word(textOf(tokens, from, i), Vary.always);
    }
    joined.push(token);
  }
  return joined;
}

function textOf(tokens: readonly Token[], from: number, to: number): string {
  let text = '';
  for (let i = from; i <= to; i++) text += (tokens[i] as Token).text;
  return text;
}

/** Names of months and days beside numbers, with the numbers around them. */
function joinDates(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const to = isDateName(token) ? endOfDate(tokens, i) : i;
    if (to === i) {
      joined.push(token);
      continue;
    }
    let text = textOf(tokens, i, to);
    // `21 Nov 2026`: the day stands before the month.
    if (MONTH.test(token.text) && isAlways(joined.at(-2)) && joined.at(-1)?.text === ' ') {
      text = `${(joined.at(-2) as Token).text} ${text}`;
      joined.length -= 2;
    }
    joined.push(word(text, Vary.always));
    i = to;
  }
  return joined;
}

function isDateName(token: Token | undefined): boolean {
  return token !== undefined && token.isWord && (MONTH.test(token.text) || WEEKDAY.test(token.text));
}

/** The last token of the date that begins at `from`; `from` itself when it is none. */
function endOfDate(tokens: readonly Token[], from: number): number {
  let end = from;
  let numbers = 0;
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (!token.isWord) {
      if (token.text.startsWith(' ') || token.text === ',') continue;
      break;
    }
    if (isAlways(token)) numbers++;
    else if (!isDateName(token) && !(numbers > 0 && ZONE.test(token.text))) break;
    end = i;
  }
  return numbers > 0 ? end : from;
}

/** `12 KB` and `3 ms`: a unit behind a number says as little about the template as the number. */
function markUnits(tokens: readonly Token[]): void {
  for (let i = 2; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (!token.isWord || token.vary !== Vary.never || !UNIT.test(token.text)) continue;
    if (!isAlways(tokens[i - 2]) || tokens[i - 1]?.text !== ' ') continue;
    token.vary = Vary.soft;
    token.role = Role.unit;
  }
}

/** `key=value`, and what brackets hold when they may be empty. An empty value is a value. */
function markValues(tokens: readonly Token[]): Token[] {
  const marked: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    marked.push(token);
    const next = tokens[i + 1];
    if (token.text === '=' && isKey(tokens, i)) {
      const at = next?.text === ' ' && (endsValue(tokens[i + 3]) || isQuote(tokens[i + 2])) ? i + 2 : i + 1;
      const value = isQuote(tokens[at]) ? quoted(tokens, at) : tokens[at];
      if (value?.isWord) markValue(value);
      else if (endsValue(next)) marked.push(word('', Vary.soft, Role.value));
    } else if (token.text === '[' && next?.text === ']') marked.push(word('', Vary.soft));
    else if (token.text === '(' && next?.text === ')' && (i === 0 || tokens[i - 1]?.text === ' ')) marked.push(word('', Vary.soft));
  }
  return marked;
}

/** Whether a word before `=` names a value. What is called a message is one: `msg=started` and `msg=stopped` are two. */
function isKey(tokens: readonly Token[], equals: number): boolean {
  const before = tokens[equals - 1];
  const key = before?.text === ' ' ? tokens[equals - 2] : before;
  return key?.isWord === true && !MESSAGE_KEYS.includes(key.text);
}

function isQuote(token: Token | undefined): boolean {
  return token !== undefined && (token.text === '"' || token.text === "'");
}

/** The word that stands alone between quotes. */
function quoted(tokens: readonly Token[], at: number): Token | undefined {
  return tokens[at + 2]?.text === tokens[at]?.text ? tokens[at + 1] : undefined;
}

function endsValue(token: Token | undefined): boolean {
  return token === undefined || token.text.startsWith(' ') || token.text === ',' || token.text === ';' || token.text === ')';
}

function markValue(value: Token): void {
  if (value.vary === Vary.always) return;
  value.vary = NOTHING.test(value.text) || QUALIFIED.test(value.text) ? Vary.always : Vary.soft;
  value.role = Role.value;
}

/** Three numbers or more in a row are one list: how many there are says nothing about the template. */
function joinLists(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    let to = i;
    let items = 1;
    if (isAlways(token)) {
      for (let next = nextItem(tokens, to); next > 0; next = nextItem(tokens, to)) {
        to = next;
        items++;
      }
    }
    if (items < 3) {
      joined.push(token);
      continue;
    }
    const list = word(textOf(tokens, i, to), Vary.always, Role.list);
    list.pieces = tokens
      .slice(i, to + 1)
      .map((item) => (item.isWord ? '<*>' : item.text))
      .join('');
    joined.push(list);
    i = to;
  }
  return joined;
}

function nextItem(tokens: readonly Token[], at: number): number {
  const separator = tokens[at + 1];
  if (separator?.text.startsWith(' ') && isAlways(tokens[at + 2])) return at + 2;
  if (separator?.text !== ',') return -1;
  if (isAlways(tokens[at + 2])) return at + 2;
  return tokens[at + 2]?.text.startsWith(' ') && isAlways(tokens[at + 3]) ? at + 3 : -1;
}

/** The tokens of a line, or of its message. */
export function parseLine(line: string): Token[] {
  const cut = line.indexOf('\n');
  const tokens = classify(split(cut < 0 ? line : line.slice(0, cut)));
  if (cut >= 0) tokens.push(delimiter('\n'), word('', Vary.always));
  return tokens;
}

/** Stands for a placeholder while a template is cut into tokens; no text log has it. */
const STAND_IN = '\0';

/** The tokens of a template as people write them: a word with a placeholder in it varies. */
export function parseSeed(text: string): Token[] {
  const tokens = parseLine(text.replaceAll(PLACEHOLDER, STAND_IN));
  return tokens.map((token) => {
    if (!token.isWord || !token.text.includes(STAND_IN)) return token;
    return word(token.text.replaceAll(STAND_IN, ''), token.vary === Vary.always ? Vary.always : Vary.seen);
  });
}
