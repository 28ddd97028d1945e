import { inspect } from 'node:util';
import type { Logger as OtelLogger } from '@opentelemetry/api';
import type { Facts, Logger } from '#component';
import { SEVERITY, type Level } from './level.ts';
import { redactFact, redactText } from './redact.ts';
import type { Repeats } from './repeats.ts';

interface Line {
  readonly level: Level;
  readonly message: string;
  readonly facts: Facts;
  readonly problem: unknown;
}

export interface LoggerSettings {
  readonly target: OtelLogger;
  readonly level: Level;
  readonly repeats: Repeats;
  readonly hasStacks: boolean;
}

/** The log that components write to: adds whose line it is, takes out secrets, sums up repeats. */
export function createLogger(settings: LoggerSettings, own: Facts = {}): Logger {
  const { target, repeats, hasStacks } = settings;
  const threshold = SEVERITY[settings.level];

  const emit = ({ level, message, facts, problem }: Line): void => {
    target.emit({
      severityNumber: SEVERITY[level],
      severityText: level.toUpperCase(),
      body: message,
      attributes: { ...attributesOf({ ...own, ...facts }), ...exceptionOf(problem, hasStacks) },
    });
  };

  const at = (level: Level) => {
    return (message: string, facts: Facts = {}, problem?: unknown): void => {
      if (SEVERITY[level] < threshold) return;
      const line = { level, message, facts, problem };
      // Who asked for DEBUG wants each line.
      const isAdmitted =
        level === 'debug' ||
        repeats.admits(`${level}\0${own['component']}\0${own['pipeline']}\0${message}`, JSON.stringify(facts), (repeated, seconds) =>
          emit({ ...line, facts: { ...facts, repeated, 'repeated.window': `${seconds}s` } }),
        );
      if (isAdmitted) emit(line);
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
