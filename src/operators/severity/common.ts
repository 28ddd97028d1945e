import { SeverityNumber } from '#model';

const { trace, debug, info, warn, error, fatal } = SeverityNumber;

/**
 * The words that loggers of all languages use for severities, in lower case, and the numbers of bunyan and pino. Python's
 * CRITICAL is the last level before nothing works any more, so it is FATAL here.
 */
export const COMMON_SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['trace', trace],
  ['verbose', trace],
  ['finest', trace],
  ['finer', trace + 1],
  ['debug', debug],
  ['dbg', debug],
  ['fine', debug],
  ['config', debug + 1],
  ['info', info],
  ['information', info],
  ['informational', info],
  ['notice', info + 1],
  ['warn', warn],
  ['warning', warn],
  ['error', error],
  ['err', error],
  ['severe', error],
  ['exception', error],
  ['crit', error + 1],
  ['alert', error + 2],
  ['critical', fatal],
  ['fatal', fatal],
  ['panic', fatal],
  ['dpanic', fatal],
  ['emerg', fatal],
  ['emergency', fatal],
  ['10', trace],
  ['20', debug],
  ['30', info],
  ['40', warn],
  ['50', error],
  ['60', fatal],
]);
