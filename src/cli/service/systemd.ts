import type { Step } from './steps.ts';

/** The command line that starts this very installation, every path absolute. */
export interface Launch {
  readonly node: string;
  readonly args: readonly string[];
}

export interface ServiceOptions {
  readonly launch: Launch;
  readonly config: string;
  /** The service file of this package, and the configuration to begin with. */
  readonly template: string;
  readonly firstConfig: string;
}

const SYSTEMD_UNIT = '/etc/systemd/system/winnow.service';
const USER = 'winnow';

export function systemdInstall(options: ServiceOptions): Step[] {
  const { config, firstConfig } = options;
  return [
    {
      kind: 'run',
      command: [
        'useradd',
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/var/lib/winnow',
        '--shell',
        '/usr/sbin/nologin',
        USER,
      ],
      unless: ['id', USER],
    },
    // Readable by all so that the service user can read it; secrets belong in winnow.env, which systemd reads as root.
    { kind: 'write', path: config, content: firstConfig, mode: 0o644, keepExisting: true },
    { kind: 'write', path: SYSTEMD_UNIT, content: renderUnit(options), mode: 0o644, keepExisting: false },
    { kind: 'run', command: ['systemctl', 'daemon-reload'] },
    { kind: 'run', command: ['systemctl', 'enable', 'winnow.service'] },
    // restart, not start: installing again is how an upgrade takes effect.
    { kind: 'run', command: ['systemctl', 'restart', 'winnow.service'] },
  ];
}

export function systemdUninstall(): Step[] {
  return [
    { kind: 'run', command: ['systemctl', 'disable', '--now', 'winnow.service'] },
    { kind: 'remove', path: SYSTEMD_UNIT },
    { kind: 'run', command: ['systemctl', 'daemon-reload'] },
  ];
}

/** The package's unit file with absolute paths instead of `/usr/bin/env winnow`. */
export function renderUnit({ launch, config, template }: ServiceOptions): string {
  const command = [launch.node, ...launch.args].map(quoteForSystemd).join(' ');
  return template
    .replaceAll('/usr/bin/env winnow', () => command)
    .replaceAll('/etc/winnow/config.yaml', () => quoteForSystemd(config))
    .replace(/^# Winnow as a system service.*?\n(?=\[)/s, '# Written by `winnow service install`.\n');
}

/** systemd.service(5), "Command lines": quotes, backslashes, `%` and `$` have a meaning. */
export function quoteForSystemd(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
