import type { Kind } from '#component';
import { createJsonSchema, formatEffective } from '../config/index.ts';
import { formatProblem } from '#component';
import { registry } from '../registry.ts';
import { ExitCode } from './exit-codes.ts';
import { load, type ConfigFlags } from './load.ts';
import type { Shell } from './shell.ts';

export async function validate(flags: ConfigFlags, shell: Shell): Promise<number> {
  const { warnings, service } = await load(flags, shell);
  for (const warning of warnings) shell.err(`${formatProblem(warning)} (warning)\n`);
  const pipelines = service.pipelines.map(({ id }) => id).join(', ');
  shell.out(`The configuration is valid. Pipelines: ${pipelines}.\n`);
  return ExitCode.ok;
}

export async function printConfig(flags: ConfigFlags & { readonly defaults?: boolean }, shell: Shell): Promise<number> {
  const config = await load(flags, shell);
  shell.out(formatEffective(config, { defaults: flags.defaults ?? false }));
  return ExitCode.ok;
}

export async function printSchema(shell: Shell): Promise<number> {
  shell.out(`${JSON.stringify(await createJsonSchema(registry), null, 2)}\n`);
  return ExitCode.ok;
}

const KINDS: readonly Kind[] = ['receiver', 'processor', 'exporter', 'connector', 'extension'];

export async function listComponents({ json = false }: { readonly json?: boolean }, shell: Shell): Promise<number> {
  const factories = await Promise.all(registry.map((entry) => entry.load()));
  const rows = factories
    .map(({ kind, type, aliases = [], stability, summary }) => ({ kind, type, aliases, stability, summary }))
    .toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.type.localeCompare(b.type));
  if (json) {
    shell.out(`${JSON.stringify({ version: shell.version, components: rows }, null, 2)}\n`);
    return ExitCode.ok;
  }
  const width = Math.max(...rows.map(({ type }) => type.length));
  for (const kind of KINDS) {
    const own = rows.filter((row) => row.kind === kind);
    if (own.length === 0) continue;
    shell.out(`${kind}s\n`);
    for (const { type, aliases, stability, summary } of own) {
      const also = aliases.length > 0 ? ` Also: ${aliases.join(', ')}.` : '';
      shell.out(`  ${type.padEnd(width)}  ${stability.padEnd(11)}  ${summary}${also}\n`);
    }
  }
  return ExitCode.ok;
}
