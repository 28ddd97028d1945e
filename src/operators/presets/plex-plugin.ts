import { ValueType, keyOf, resourceAttributes, withResourceAttributes, type AttributeValue, type LogBatch, type Origin } from '#model';
import { Ascii, Words, find, skipBlanks, wholeNumber } from '../formats/bytes.ts';
import { keysOf, type FieldWriter } from '../formats/field-writer.ts';
import type { Format } from '../formats/format.ts';
import { COMMON_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import type { TextSource } from '../text-source.ts';
import { IsoReader } from '../time/iso-reader.ts';
import type { Zone } from '../time/zone.ts';

const KEYS = keysOf('thread.id', 'log.logger', 'code.line.number');
const THREAD_DIGITS_MAX = 13;
const NO_LINE = 'no line of a plugin log';

/**
 * Lines of a media server's plugins:
 *
 *   2026-01-30 14:39:06,711 (7ae1b6527b38) :  INFO (agentkit:961) - AEBN  - Searching for matches
 *
 * The message becomes the body. The name of the agent comes out of the file's, `com.plexapp.agents.<name>.log`, and
 * becomes the service.
 */
export class PlexPlugin implements Format {
  readonly #words = new Words();
  readonly #time: IsoReader;
  readonly #severities = new SeverityLookup(COMMON_SEVERITIES);
  readonly #agents = new AgentNames();

  constructor(zone: Zone) {
    this.#time = new IsoReader(zone);
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    const time = this.#time;
    if (!time.read(bytes, from, to)) return NO_LINE;
    const threadAt = skipBlanks(bytes, time.end, to) + 1;
    if (bytes[threadAt - 1] !== Ascii.open) return NO_LINE;
    const threadEnd = find(view, Ascii.close, threadAt, to);
    const colon = skipBlanks(bytes, threadEnd + 1, to);
    if (bytes[colon] !== Ascii.colon) return NO_LINE;
    const levelAt = skipBlanks(bytes, colon + 1, to);
    const levelEnd = find(view, Ascii.space, levelAt, to);
    const placeAt = skipBlanks(bytes, levelEnd, to) + 1;
    if (bytes[placeAt - 1] !== Ascii.open) return NO_LINE;
    const placeEnd = find(view, Ascii.close, placeAt, to);
    if (placeEnd >= to) return NO_LINE;
    const dash = skipBlanks(bytes, placeEnd + 1, to);
    const bodyAt = bytes[dash] === Ascii.minus ? skipBlanks(bytes, dash + 1, to) : dash;

    fields.begin(batch, row);
    const thread = hexNumber(bytes, threadAt, threadEnd);
    if (thread >= 0) fields.int(KEYS['thread.id'], thread);
    let split = placeEnd;
    while (split > placeAt && bytes[split] !== Ascii.colon) split--;
    const line = split > placeAt ? wholeNumber(bytes, split + 1, placeEnd) : -1;
    fields.text(KEYS['log.logger'], source.position(placeAt), (line >= 0 ? split : placeEnd) - placeAt);
    if (line >= 0) fields.int(KEYS['code.line.number'], line);
    const problem = fields.commit(true);
    if (problem !== undefined) return problem;
    batch.timeMs[row] = time.ms;
    batch.timeNs[row] = time.ns;
    batch.severity[row] = this.#severities.ofBytes(bytes, levelAt, levelEnd);
    batch.severityTextStart[row] = source.position(levelAt);
    batch.severityTextSize[row] = levelEnd - levelAt;
    batch.bodyType[row] = ValueType.string;
    batch.bodyStart[row] = source.position(bodyAt);
    batch.bodySize[row] = to - bodyAt;
    this.#agents.apply(batch, row);
    return undefined;
  }
}

/** The number of a thread that Python wrote in hexadecimal, or -1. */
function hexNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > THREAD_DIGITS_MAX) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    const digit = byte >= 0x61 ? byte - 0x57 : byte >= 0x41 ? byte - 0x37 : byte - 0x30;
    if (digit < 0 || digit > 15 || (byte > 0x39 && byte < 0x41)) return -1;
    value = value * 16 + digit;
  }
  return value;
}

const NAMES = [keyOf('log.file.name'), keyOf('log.file.path')] as const;
const AGENT_FILE = /(?:^|[/\\])com\.plexapp\.agents\.(.+?)\.log(?:\.\d+)?$/;
const RESOURCES_KEPT_MAX = 1024;

/** Names the service by the agent in the name of the file, where the resource has none. */
class AgentNames {
  readonly #resources = new Map<string, Origin>();
  #name: AttributeValue | undefined;
  #before: Origin | undefined;
  #after: Origin | undefined;

  apply(batch: LogBatch, row: number): void {
    const name = batch.attribute(row, NAMES[0]) ?? batch.attribute(row, NAMES[1]);
    const before = batch.resources[batch.resourceOf[row] as number] as Origin;
    if (name !== this.#name || before !== this.#before) {
      this.#name = name;
      this.#before = before;
      this.#after = typeof name === 'string' ? this.#resourceFor(before, name) : undefined;
    }
    if (!this.#after) return;
    const known = batch.resources.lastIndexOf(this.#after);
    batch.resourceOf[row] = known >= 0 ? known : batch.addResource(this.#after);
  }

  #resourceFor(before: Origin, name: string): Origin | undefined {
    const agent = AGENT_FILE.exec(name)?.[1];
    const attributes = resourceAttributes(before);
    if (agent === undefined || attributes['service.name'] !== undefined) return undefined;
    const made = withResourceAttributes(before, { ...attributes, 'service.name': agent });
    const text = Buffer.from(made.encoded).toString('latin1');
    const known = this.#resources.get(text);
    if (known) return known;
    if (this.#resources.size >= RESOURCES_KEPT_MAX) this.#resources.clear();
    this.#resources.set(text, made);
    return made;
  }
}
