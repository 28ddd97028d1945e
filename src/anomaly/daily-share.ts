const HOURS = 24;
// The share of an hour counts as much as the share of the day once it has seen so many events.
const EVENTS_OF_DAY = 150;

/** A share of events, such as those that are errors, by hour of the day. Old ones fade. */
export class DailyShare {
  readonly #hits = new Float64Array(HOURS);
  readonly #events = new Float64Array(HOURS);
  readonly #minutes = new Float64Array(HOURS);
  readonly #keep: number;
  #allHits = 0;
  #allEvents = 0;

  /** `days`: how long an event counts. */
  constructor(days: number) {
    this.#keep = 1 - 1 / days;
  }

  get events(): number {
    return this.#allEvents;
  }

  /** The share that is usual at this minute, between hours and their neighbours. */
  at(minute: number): number {
    const ofDay = (this.#allHits + 0.5) / (this.#allEvents + 1);
    const hour = Math.floor(minute / 60) % HOURS;
    let hits = EVENTS_OF_DAY * ofDay;
    let events = EVENTS_OF_DAY;
    for (const [offset, weight] of NEIGHBOURS) {
      const at = (hour + offset + HOURS) % HOURS;
      hits += weight * (this.#hits[at] as number);
      events += weight * (this.#events[at] as number);
    }
    return hits / events;
  }

  /** How many are usual in this minute, whatever else happens in it. */
  perMinute(minute: number): number {
    const hour = Math.floor(minute / 60) % HOURS;
    let hits = 0;
    let minutes = 0;
    for (const [offset, weight] of NEIGHBOURS) {
      const at = (hour + offset + HOURS) % HOURS;
      hits += weight * (this.#hits[at] as number);
      minutes += weight * (this.#minutes[at] as number);
    }
    return minutes > 0 ? hits / minutes : 0;
  }

  add(minute: number, hits: number, events: number): void {
    const hour = Math.floor(minute / 60) % HOURS;
    // Each hour of the day fades once a day.
    const keep = minute % 60 === 0 ? this.#keep : 1;
    this.#allHits += hits - (1 - keep) * (this.#hits[hour] as number);
    this.#allEvents += events - (1 - keep) * (this.#events[hour] as number);
    this.#minutes[hour] = (this.#minutes[hour] as number) * keep + 1;
    this.#hits[hour] = (this.#hits[hour] as number) * keep + hits;
    this.#events[hour] = (this.#events[hour] as number) * keep + events;
  }

  save(): DailyShareState {
    return {
      hits: Array.from(this.#hits),
      events: Array.from(this.#events),
      minutes: Array.from(this.#minutes),
      all: [this.#allHits, this.#allEvents],
    };
  }

  load({ hits, events, minutes, all }: DailyShareState): void {
    this.#hits.set(hits);
    this.#events.set(events);
    this.#minutes.set(minutes);
    [this.#allHits, this.#allEvents] = all;
  }
}

const NEIGHBOURS = [
  [-1, 0.5],
  [0, 1],
  [1, 0.5],
] as const;

export interface DailyShareState {
  readonly hits: readonly number[];
  readonly events: readonly number[];
  readonly minutes: readonly number[];
  readonly all: readonly [number, number];
}
