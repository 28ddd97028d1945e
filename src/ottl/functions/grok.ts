import type { CompiledRegex } from '../../operators/regex/compile.ts';
import { compileGroups } from '../pattern.ts';
import { toDouble, toMap, type Value, type ValueMap } from '../value.ts';

/** The patterns everybody uses. Those of particular products are not here; `patternDefinitions` adds what is missing. */
const PATTERNS: Readonly<Record<string, string>> = {
  WORD: '\\b\\w+\\b',
  NOTSPACE: '\\S+',
  SPACE: '\\s*',
  DATA: '.*?',
  GREEDYDATA: '.*',
  INT: '[+-]?[0-9]+',
  BASE10NUM: '[+-]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)',
  NUMBER: '%{BASE10NUM}',
  BASE16NUM: '[+-]?(?:0x)?[0-9A-Fa-f]+',
  POSINT: '\\b[1-9][0-9]*\\b',
  NONNEGINT: '\\b[0-9]+\\b',
  BOOL: 'true|false',
  QUOTEDSTRING: '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'',
  QS: '%{QUOTEDSTRING}',
  UUID: '[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}',
  USERNAME: '[a-zA-Z0-9._-]+',
  USER: '%{USERNAME}',
  EMAILLOCALPART: "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+",
  EMAILADDRESS: '%{EMAILLOCALPART}@%{HOSTNAME}',
  MAC: '(?:[A-Fa-f0-9]{2}[:-]){5}[A-Fa-f0-9]{2}',
  IPV4: '(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])',
  IPV6: '(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%{IPV4})?',
  IP: '(?:%{IPV4}|%{IPV6})',
  HOSTNAME: '\\b[0-9A-Za-z][0-9A-Za-z-]*(?:\\.[0-9A-Za-z][0-9A-Za-z-]*)*\\.?',
  HOST: '%{HOSTNAME}',
  IPORHOST: '(?:%{IP}|%{HOSTNAME})',
  HOSTPORT: '%{IPORHOST}:%{POSINT}',
  UNIXPATH: '(?:/[^/\\s]*)+',
  WINPATH: '(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\?*]*)+',
  PATH: '(?:%{UNIXPATH}|%{WINPATH})',
  TTY: '/dev/(?:pts|tty(?:[pq])?)(?:\\w+)?/?(?:[0-9]+)',
  URIPROTO: '[A-Za-z][A-Za-z0-9+.-]+',
  URIHOST: '%{IPORHOST}(?::%{POSINT})?',
  URIPATH: '(?:/[^\\s?#]*)+',
  URIPARAM: '\\?[^\\s#]*',
  URIPATHPARAM: '%{URIPATH}(?:%{URIPARAM})?',
  URI: '%{URIPROTO}://(?:%{USER}(?::[^@\\s]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?',
  MONTH:
    '\\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\b',
  MONTHNUM: '(?:0?[1-9]|1[0-2])',
  MONTHDAY: '(?:0[1-9]|[12][0-9]|3[01]|[1-9])',
  DAY: '(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)',
  YEAR: '[0-9]{4}|[0-9]{2}',
  HOUR: '(?:2[0123]|[01]?[0-9])',
  MINUTE: '[0-5][0-9]',
  SECOND: '(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?',
  TIME: '%{HOUR}:%{MINUTE}(?::%{SECOND})?',
  DATE_US: '%{MONTHNUM}[/-]%{MONTHDAY}[/-](?:%{YEAR})',
  DATE_EU: '%{MONTHDAY}[./-]%{MONTHNUM}[./-](?:%{YEAR})',
  DATE: '(?:%{DATE_US}|%{DATE_EU})',
  DATESTAMP: '%{DATE}[- ]%{TIME}',
  ISO8601_TIMEZONE: '(?:Z|[+-]%{HOUR}:?%{MINUTE})',
  TIMESTAMP_ISO8601: '[0-9]{4}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?',
  TZ: '[A-Z]{3,4}',
  SYSLOGTIMESTAMP: '%{MONTH} +%{MONTHDAY} %{TIME}',
  HTTPDATE: '%{MONTHDAY}/%{MONTH}/[0-9]{4}:%{TIME} %{INT}',
  PROG: '[\\x21-\\x5a\\x5c\\x5e-\\x7e]+',
  SYSLOGPROG: '%{PROG:process.name}(?:\\[%{POSINT:process.pid:int}\\])?',
  SYSLOGHOST: '%{IPORHOST}',
  LOGLEVEL: '(?i:trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|alert|fatal|severe|emerg(?:ency)?)',
};

const REFERENCE = /%\{(\w+)(?::([\w.@[\]-]+))?(?::(\w+))?\}/g;
const NAMED_GROUP = /\(\?P?<([\w.]+)>/g;
const DEPTH_MAX = 20;
const LENGTH_MAX = 50_000;

export interface Grok {
  readonly regex: CompiledRegex;
  /** Gives the groups the names and types that the pattern asked for. */
  readonly finish: (groups: ValueMap) => ValueMap;
}

interface Capture {
  readonly name: string;
  readonly type: string | undefined;
}

/** Compiles a grok pattern. Throws RangeError. */
export function compileGrok(pattern: string, definitions: readonly string[], isNamedOnly: boolean): Grok {
  const known = new Map(Object.entries(PATTERNS));
  for (const definition of definitions) {
    const at = definition.indexOf('=');
    if (at <= 0) throw new RangeError(`expected definitions such as "NAME=pattern", got "${definition}"`);
    known.set(definition.slice(0, at), definition.slice(at + 1));
  }
  const captures: Capture[] = [];
  // RE2's names have no dots, so groups are numbered and named afterwards.
  const capture = (name: string, type: string | undefined): string => `(?P<g${captures.push({ name, type }) - 1}>`;
  const expand = (text: string, depth: number): string => {
    if (depth > DEPTH_MAX) throw new RangeError(`its definitions are nested deeper than ${DEPTH_MAX}`);
    const numbered = text.replace(NAMED_GROUP, (_, name: string) => capture(name, undefined));
    const expanded = numbered.replace(REFERENCE, (_, syntax: string, name: string | undefined, type: string | undefined) => {
      const inner = known.get(syntax);
      if (inner === undefined) throw new RangeError(`"%{${syntax}}" is not known; define it in patternDefinitions`);
      const open = name !== undefined ? capture(name, type) : isNamedOnly || depth > 0 ? '(?:' : capture(syntax, type);
      return `${open}${expand(inner, depth + 1)})`;
    });
    if (expanded.length > LENGTH_MAX) throw new RangeError('it grows too large');
    return expanded;
  };
  const regex = compileGroups(expand(pattern, 0));
  return {
    regex,
    finish: (groups) => toMap(Object.entries(groups).map(([id, value]) => named(captures[Number(id.slice(1))], value))),
  };
}

function named(capture: Capture | undefined, value: Value): [string, Value] {
  return [capture?.name ?? '', typed(value, capture?.type)];
}

function typed(value: Value, type: string | undefined): Value {
  switch (type) {
    case 'int':
    case 'long':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case 'double':
    case 'float':
      return Number.isFinite(Number(value)) ? toDouble(Number(value)) : value;
    case 'boolean':
      return value === 'true';
    default:
      return value;
  }
}
