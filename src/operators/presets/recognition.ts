import { LogBatch, ValueType, keyOf, type Key } from '#model';
import { AccessLog } from '../formats/access-log.ts';
import { Ascii } from '../formats/bytes.ts';
import { Container } from '../formats/container.ts';
import { FieldWriter } from '../formats/field-writer.ts';
import type { Format } from '../formats/format.ts';
import { Logfmt } from '../formats/logfmt.ts';
import { Syslog } from '../formats/syslog.ts';
import { ObjectParser } from '../json/object-parser.ts';
import { parseField } from '../field.ts';
import { TextSource } from '../text-source.ts';
import type { Zone } from '../time/zone.ts';
import { PlainText } from './plain-text.ts';
import { createPreset } from './preset.ts';

/** Formats that are recognised by themselves. `none` is a text without a time or a level. */
export type RecognisedName =
  | 'container'
  | 'structured_log'
  | 'central_json'
  | 'structlog'
  | 'llm_os'
  | 'common_json'
  | 'access_log'
  | 'server_error'
  | 'plex_plugin'
  | 'syslog'
  | 'common_logfmt'
  | 'plain'
  | 'none';

/** Names of fields that a JSON format has, all of them. More special ones come first. */
const JSON_SIGNS: readonly (readonly [RecognisedName, readonly string[]])[] = [
  ['container', ['log', 'stream', 'time']],
  ['structured_log', ['agent_id', 'log_level', 'message', 'context']],
  ['structured_log', ['log_id', 'agent_id', 'log_level']],
  ['central_json', ['agent_name', 'event_type', 'severity']],
  ['llm_os', ['category', 'level', 'timestamp']],
  ['structlog', ['event', 'level', 'timestamp']],
];
const PAIRS_MIN = 2;

const AUDIT_TYPE = Buffer.from('type=');
const AUDIT_NODE = Buffer.from('node=');
const AUDIT_MESSAGE = Buffer.from(' msg=audit(');
const AUDIT_HEAD_BYTES = 256;

/** Tells what format a text has, by reading it in each of them on a batch of its own. */
export class Recogniser {
  readonly #formats: ReadonlyMap<RecognisedName, Format>;
  readonly #objects = new ObjectParser(true);
  readonly #logfmt = new Logfmt(false);
  readonly #plain: PlainText;
  readonly #scratch = new LogBatch();
  readonly #source = new TextSource(parseField('body'));
  readonly #fields = new FieldWriter();
  readonly #signs = JSON_SIGNS.map(([name, keys]) => [name, keys.map((key) => keyOf(key))] as const);

  constructor(zone: Zone) {
    this.#plain = new PlainText(zone);
    this.#formats = createFormats(zone);
  }

  begin(nowMs: number): void {
    for (const format of this.#formats.values()) format.begin?.(nowMs);
  }

  /** What reads texts of the format. */
  formatOf(name: RecognisedName): Format | undefined {
    return this.#formats.get(name);
  }

  recognise(bytes: Buffer, from: number, to: number): RecognisedName {
    const scratch = this.#scratch;
    scratch.reset(bytes);
    scratch.addRow(ValueType.string, from, to - from);
    this.#source.find(scratch, 0);
    return bytes[from] === Ascii.openBrace ? this.#ofJson(bytes, from, to) : this.#ofText();
  }

  #ofJson(bytes: Buffer, from: number, to: number): RecognisedName {
    if (this.#objects.parse(this.#scratch, 0, bytes, from, to, false)) return 'none';
    for (const [name, keys] of this.#signs) if (keys.every((key) => this.#has(key))) return name;
    return 'common_json';
  }

  #has(key: Key): boolean {
    return this.#scratch.attributes.find(0, key) >= 0;
  }

  #ofText(): RecognisedName {
    for (const name of ['container', 'access_log', 'server_error', 'plex_plugin', 'syslog'] as const) {
      if (this.#formats.get(name)?.parse(this.#scratch, 0, this.#source, this.#fields) === undefined) return name;
    }
    if (isAudit(this.#source)) return 'none';
    const isLogfmt = this.#logfmt.parse(this.#scratch, 0, this.#source, this.#fields) === undefined;
    if (isLogfmt && this.#logfmt.pairs >= PAIRS_MIN && this.#logfmt.flags * 2 <= this.#logfmt.pairs) return 'common_logfmt';
    this.#plain.parse(this.#scratch, 0, this.#source);
    return this.#plain.hasTime || this.#plain.hasSeverity ? 'plain' : 'none';
  }
}

/**
 * The kernel's audit log looks like logfmt and is none: `msg` comes twice, once for the time and once with pairs of its
 * own, and one of them would be lost.
 */
function isAudit({ bytes, from, to }: TextSource): boolean {
  if (!startsWith(bytes, from, to, AUDIT_TYPE) && !startsWith(bytes, from, to, AUDIT_NODE)) return false;
  return bytes.subarray(from, Math.min(to, from + AUDIT_HEAD_BYTES)).includes(AUDIT_MESSAGE);
}

function startsWith(bytes: Buffer, from: number, to: number, text: Buffer): boolean {
  return from + text.length <= to && bytes.compare(text, 0, text.length, from, from + text.length) === 0;
}

function createFormats(zone: Zone): ReadonlyMap<RecognisedName, Format> {
  const presets = [
    'structured_log',
    'central_json',
    'structlog',
    'llm_os',
    'common_json',
    'common_logfmt',
    'server_error',
    'plex_plugin',
    'plain',
  ] as const;
  return new Map<RecognisedName, Format>([
    ...presets.map((name) => [name, createPreset(name, zone)] as const),
    ['container', new Container({ format: '', isPathRead: true, keepsNewline: false })],
    ['access_log', new AccessLog(true)],
    ['syslog', new Syslog({ protocol: '', zone, isPriorityOptional: true, isStrictWithoutPriority: true, isMessageBody: true })],
  ]);
}
