import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One thing that installing or removing a service does. `--dry-run` shows the list instead of doing it. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number; readonly keepExisting: boolean }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'run'; readonly command: readonly string[]; readonly unless?: readonly string[] };

/** What a step does, in one line and, for a file, its content below. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'write': {
      const kept = step.keepExisting ? ', unless it exists' : '';
      return `write ${step.path} (mode ${step.mode.toString(8).padStart(4, '0')}${kept})\n${indent(step.content)}`;
    }
    case 'remove':
      return `remove ${step.path}`;
    case 'run':
      return `run   ${step.command.join(' ')}${step.unless ? `   (unless "${step.unless.join(' ')}" succeeds)` : ''}`;
  }
}

export function performStep(step: Step): void {
  switch (step.kind) {
    case 'write':
      if (step.keepExisting && existsSync(step.path)) return;
      mkdirSync(dirname(step.path), { recursive: true });
      writeFileSync(step.path, step.content, { mode: step.mode });
      return;
    case 'remove':
      rmSync(step.path, { force: true });
      return;
    case 'run':
      if (step.unless && succeeds(step.unless)) return;
      run(step.command);
  }
}

/** Runs a command with its output on the terminal; throws with the command in the message. */
function run([program, ...args]: readonly string[]): void {
  execFileSync(program ?? '', args, { stdio: 'inherit' });
}

function succeeds([program, ...args]: readonly string[]): boolean {
  try {
    execFileSync(program ?? '', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}
