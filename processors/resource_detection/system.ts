import { readText, type Found, type Surroundings } from './surroundings.ts';

/** Node's names of architectures as the semantic conventions have them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32', ppc: 'ppc32' };
const MACHINE_ID_PATHS = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const OS_RELEASE_PATHS = ['/etc/os-release', '/usr/lib/os-release'];

export type HostnameSource = 'dns' | 'os' | 'cname' | 'lookup';

/** The host and its operating system. Only what `isWanted` is looked for: some of it takes time. */
export async function detectSystem(
  at: Surroundings,
  sources: readonly HostnameSource[],
  isWanted: (attribute: string) => boolean,
): Promise<Found> {
  const os = osRelease(at);
  const addresses = Object.values(at.interfaces).flatMap((list) => list ?? []);
  const outer = addresses.filter(({ internal }) => !internal);
  return {
    'host.name': isWanted('host.name') ? await hostName(at, sources) : undefined,
    'host.id': isWanted('host.id') ? await machineId(at) : undefined,
    'host.arch': ARCHITECTURES[at.arch] ?? at.arch,
    'host.ip': unique(outer.map(({ address }) => address)),
    'host.mac': unique(outer.map(({ mac }) => mac.toUpperCase().replaceAll(':', '-'))),
    'host.interface': Object.keys(at.interfaces),
    ...processor(at),
    'os.type': osType(at.platform),
    'os.description': description(at, os),
    'os.name': os['NAME'],
    'os.version': os['VERSION_ID'],
    'os.build.id': at.release,
  };
}

function osType(platform: string): string {
  if (platform === 'win32') return 'windows';
  return platform === 'sunos' ? 'solaris' : platform;
}

async function hostName(at: Surroundings, sources: readonly HostnameSource[]): Promise<string | undefined> {
  for (const source of sources) {
    const name = await nameFrom(at, source);
    if (name) return name.replace(/\.$/, '');
  }
  return undefined;
}

async function nameFrom(at: Surroundings, source: HostnameSource): Promise<string | undefined> {
  switch (source) {
    case 'os':
      return at.hostname;
    case 'cname':
      return at.cname(at.hostname);
    case 'lookup':
      return at.reverse(at.hostname);
    case 'dns':
      return nameInHosts(at) ?? (await at.cname(at.hostname)) ?? (await at.reverse(at.hostname));
  }
}

/** The first name with a dot in the line of the hosts file that has this host. */
function nameInHosts({ fs, hostname }: Surroundings): string | undefined {
  for (const line of (readText(fs, '/etc/hosts') ?? '').split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!names.includes(hostname)) continue;
    const name = names.find((candidate) => candidate.includes('.'));
    if (name !== undefined) return name;
  }
  return undefined;
}

async function machineId(at: Surroundings): Promise<string | undefined> {
  if (at.platform === 'darwin') {
    const text = await at.output('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']);
    return /"IOPlatformUUID" = "([^"]+)"/.exec(text)?.[1];
  }
  for (const path of MACHINE_ID_PATHS) {
    const id = readText(at.fs, path)?.trim();
    if (id) return id;
  }
  return undefined;
}

function osRelease({ fs }: Surroundings): Record<string, string> {
  const text = OS_RELEASE_PATHS.map((path) => readText(fs, path)).find((found) => found !== undefined) ?? '';
  const lines = Array.from(text.matchAll(/^([A-Z_]+)=(.*)$/gm), ([, key = '', value = '']): [string, string] => [
    key,
    value.replace(/^(["'])(.*)\1$/, '$2'),
  ]);
  return Object.fromEntries(lines);
}

function description({ platform, release, hostname, arch }: Surroundings, os: Readonly<Record<string, string>>): string {
  const kernel = `${osType(platform)} ${hostname} ${release} ${ARCHITECTURES[arch] ?? arch}`;
  return os['PRETTY_NAME'] === undefined ? kernel : `${os['PRETTY_NAME']} (${kernel})`;
}

/** /proc/cpuinfo of the first processor. */
function processor({ fs }: Surroundings): Found {
  const text = (readText(fs, '/proc/cpuinfo') ?? '').split('\n\n')[0] ?? '';
  const field = (name: string): string | undefined => new RegExp(String.raw`^${name}\s*:\s*(.*)$`, 'm').exec(text)?.[1]?.trim();
  const cache = /^(\d+) KB$/.exec(field('cache size') ?? '')?.[1];
  return {
    'host.cpu.vendor.id': field('vendor_id'),
    'host.cpu.family': field('cpu family'),
    'host.cpu.model.id': field('model'),
    'host.cpu.model.name': field('model name'),
    'host.cpu.stepping': field('stepping'),
    'host.cpu.cache.l2.size': cache === undefined ? undefined : Number(cache) * 1024,
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
