import type { ProcessorFactory } from '#component';
import { checkJoining, Joining, JOINING_RULES, joiningOptions, toJoiningOptions, type JoiningConfig } from '#operators';

export const factory: ProcessorFactory<JoiningConfig> = {
  kind: 'processor',
  type: 'multiline',
  aliases: ['recombine'],
  stability: 'alpha',
  summary: 'Joins the lines of stack traces, and others that belong together, into one record.',
  schema: { type: 'object', additionalProperties: false, properties: joiningOptions },
  check: checkJoining,
  readsIndentation: (config) => {
    const own = JOINING_RULES.flatMap((name) => config[name] ?? []);
    return own.length === 0 || own.some((text) => WHITE_SPACE.test(text));
  },
  create: (config, _settings, next) => new Joining(toJoiningOptions(config), next),
};

/** Of a pattern: white space, or all but that, at the beginning of a line. */
const WHITE_SPACE = /\^\W{0,3}(?:\\[sSt]|\\\\[sSt]| )/;
