import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { launchdInstall, launchdStatusCommand, launchdUninstall } from './launchd.ts';
import { describeStep, performStep, type Step } from './steps.ts';
import { systemdInstall, systemdUninstall, type Launch, type ServiceOptions } from './systemd.ts';

type Manager = 'systemd' | 'launchd';

interface Flags {
  readonly dryRun?: boolean;
  readonly config?: string;
  readonly manager?: Manager;
}

const FIRST_CONFIG: Readonly<Record<Manager, string>> = {
  systemd: '/etc/winnow/config.yaml',
  launchd: '/usr/local/etc/winnow/config.yaml',
};
const TEMPLATE: Readonly<Record<Manager, string>> = { systemd: 'systemd/winnow.service', launchd: 'launchd/io.winnow.agent.plist' };

/** `winnow service install | uninstall | status`: the agent under systemd or launchd. */
export function createServiceCommand(): Command {
  const service = new Command('service').description('install Winnow as a systemd or launchd service, remove it, or show its state');
  service
    .command('install')
    .description('write the service file with absolute paths, enable it and start it')
    .option('--config <file>', 'configuration the service runs; a first one is written when it does not exist')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--manager <name>', 'systemd or launchd (default: what this system has)')
    .addHelpText('after', '\nExamples:\n  winnow service install --dry-run\n  sudo winnow service install --config /etc/winnow/config.yaml')
    .action((flags: Flags) => install(flags));
  service
    .command('uninstall')
    .description('stop and remove the service; configuration and stored positions stay')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--manager <name>', 'systemd or launchd (default: what this system has)')
    .addHelpText('after', '\nExample:\n  sudo winnow service uninstall')
    .action((flags: Flags) => uninstall(flags));
  service
    .command('status')
    .description('show what the service manager says of the service')
    .option('--dry-run', 'show the command, and do nothing')
    .option('--manager <name>', 'systemd or launchd (default: what this system has)')
    .addHelpText('after', '\nExample:\n  winnow service status')
    .action((flags: Flags) => showStatus(flags));
  return service;
}

function install(flags: Flags): void {
  const manager = managerOf(flags);
  const root = packageRoot();
  const options: ServiceOptions = {
    launch: launchOf(),
    config: resolve(flags.config ?? FIRST_CONFIG[manager]),
    template: readFileSync(resolve(root, TEMPLATE[manager]), 'utf8'),
    // Editors find the schema where the package lies.
    firstConfig: readFileSync(resolve(root, 'config/service.yaml'), 'utf8').replace('./winnow.schema.json', () =>
      resolve(root, 'config/winnow.schema.json'),
    ),
  };
  perform(manager === 'systemd' ? systemdInstall(options) : launchdInstall(options), flags);
  warnOfHome(options.launch);
  if (flags.dryRun !== true) console.log(`Winnow runs as a service with ${options.config}. Its log: ${logCommand(manager)}`);
}

function uninstall(flags: Flags): void {
  const manager = managerOf(flags);
  perform(manager === 'systemd' ? systemdUninstall() : launchdUninstall(), flags);
  if (flags.dryRun !== true) console.log('The service is removed. Its configuration and stored positions are kept.');
}

function showStatus(flags: Flags): void {
  const command = managerOf(flags) === 'systemd' ? ['systemctl', '--no-pager', 'status', 'winnow.service'] : launchdStatusCommand();
  if (flags.dryRun === true) {
    console.log(`run   ${command.join(' ')}`);
    return;
  }
  try {
    execFileSync(command[0] ?? '', command.slice(1), { stdio: 'inherit' });
  } catch {
    // The service manager has printed its own words; its exit code says only that the service is not running.
    process.exitCode = 1;
  }
}

function perform(steps: readonly Step[], flags: Flags): void {
  if (flags.dryRun === true) {
    console.log(steps.map(describeStep).join('\n'));
    return;
  }
  if (process.getuid?.() !== 0) throw new Error('installing a system service needs root; run it with sudo, or look at it with --dry-run');
  for (const step of steps) performStep(step);
}

function managerOf({ manager }: Flags): Manager {
  const chosen = manager ?? (process.platform === 'darwin' ? 'launchd' : 'systemd');
  if (chosen !== 'systemd' && chosen !== 'launchd') throw new Error(`--manager: expected systemd or launchd, got "${String(chosen)}"`);
  return chosen;
}

/** How this process was started, so that the service starts the same installation. */
function launchOf(): Launch {
  return { node: process.execPath, args: [...process.execArgv, resolve(process.argv[1] ?? '')] };
}

/** The checkout or the installed package. */
function packageRoot(): string {
  return dirname(findPackageJSON('..', import.meta.url) ?? '.');
}

function warnOfHome({ node, args }: Launch): void {
  const hidden = [node, ...args].find((word) => /^\/(root|home)\//.test(word) && existsSync(word));
  if (hidden !== undefined) {
    console.error(
      `warning: ${hidden} lies in a home directory, which the service's user may not be able to read; install Winnow with npm install --global`,
    );
  }
}

function logCommand(manager: Manager): string {
  return manager === 'systemd' ? 'journalctl -u winnow -f' : 'tail -f /usr/local/var/log/winnow.log';
}
