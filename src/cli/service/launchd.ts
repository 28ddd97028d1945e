import type { Step } from './steps.ts';
import type { ServiceOptions } from './systemd.ts';

const LABEL = 'io.winnow.agent';
const LAUNCHD_PLIST = `/Library/LaunchDaemons/${LABEL}.plist`;

export function launchdInstall(options: ServiceOptions): Step[] {
  return [
    { kind: 'run', command: ['mkdir', '-p', '/usr/local/var/winnow', '/usr/local/var/log'] },
    { kind: 'write', path: options.config, content: options.firstConfig, mode: 0o644, keepExisting: true },
    { kind: 'write', path: LAUNCHD_PLIST, content: renderPlist(options), mode: 0o644, keepExisting: false },
    { kind: 'run', command: ['launchctl', 'bootstrap', 'system', LAUNCHD_PLIST], unless: ['launchctl', 'print', `system/${LABEL}`] },
    { kind: 'run', command: ['launchctl', 'kickstart', '-k', `system/${LABEL}`] },
  ];
}

export function launchdUninstall(): Step[] {
  return [
    { kind: 'run', command: ['launchctl', 'bootout', `system/${LABEL}`] },
    { kind: 'remove', path: LAUNCHD_PLIST },
  ];
}

export function launchdStatusCommand(): string[] {
  return ['launchctl', 'print', `system/${LABEL}`];
}

/** The package's plist with absolute paths instead of `/usr/bin/env winnow`. */
export function renderPlist({ launch, config, template }: ServiceOptions): string {
  const words = [launch.node, ...launch.args].map((word) => `<string>${escapeXml(word)}</string>`).join('\n    ');
  return template
    .replace(/<string>\/usr\/bin\/env<\/string>\s*<string>winnow<\/string>/, () => words)
    .replace('/usr/local/etc/winnow/config.yaml', () => escapeXml(config))
    .replace(/<!-- Winnow as a launchd daemon.*?-->/s, '<!-- Written by `winnow service install`. -->');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
