import type { ReceiverFactory } from '#component';
import { checkOperators } from '#operators';
import { schema, type StdinConfig } from './config.ts';
import { StdinReceiver } from './stdin.ts';

export const factory: ReceiverFactory<StdinConfig> = {
  kind: 'receiver',
  type: 'stdin',
  stability: 'beta',
  summary: 'Reads lines from standard input, and ends the agent when all of them are safe.',
  schema,
  check: ({ operators }) => checkOperators(operators).map(({ path, message }) => ({ path: `operators.${path}`, message })),
  create: (config, settings, next) => new StdinReceiver(config, settings, next),
};
