/** The running agent: components joined into pipelines, started, stopped and accounted for. */
export { computeBooks } from './books.ts';
export { toPlainRecord, type PlainRecord } from './plain-record.ts';
export { Service, StartError } from './service.ts';
export { Statuses } from './statuses.ts';
export { systemClock } from './system-clock.ts';
export { TapError, type TapSide, type Watcher } from './tap-points.ts';
