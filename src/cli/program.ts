import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '#component';
import { ExitCode } from './exit-codes.ts';
import type { ConfigFlags } from './load.ts';
import type { Shell } from './shell.ts';

const COMMON = `
Exit codes:
  0   all is well
  1   something failed at run time; status: no agent answers
  2   the configuration or the command line is wrong
  3   something the agent needs is taken or out of reach (a port, the storage)
  70  a bug of the agent ended it; what it had acknowledged is safe, start it again
  130, 143  a second Ctrl-C or SIGTERM cut the shutdown short

Examples:
  winnow run --config /etc/winnow/config.yaml
  winnow validate --config config.yaml
  winnow status`;

/** Runs one command line; resolves to the exit code. Code of a command is loaded only when it is asked for. */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = createProgram(shell, (code) => (exitCode = code));
  if (args[0] !== 'run') program.addCommand(inheritSettings(program, (await import('./service/index.ts')).createServiceCommand()));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, shell);
  }
}

function explain(error: unknown, shell: Shell): number {
  // Commander has written its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof ConfigError) {
    for (const { position, path, message } of error.problems) shell.err(`${[position, path, message].filter(Boolean).join(': ')}\n`);
    const { length } = error.problems;
    shell.err(`${length === 1 ? '1 mistake' : `${length} mistakes`} in the configuration\n`);
    return ExitCode.usage;
  }
  const isDebugging = shell.env['LOG_LEVEL']?.toLowerCase() === 'debug';
  shell.err(`winnow: ${error instanceof Error ? (isDebugging && error.stack) || error.message : String(error)}\n`);
  return ExitCode.failure;
}

/** Subcommands made elsewhere answer to the same shell. */
function inheritSettings(program: Command, command: Command): Command {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) inner.copyInheritedSettings(program);
  return command;
}

interface Cli {
  readonly program: Command;
  readonly shell: Shell;
  /** Takes the exit code. */
  readonly finish: (code: number) => void;
}

function createProgram(shell: Shell, finish: (code: number) => void): Command {
  const program = new Command('winnow')
    .description('OpenTelemetry log agent: tails files, forwards to any OTLP backend, loses nothing.')
    .version(shell.version, '-v, --version', 'show the version')
    .helpCommand('help [command]', 'show the help of a command')
    .configureOutput({
      writeOut: shell.out,
      writeErr: shell.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'winnow: ')),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('see winnow --help')
    .exitOverride()
    .addHelpText('after', COMMON);
  for (const add of COMMANDS) add({ program, shell, finish });
  return program;
}

function addRun({ program, shell, finish }: Cli): void {
  configured(program.command('run'))
    .description('run the agent until SIGTERM or Ctrl-C; a second one stops it at once')
    .addOption(new Option('--shutdown-timeout <duration>', 'how long a stop may take before it is cut short').default('25s'))
    .option('--storage <folder>', 'where positions and queues are kept (default: $STATE_DIRECTORY, else a folder of the user)')
    .addHelpText(
      'after',
      examples(
        'winnow run --config config.yaml',
        'winnow run --config base.yaml --config host.yaml --set service.telemetry.logs.level=debug',
      ),
    )
    .action(async (flags) => finish(await (await import('./run.ts')).run(flags, shell)));
}

function addValidate({ program, shell, finish }: Cli): void {
  configured(program.command('validate'))
    .description('check a configuration, without starting anything')
    .addHelpText('after', examples('winnow validate --config config.yaml'))
    .action(async (flags: ConfigFlags) => finish(await (await import('./inspect.ts')).validate(flags, shell)));
}

function addPrintConfig({ program, shell, finish }: Cli): void {
  configured(program.command('print-config'))
    .description('show the configuration as it will run: merged, with variables put in, secrets masked')
    .option('--defaults', 'show also the options that were not written')
    .addHelpText(
      'after',
      examples('winnow print-config --config base.yaml --config host.yaml', 'winnow print-config --config config.yaml --defaults'),
    )
    .action(async (flags) => finish(await (await import('./inspect.ts')).printConfig(flags, shell)));
}

function addTest({ program, shell, finish }: Cli): void {
  program
    .command('test')
    .description('try a configuration on records of a file: virtual clock, captured output, nothing of this host is touched')
    .argument('[config]', 'the configuration')
    .argument('[tests...]', 'files of tests')
    .option('--set <key=value>', 'override one value of the configuration; may be repeated', collectSet, [])
    .option('--filter <text>', 'only tests with this in their name')
    .option('--json', 'results as JSON')
    .option('--schema', 'print the JSON Schema of a file of tests, for editors')
    .addHelpText(
      'after',
      examples('winnow test config.yaml tests.yaml', 'winnow test config.yaml tests/*.yaml --filter error', 'winnow test --schema'),
    )
    .action(async (config: string | undefined, files: string[], flags) =>
      finish(await (await import('./test-command.ts')).testConfiguration(config, files, flags, shell)),
    );
}

function addComponents({ program, shell, finish }: Cli): void {
  program
    .command('components')
    .description('list what can be used in a configuration')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('winnow components', 'winnow components --json'))
    .action(async (flags) => finish(await (await import('./inspect.ts')).listComponents(flags, shell)));
}

function addSchema({ program, shell, finish }: Cli): void {
  program
    .command('schema')
    .description('print the JSON Schema of a configuration, for editors')
    .addHelpText('after', examples('winnow schema > winnow.schema.json'))
    .action(async () => finish(await (await import('./inspect.ts')).printSchema(shell)));
}

