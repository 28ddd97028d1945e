import type { LogBatch } from '#model';
import type { FieldWriter } from '../formats/field-writer.ts';
import type { Format } from '../formats/format.ts';
import { Logfmt } from '../formats/logfmt.ts';
import type { PresetName } from '../formats/config.ts';
import { ObjectParser } from '../json/object-parser.ts';
import type { TextSource } from '../text-source.ts';
import type { Zone } from '../time/zone.ts';
import { FieldMap } from './field-map.ts';
import { PlainText } from './plain-text.ts';
import { PlexPlugin } from './plex-plugin.ts';
import type { Rules } from './rules.ts';
import { ServerError } from './server-error.ts';
import { TABLES } from './tables.ts';

/** The format that a preset's name stands for. */
export function createPreset(name: PresetName, zone: Zone): Format {
  switch (name) {
    case 'plex_plugin':
      return new PlexPlugin(zone);
    case 'server_error':
      return new ServerError(zone);
    case 'plain':
      return new PlainText(zone);
    case 'common_logfmt':
      return new MappedLogfmt(TABLES[name], zone);
    default:
      return new MappedJson(TABLES[name], zone);
  }
}

/** A JSON object whose fields are put in their places. They always become attributes. */
class MappedJson implements Format {
  readonly #objects = new ObjectParser(true);
  readonly #map: FieldMap;

  constructor(rules: Rules, zone: Zone) {
    this.#map = new FieldMap(rules, zone);
  }

  parse(batch: LogBatch, row: number, source: TextSource): string | undefined {
    const { bytes, from, to, isSide } = source;
    const first = batch.attributes.count;
    const problem = this.#objects.parse(batch, row, bytes, from, to, isSide);
    if (problem) return `no JSON object: ${problem.message} at position ${problem.at - from + 1}`;
    this.#map.apply(batch, row, first);
    return undefined;
  }
}

class MappedLogfmt implements Format {
  readonly #logfmt = new Logfmt(true);
  readonly #map: FieldMap;

  constructor(rules: Rules, zone: Zone) {
    this.#map = new FieldMap(rules, zone);
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const first = batch.attributes.count;
    const problem = this.#logfmt.parse(batch, row, source, fields);
    if (problem !== undefined) return problem;
    this.#map.apply(batch, row, first);
    return undefined;
  }
}
