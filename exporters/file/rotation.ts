import { parseDuration } from '#component';
import type { RotationConfig } from './config.ts';

const MIB = 1024 * 1024;
// A clock time that daylight saving leaves out today exists tomorrow.
const DAYS_AHEAD = 3;

/** When a file has to make way for a new one. */
export class RotationRules {
  readonly bytesMax: number;
  readonly isTimed: boolean;
  readonly #ageMaxMs: number;
  readonly #isLocal: boolean;
  /** Minutes since midnight. */
  readonly #times: readonly number[];

  constructor({ max_megabytes: megabytes, max_age: age, at, localtime }: RotationConfig) {
    this.bytesMax = megabytes * MIB;
    this.#ageMaxMs = parseDuration(age) || Number.POSITIVE_INFINITY;
    this.#isLocal = localtime;
    this.#times = at.map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
    this.isTimed = this.#times.length > 0 || Number.isFinite(this.#ageMaxMs);
  }

  /** The moment at which a file is over that was begun and last written then. */
  dueMs(begunMs: number, writtenMs: number): number {
    return Math.min(begunMs + this.#ageMaxMs, this.#nextTimeOfDay(writtenMs));
  }

  #nextTimeOfDay(ms: number): number {
    const date = new Date(ms);
    let next = Number.POSITIVE_INFINITY;
    for (let day = 0; day < DAYS_AHEAD; day++) {
      for (const minutes of this.#times) {
        const moment = this.#isLocal
          ? new Date(date.getFullYear(), date.getMonth(), date.getDate() + day, 0, minutes).getTime()
          : Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + day, 0, minutes);
        if (moment > ms) next = Math.min(next, moment);
      }
    }
    return next;
  }
}