function addStatus({ program, shell, finish }: Cli): void {
  configured(program.command('status'))
    .description('ask a running agent how it is, and what became of every record')
    .option('--storage <folder>', "the running agent's storage folder, instead of --config")
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('winnow status --config /etc/winnow/config.yaml', 'sudo -u winnow winnow status --storage /var/lib/winnow --json'),
    )
    .action(async (flags) => finish(await (await import('./status.ts')).status(flags, shell)));
}

function addDetect({ program, shell, finish }: Cli): void {
  program
    .command('detect')
    .description('find anomalies in records on stdin: NDJSON with ts, source, level, message, session, duration_ms, in order of time')
    .option('--input <file>', 'read this file instead of stdin')
    .option('--output <file>', 'write to this file instead of stdout')
    .addOption(new Option('--warm-up <duration>', 'how long a source is only learned').default('24h'))
    .addOption(new Option('--false-alarms <number>', 'how many a day and source may be chance').default('0.2'))
    .option('--closed', 'one line for each anomaly when it is over, instead of one when it begins and one whenever it gets worse')
    .addHelpText('after', examples('winnow detect < records.ndjson > anomalies.ndjson', 'winnow detect --input records.ndjson --closed'))
    .action(async (flags) => finish(await (await import('./detect/index.ts')).detect(flags, shell)));
}

function addMine({ program, shell, finish }: Cli): void {
  program
    .command('mine')
    .description('find the pattern behind each line of files: one row per line, template id and template')
    .argument('<file...>', 'files to read; - is standard input')
    .addOption(new Option('--format <format>', 'how rows are written').choices(['tsv', 'json']).default('tsv'))
    .addOption(
      new Option('--header <mode>', 'whether to find time, level and logger before the messages').choices(['auto', 'none']).default('auto'),
    )
    .option('--as-assigned', 'the template each line was given when it came, instead of the one it belongs to in the end')
    .option('--summary', 'each template once, the most frequent first, with the number of its lines')
    .addHelpText('after', examples('winnow mine --summary /var/log/app.log', 'winnow mine --header none messages.txt > templates.tsv'))
    .action(async (files, flags) => finish((await import('./mine/index.ts')).mine(files, flags, shell)));
}

function addTap({ program, shell, finish }: Cli): void {
  configured(program.command('tap'))
    .description('look at the records that pass a component of a running agent; it is never slowed, what is too much passes unseen')
    .argument('<component>', 'its id, such as file_log/app or redact; redact@logs for that of one pipeline')
    .option('--before', 'before the component, not after it')
    .option('--filter <condition>', "only records for which this OTTL condition holds, such as 'severity_number >= 17'")
    .option('--limit <number>', 'end after so many records')
    .option('--duration <duration>', 'end after so long, such as 30s')
    .addOption(new Option('--format <format>', 'one line of text or of JSON a record').choices(['text', 'json']).default('text'))
    .option('--no-redact', 'show what looks like a secret')
    .option('--storage <folder>', "the running agent's storage folder, instead of --config")
    .addHelpText(
      'after',
      examples(
        'winnow tap file_log/app --config /etc/winnow/config.yaml --limit 10',
        "winnow tap dedupe --before --filter 'severity_number >= 17' --format json --storage /var/lib/winnow",
      ),
    )
    .action(async (component: string, flags) => finish(await (await import('./tap.ts')).tap(component, flags, shell)));
}

function addExpand({ program, shell, finish }: Cli): void {
  program
    .command('expand')
    .description('restore records that dedupe has written as template and variables (encode: template), from files of OTLP JSON lines')
    .argument('[file...]', 'files to read, such as those of the file exporter; - or none is standard input')
    .option('--bodies', 'write the text of each record, instead of OTLP JSON lines')
    .addHelpText('after', examples('winnow expand encoded.jsonl > restored.jsonl', 'zstdcat encoded.jsonl.zst | winnow expand --bodies'))
    .action(async (files: string[], flags) => finish(await (await import('./expand/index.ts')).expand(files, flags, shell)));
}

function addVersion({ program, shell }: Cli): void {
  program
    .command('version')
    .description('show the versions of Winnow and Node')
    .addHelpText('after', examples('winnow version'))
    .action(() => shell.out(`winnow ${shell.version} (node ${process.versions.node}, ${process.platform} ${process.arch})\n`));
}

/** In the order in which the help lists them. */
const COMMANDS: readonly ((cli: Cli) => void)[] = [
  addRun,
  addValidate,
  addPrintConfig,
  addTest,
  addComponents,
  addSchema,
  addStatus,
  addDetect,
  addMine,
  addTap,
  addExpand,
  addVersion,
];

/** The options of every command that reads a configuration. */
function configured(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file, file:, env: or yaml:; several are merged, the later wins', collect, [])
    .option('--set <key=value>', 'override one value, as in processors.batch.timeout=2s; may be repeated', collectSet, [])
    .option('--skip-unsupported', 'skip pipelines of signals that cannot run here, such as metrics, with a warning');
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function collectSet(value: string, before: readonly string[]): string[] {
  if (!value.includes('=')) throw new InvalidArgumentError('Expected key=value such as processors.batch.timeout=2s.');
  return collect(value, before);
}

function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
