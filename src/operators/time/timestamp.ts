import { TIME_MS_MAX, type LogBatch } from '#model';
import type { TimestampConfig } from '../config.ts';
import { excerpt } from '../failures.ts';
import { parseField } from '../field.ts';
import type { RowStep } from '../operator.ts';
import { Found, TextSource } from '../text-source.ts';
import { EPOCH_LAYOUTS, EpochReader, type EpochLayout } from './epoch-reader.ts';
import { LayoutReader } from './layout-reader.ts';
import { parseGoLayout, parseStrptimeLayout } from './layout.ts';
import { UTC, localZone, zoneOf } from './zone.ts';

/** Sets the time of a record from one of its fields. */
export class Timestamp implements RowStep {
  readonly #source: TextSource;
  readonly #layout: string;
  readonly #reader: LayoutReader | undefined;
  readonly #epoch: EpochReader | undefined;
  /** Where the last text of this batch lies: neighbours often have the same. */
  #lastBytes: Uint8Array | undefined;
  #lastFrom = 0;
  #lastSize = -1;
  #ms = 0;
  #ns = 0;
  #nowMs = 0;
  #problem = '';

  constructor(config: TimestampConfig) {
    this.#source = new TextSource(parseField(config.parse_from ?? ''));
    this.#layout = config.layout ?? '';
    if (config.layout_type === 'epoch') this.#epoch = createEpochReader(this.#layout);
    else this.#reader = createReader(config);
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lastSize = -1;
    this.#reader?.begin();
  }

  apply(batch: LogBatch, row: number): boolean {
    const source = this.#source;
    const found = source.find(batch, row);
    if (found === Found.missing) return this.#fail(`there is no ${source.field.text}`);
    const isRead = found === Found.text ? this.#text(source) : this.#number(source.number);
    if (!isRead) return false;
    if (!(this.#ms >= 0 && this.#ms <= TIME_MS_MAX)) return this.#fail('the time lies before 1970 or after 2554');
    batch.timeMs[row] = this.#ms;
    batch.timeNs[row] = this.#ns;
    return true;
  }

  describe(): string {
    return this.#problem;
  }

  #text(source: TextSource): boolean {
    const { bytes, from, to } = source;
    if (this.#isRepeated(bytes, from, to)) return true;
    const reader = this.#reader;
    const epoch = this.#epoch;
    if (reader?.read(bytes, from, to, this.#nowMs)) {
      this.#ms = reader.ms;
      this.#ns = reader.ns;
    } else if (epoch?.read(bytes, from, to)) {
      this.#ms = epoch.ms;
      this.#ns = epoch.ns;
    } else {
      this.#lastSize = -1;
      return this.#fail(`"${excerpt(source.text())}" is no time of the layout "${this.#layout}"`);
    }
    this.#lastBytes = bytes;
    this.#lastFrom = from;
    this.#lastSize = to - from;
    return true;
  }

  #number(value: number | undefined): boolean {
    this.#lastSize = -1;
    if (!this.#epoch || value === undefined || !this.#epoch.readNumber(value)) {
      return this.#fail(`${this.#source.field.text} is no ${this.#epoch ? 'count of time' : 'text'}`);
    }
    this.#ms = this.#epoch.ms;
    this.#ns = this.#epoch.ns;
    return true;
  }

  #isRepeated(bytes: Uint8Array, from: number, to: number): boolean {
    const size = this.#lastSize;
    if (to - from !== size || bytes !== this.#lastBytes) return false;
    const last = this.#lastFrom;
    // Times differ at their end first.
    for (let i = size - 1; i >= 0; i--) if (bytes[last + i] !== bytes[from + i]) return false;
    return true;
  }

  #fail(problem: string): false {
    this.#problem = problem;
    return false;
  }
}

function createEpochReader(layout: string): EpochReader {
  if (isEpochLayout(layout)) return new EpochReader(layout);
  throw new RangeError(`expected one of ${EPOCH_LAYOUTS.join(', ')} with layout_type: epoch, got "${layout}"`);
}

function isEpochLayout(layout: string): layout is EpochLayout {
  return (EPOCH_LAYOUTS as readonly string[]).includes(layout);
}

function createReader(config: TimestampConfig): LayoutReader {
  const text = config.layout ?? '';
  const layout = config.layout_type === 'gotime' ? parseGoLayout(text) : parseStrptimeLayout(text);
  const zone = config.location ? zoneOf(config.location) : layout.endsInZ ? UTC : localZone();
  return new LayoutReader(layout, zone);
}
