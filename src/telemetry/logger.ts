import { inspect } from 'node:util';
import type { Clock, Facts, Logger } from '#component';
import { severityOf, type Level } from './level.ts';
import type { LineSink } from './line.ts';
import { redactFact, redactText } from './redact.ts';
import type { Repeats } from './repeats.ts';

export interface LoggerSettings {
  readonly sink: LineSink;
  readonly clock: Clock;
  readonly level: Level;
  readonly repeats: Repeats;
  readonly hasStacks: boolean;
}

/** The log that components write to: adds whose line it is, takes out secrets, sums up repeats. */
export function createLogger(settings: LoggerSettings, own: Facts = {}): Logger {
  const { sink, clock, repeats, hasStacks } = settings;
  const threshold = severityOf(settings.level);

  const at = (level: Level) => {
    return (message: string, facts: Facts = {}, problem?: unknown): void => {
      if (severityOf(level) < threshold) return;
      const write = (more: Facts = {}): void => {
        const attributes = { ...attributesOf({ ...own, ...facts, ...more }), ...exceptionOf(problem, hasStacks) };
        sink({ time: new Date(clock.now()), level, message, attributes });
      };
      const key = `${level} ${own['component']} ${own['pipeline']} ${message}`;
      const writeSum = (repeated: number, seconds: number): void => write({ repeated, 'repeated.window': `${seconds}s` });
      // Who asked for DEBUG wants each line.
      if (level === 'debug' || repeats.admits(key, JSON.stringify(facts), writeSum)) write();
    };
  };

  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (facts) => createLogger(settings, { ...own, ...facts }),
  };
}

function attributesOf(facts: Facts): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) attributes[name] = redactFact(name, value);
  return attributes;
}

function exceptionOf(problem: unknown, hasStack: boolean): Record<string, string> {
  if (problem === undefined) return {};
  if (!(problem instanceof Error)) return { 'exception.message': redactText(inspect(problem)) };
  return {
    'exception.type': problem.name,
    'exception.message': redactText(problem.message),
    ...(hasStack && { 'exception.stacktrace': redactText(stackOf(problem)) }),
  };
}

/** The stack, with those of its causes. */
function stackOf(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
