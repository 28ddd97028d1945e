/** The running agent: components joined into pipelines, started, stopped and accounted for. */
export { computeBooks } from './books.ts';
export { Service, StartError } from './service.ts';
export { Statuses } from './statuses.ts';
export { systemClock } from './system-clock.ts';
