import { SeverityNumber } from '#model';

const { trace, debug, info, warn, error, fatal } = SeverityNumber;
const LAST = 24;

/** As slog writes what lies between its four levels: `ERROR+2`, `DEBUG-4`. Its steps are those of severity numbers. */
const SLOG_STEPS_MAX = 20;
const SLOG: readonly (readonly [string, number])[] = [
  ['debug', debug],
  ['info', info],
  ['warn', warn],
  ['error', error],
].flatMap(([name, number]) =>
  Array.from({ length: SLOG_STEPS_MAX }, (_, i) => i + 1).flatMap((step): [string, number][] => [
    [`${name}+${step}`, Math.min(Number(number) + step, LAST)],
    [`${name}-${step}`, Math.max(Number(number) - step, trace)],
  ]),
);

/**
 * The words that loggers of all languages use for severities, in lower case, and the numbers of bunyan and pino. Python's
 * CRITICAL is the last level before nothing works any more, so it is FATAL here.
 */
export const COMMON_SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['trace', trace],
  ['trce', trace],
  ['verbose', trace],
  ['vrb', trace],
  ['silly', trace],
  ['finest', trace],
  ['finer', trace + 1],
  ['debug', debug],
  ['dbg', debug],
  ['dbug', debug],
  ['debu', debug],
  ['fine', debug],
  ['config', debug + 1],
  ['info', info],
  ['inf', info],
  ['success', info],
  ['information', info],
  ['informational', info],
  ['notice', info + 1],
  ['note', info + 1],
  ['warn', warn],
  ['warning', warn],
  ['wrn', warn],
  ['error', error],
  ['err', error],
  ['erro', error],
  ['fail', error],
  ['severe', error],
  ['exception', error],
  ['crit', error + 1],
  ['alert', error + 2],
  // Of PostgreSQL and others in German, French, Spanish, Italian and Portuguese.
  ['hinweis', info + 1],
  ['warnung', warn],
  ['advertencia', warn],
  ['fehler', error],
  ['erreur', error],
  ['errore', error],
  ['critical', fatal],
  ['fatal', fatal],
  ['fata', fatal],
  ['ftl', fatal],
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
  ...SLOG,
]);

/** The same, and letters: where the name of a field says that it is a level, as MongoDB, glog and Android write it. */
export const FIELD_SEVERITIES: ReadonlyMap<string, number> = new Map([
  ...COMMON_SEVERITIES,
  ['v', trace],
  ['t', trace],
  ['d', debug],
  // MongoDB's are the more verbose the higher.
  ['d1', debug],
  ['d2', debug - 1],
  ['d3', debug - 2],
  ['d4', debug - 3],
  ['d5', trace],
  ['i', info],
  ['n', info + 1],
  ['w', warn],
  ['e', error],
  ['c', error + 1],
  ['f', fatal],
]);
