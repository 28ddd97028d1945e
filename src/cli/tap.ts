import { createColors } from 'picocolors';
import { ConfigError, parseDuration, messageOf } from '#component';
import { severityName } from '#model';
import { NoAgentError, requestTap, type TapEvent } from '../control/index.ts';
import { directoryOfAgent, type AgentFlags } from './agent-directory.ts';
import { ExitCode } from './exit-codes.ts';
import type { Shell } from './shell.ts';

export interface TapFlags extends AgentFlags {
  readonly before?: boolean;
  readonly filter?: string;
  readonly limit?: string;
  readonly duration?: string;
  readonly format: 'text' | 'json';
  /** False after --no-redact. */
  readonly redact: boolean;
}

/** Exit code 0: the limit, the time, Ctrl-C or the stop of the agent ended it. 1: no agent answers, or it went without a word. */
export async function tap(component: string, flags: TapFlags, shell: Shell): Promise<number> {
  const limit = limitOf(flags);
  checkDuration(flags);
  const screen = new Screen(flags.format, shell);
  const signal = shell.interrupted?.() ?? new AbortController().signal;
  const { filter, duration, redact: isRedacted } = flags;
  try {
    await requestTap(
      await directoryOfAgent(flags, shell),
      { component, side: flags.before ? 'before' : 'after', filter, limit, duration, isRedacted },
      { signal, onOpen: () => screen.open(component, flags), onEvent: (event) => screen.show(event) },
    );
  } catch (error) {
    if (!(error instanceof NoAgentError)) throw error;
    shell.err(`winnow: ${error.message}\n`);
    return ExitCode.failure;
  }
  shell.err(screen.summary);
  return ExitCode.ok;
}

function limitOf({ limit }: TapFlags): number | undefined {
  if (limit === undefined) return undefined;
  if (/^[1-9][0-9]{0,9}$/.test(limit)) return Number(limit);
  throw new ConfigError([{ path: '--limit', message: `expected a whole number above 0, got "${limit}"` }]);
}

function checkDuration({ duration }: TapFlags): void {
  if (duration === undefined) return;
  try {
    parseDuration(duration);
  } catch (error) {
    throw new ConfigError([{ path: '--duration', message: messageOf(error) }], { cause: error });
  }
}

class Screen {
  readonly #format: TapFlags['format'];
  readonly #shell: Shell;
  readonly #colors: ReturnType<typeof createColors>;
  #shown = 0;
  #skipped = 0;
  #end = '';

  constructor(format: TapFlags['format'], shell: Shell) {
    this.#format = format;
    this.#shell = shell;
    this.#colors = createColors(shell.isOutTerminal ?? false);
  }

  open(component: string, { before = false }: TapFlags): void {
    this.#shell.err(`looking at what passes ${before ? 'before' : 'after'} ${component}; Ctrl-C ends\n`);
  }

  show(event: TapEvent): void {
    if ('record' in event) {
      this.#shown++;
      this.#shell.out(`${this.#format === 'json' ? JSON.stringify(event.record) : this.#formatText(event.record)}\n`);
    } else if ('skipped' in event) {
      this.#skipped += event.skipped;
      // Beside the records, so that JSON stays JSON.
      this.#shell.err(`${this.#colors.dim(`(${event.skipped} records passed unseen)`)}\n`);
    } else {
      this.#end = `; ${event.end}`;
    }
  }

  get summary(): string {
    return `${this.#shown} shown, ${this.#skipped} unseen${this.#end}\n`;
  }

  /** Time, severity, body, then the attributes. Those of the resource are in JSON only. */
  #formatText({ time, observed_time: observed, severity, body, attributes }: Readonly<Record<string, unknown>>): string {
    const { dim, cyan } = this.#colors;
    const name = severityName(Number(severity)) || '-';
    const facts = Object.entries(typeof attributes === 'object' && attributes !== null ? attributes : {});
    const parts = [dim(sayValue(time || observed || '-')), this.#paint(Number(severity), name.padEnd(5)), sayValue(body)];
    for (const [key, value] of facts) parts.push(`${cyan(key)}${dim('=')}${quoted(sayValue(value))}`);
    return parts.join(' ');
  }

  #paint(severity: number, text: string): string {
    const { red, yellow, green } = this.#colors;
    if (severity >= 17) return red(text);
    return severity >= 13 ? yellow(text) : green(text);
  }
}

// oxlint-disable-next-line no-control-regex -- they are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Control characters would move the cursor, or worse: what is logged is not ours to trust. */
function sayValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function quoted(text: string): string {
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
