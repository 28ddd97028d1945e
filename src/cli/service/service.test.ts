import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launchdInstall, launchdUninstall, renderPlist } from './launchd.ts';
import { describeStep, performStep } from './steps.ts';
import { quoteForSystemd, renderUnit, systemdInstall, systemdUninstall, type ServiceOptions } from './systemd.ts';

const root = resolve(import.meta.dirname, '../../..');
const UNIT = readFileSync(join(root, 'systemd/winnow.service'), 'utf8');
const PLIST = readFileSync(join(root, 'launchd/io.winnow.agent.plist'), 'utf8');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-service-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function options(template: string, given: Partial<ServiceOptions> = {}): ServiceOptions {
  const launch = { node: '/opt/node/bin/node', args: ['--max-old-space-size=64', '/opt/winnow/dist/main.js'] };
  return { launch, config: '/srv/winnow.yaml', template, firstConfig: 'receivers: {}\n', ...given };
}

describe('the systemd unit', () => {
  test('starts this installation and this configuration, each by its absolute path', () => {
    const unit = renderUnit(options(UNIT));

    expect(unit).toContain(
      '\nExecStart=/opt/node/bin/node --max-old-space-size=64 /opt/winnow/dist/main.js run --config /srv/winnow.yaml\n',
    );
    expect(unit).toContain(
      '\nExecStartPre=/opt/node/bin/node --max-old-space-size=64 /opt/winnow/dist/main.js validate --config /srv/winnow.yaml\n',
    );
    expect(unit).not.toMatch(/\/usr\/bin\/env|\/etc\/winnow\/config\.yaml/);
    expect(unit).toMatch(/^# Written by `winnow service install`\.\n\[Unit\]\n/);
  });

  test('keeps paths whole that have spaces, dollars and percent signs', () => {
    const launch = { node: '/opt/my node/node', args: ['/opt/100%/$HOME/main.js'] };

    const unit = renderUnit(options(UNIT, { launch, config: '/srv/my files/$&.yaml' }));

    expect(unit).toContain('\nExecStart="/opt/my node/node" /opt/100%%/$$HOME/main.js run --config "/srv/my files/$$&.yaml"\n');
  });

  test('has a folder for compiled code that it may write, and names it to Node', () => {
    expect(UNIT).toMatch(/^CacheDirectory=winnow$/m);
    expect(UNIT).toMatch(/^Environment=NODE_COMPILE_CACHE=%C\/winnow\/compile-cache$/m);
  });

  test.each([
    ['plain', 'plain'],
    ['/a/b-c_d.e', '/a/b-c_d.e'],
    ['two words', '"two words"'],
    ['say "yes"', '"say \\"yes\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['50%', '50%%'],
    ['$HOME', '$$HOME'],
    ['', '""'],
  ])('quotes %j as %s', (word, quoted) => {
    expect(quoteForSystemd(word)).toBe(quoted);
  });

  test.runIf(has('systemd-analyze'))('passes systemd-analyze verify', () => {
    const path = join(folder, 'winnow.service');
    const launch = { node: process.execPath, args: [join(root, 'src/main.ts')] };
    writeFileSync(path, renderUnit(options(UNIT, { launch, config: '/srv/my files/winnow.yaml' })));

    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });

    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});

describe('the launchd plist', () => {
  test('starts this installation and this configuration, each by its absolute path', () => {
    const plist = renderPlist(options(PLIST, { config: '/Users/a & b/<winnow>.yaml' }));

    const [, program = ''] = /<key>ProgramArguments<\/key>\s*<array>([^]*?)<\/array>/.exec(plist) ?? [];
    expect(Array.from(program.matchAll(/<string>(.*)<\/string>/g), ([, word]) => word)).toEqual([
      '/opt/node/bin/node',
      '--max-old-space-size=64',
      '/opt/winnow/dist/main.js',
      'run',
      '--config',
      '/Users/a &amp; b/&lt;winnow&gt;.yaml',
    ]);
    expect(plist).toContain('<!-- Written by `winnow service install`. -->');
  });
});

describe('the steps', () => {
  test('under systemd: a user, a first configuration, the unit, and a restart at the end', () => {
    const told = systemdInstall(options(UNIT)).map((step) => describeStep(step).split('\n', 1)[0]);

    expect(told).toEqual([
      'run   useradd --system --user-group --no-create-home --home-dir /var/lib/winnow --shell /usr/sbin/nologin winnow   (unless "id winnow" succeeds)',
      'write /srv/winnow.yaml (mode 0644, unless it exists)',
      'write /etc/systemd/system/winnow.service (mode 0644)',
      'run   systemctl daemon-reload',
      'run   systemctl enable winnow.service',
      'run   systemctl restart winnow.service',
    ]);
    expect(systemdUninstall().map(describeStep)).toEqual([
      'run   systemctl disable --now winnow.service',
      'remove /etc/systemd/system/winnow.service',
      'run   systemctl daemon-reload',
    ]);
  });

  test('under launchd: folders, a first configuration, the plist, and a start', () => {
    const told = launchdInstall(options(PLIST)).map((step) => describeStep(step).split('\n', 1)[0]);

    expect(told).toEqual([
      'run   mkdir -p /usr/local/var/winnow /usr/local/var/log',
      'write /srv/winnow.yaml (mode 0644, unless it exists)',
      'write /Library/LaunchDaemons/io.winnow.agent.plist (mode 0644)',
      'run   launchctl bootstrap system /Library/LaunchDaemons/io.winnow.agent.plist   (unless "launchctl print system/io.winnow.agent" succeeds)',
      'run   launchctl kickstart -k system/io.winnow.agent',
    ]);
    expect(launchdUninstall().map(describeStep)).toEqual([
      'run   launchctl bootout system/io.winnow.agent',
      'remove /Library/LaunchDaemons/io.winnow.agent.plist',
    ]);
  });

  test('never overwrite a configuration, and always write the service file anew', () => {
    const config = join(folder, 'etc', 'winnow.yaml');
    const write = { kind: 'write', path: config, mode: 0o640 } as const;

    performStep({ ...write, content: 'first\n', keepExisting: true });
    performStep({ ...write, content: 'second\n', keepExisting: true });
    expect(readFileSync(config, 'utf8')).toBe('first\n');
    expect(statSync(config).mode & 0o777).toBe(0o640);

    performStep({ ...write, content: 'third\n', keepExisting: false });
    expect(readFileSync(config, 'utf8')).toBe('third\n');

    performStep({ kind: 'remove', path: config });
    performStep({ kind: 'remove', path: config });
    expect(existsSync(config)).toBe(false);
  });

  test('run a command unless another succeeds', () => {
    const mark = join(folder, 'mark');

    performStep({ kind: 'run', command: ['touch', mark], unless: ['true'] });
    expect(existsSync(mark)).toBe(false);

    performStep({ kind: 'run', command: ['touch', mark], unless: ['false'] });
    expect(existsSync(mark)).toBe(true);
    expect(() => performStep({ kind: 'run', command: ['false'] })).toThrow('Command failed: false');
  });
});

describe('winnow service', () => {
  test.each([
    ['systemd', 'write /etc/systemd/system/winnow.service (mode 0644)', /^ {4}ExecStart=.*main\.[jt]s run --config /m],
    ['launchd', 'write /Library/LaunchDaemons/io.winnow.agent.plist (mode 0644)', /^ {6}<key>ProgramArguments<\/key>$/m],
  ])('install --dry-run under %s shows the steps and the files, and does nothing', (manager, step, line) => {
    const config = join(folder, 'winnow.yaml');

    const said = winnow('install', '--dry-run', '--manager', manager, '--config', config);

    expect(said).toContain(`\n${step}\n`);
    expect(said).toContain(`write ${config} (mode 0644, unless it exists)\n`);
    expect(said).toMatch(line);
    // The launcher of a checkout starts what was built from it, or the sources when they are newer.
    expect(said).toMatch(/\/(src\/main\.ts|dist\/main\.js)/);
    expect(existsSync(config)).toBe(false);
  });

  test('uninstall and status --dry-run show their commands', () => {
    expect(winnow('uninstall', '--dry-run', '--manager', 'systemd')).toContain('systemctl disable --now winnow.service');
    expect(winnow('status', '--dry-run', '--manager', 'systemd')).toBe('run   systemctl --no-pager status winnow.service\n');
  });
});

function winnow(...args: readonly string[]): string {
  return execFileSync(join(root, 'bin/winnow'), ['service', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
