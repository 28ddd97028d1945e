/** Metrics made of log records: which series there are, what they count, and how a scraper reads them. Imported as `#series`. */
export { checkSeries } from './check.ts';
export type { SeriesConfig } from './config.ts';
export { CONTENT_TYPES, negotiate, OVERFLOW_LABEL, type Format } from './exposition.ts';
export type { Exemplar } from './exemplars.ts';
export type { Family } from './family.ts';
export { valuesOf } from './label-key.ts';
export { OVERFLOW } from './label-sets.ts';
export { Meter } from './meter.ts';
export { seriesProperties } from './schema.ts';
