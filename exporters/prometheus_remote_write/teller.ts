import type { Family, Meter } from '#series';
import { FamilyLines, type Moment } from './family-lines.ts';
import { Labels } from './labels.ts';
import { RequestWriter, type Request } from './request-writer.ts';

export interface TellerSettings {
  readonly meter: Meter;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Labels of series that have none of that name. */
  readonly ownLabels: Readonly<Record<string, string>>;
  readonly samplesMax: number;
  readonly bytesMax: number;
  readonly hasExemplars: boolean;
  readonly hasMetadata: boolean;
  readonly startMs: number;
}

const TARGET_INFO = 'target_info';

/**
 * Makes requests of what the meter has, moment by moment:
 *
 *   every series as it is now ─▶ the end of those that expire now ─▶ target_info
 *
 * Each series has rising times, whatever the clock does, and is told as it was last before it ends. What expires is
 * forgotten here and nowhere else: between two moments none can end and begin again.
 */
export class Teller {
  readonly #settings: TellerSettings;
  readonly #out: RequestWriter;
  readonly #families: readonly FamilyLines[];
  readonly #byFamily: ReadonlyMap<Family, FamilyLines>;
  readonly #others: ReadonlyMap<string, string>;
  /** The targets told last, by their labels as text. */
  #targets = new Map<string, ReadonlyMap<string, string>>();
  #lastMs: number;
  #sinceMs: number;

  constructor(settings: TellerSettings) {
    this.#settings = settings;
    this.#out = new RequestWriter(settings);
    this.#others = new Map(Object.entries({ ...settings.ownLabels, ...settings.externalLabels }));
    this.#families = settings.meter.families.map((family) => new FamilyLines(family, this.#others, settings));
    this.#byFamily = new Map(this.#families.map((lines) => [lines.family, lines]));
    // An agent that has just stopped may have ended its series a millisecond ahead of the clock.
    this.#lastMs = settings.startMs + 1;
    this.#sinceMs = settings.startMs;
  }

  /** All there is to tell at `clockMs`; `isLast` ends every series. */
  tell(clockMs: number, isLast: boolean): Request[] {
    const { meter, hasMetadata } = this.#settings;
    const out = this.#out;
    const beforeMs = this.#lastMs;
    const nowMs = Math.max(Math.floor(clockMs), beforeMs + 2);
    const moment: Moment = { nowMs, zeroMs: beforeMs + 1, sinceMs: this.#sinceMs, isLast };
    for (const lines of this.#families) lines.tell(out, moment);
    if (!isLast) meter.expire(clockMs, (family, index) => this.#byFamily.get(family)?.end(out, index, nowMs + 1));
    // Apart from the rest: resources may be those of other agents too, and a backend that refuses one of two equal
    // samples refuses the whole request.
    out.cut();
    this.#tellTargets(moment);
    if (hasMetadata) this.#describe();
    this.#lastMs = nowMs + 1;
    this.#sinceMs = clockMs;
    return out.take();
  }

  #tellTargets({ nowMs, isLast }: Moment): void {
    const told = new Map(this.#settings.meter.targets?.all());
    const end = isLast ? { staleMs: nowMs + 1 } : {};
    for (const pairs of told.values()) this.#out.series(this.#labelsOf(pairs), [], { value: { value: 1, timeMs: nowMs }, ...end });
    for (const [text, pairs] of this.#targets) if (!told.has(text)) this.#out.series(this.#labelsOf(pairs), [], { staleMs: nowMs });
    this.#targets = told;
  }

  #labelsOf(pairs: ReadonlyMap<string, string>): Labels {
    return new Labels(TARGET_INFO, [], [...this.#others, ...pairs]);
  }

  #describe(): void {
    for (const lines of this.#families) if (!lines.family.live().next().done) this.#out.describe(lines.description);
    if (this.#targets.size === 0) return;
    this.#out.describe({ name: TARGET_INFO, type: 'info', help: 'Resources that records came from.', unit: '' });
  }
}
