import type { Clock, FileSystem } from '#component';

const NETWORK_TYPES = /^(nfs|nfs4|cifs|smb|smb2|smb3|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|gpfs|webdav|davfs|sshfs)$|^fuse\.|^fuse$/;
// Fuse file systems that live on this host and cannot wait for anybody else's server.
const LOCAL_FUSE = /^fuse\.(lxcfs|snapfuse|portal|gvfsd-fuse|fuse-overlayfs|ntfs)/;
const REREAD_MS = 10_000;

/**
 * Which folders lie on file systems that may wait for a server. The kernel's own table is read, because asking such a
 * file system what it is waits for its server, too. Where there is no table (macOS), everything counts as local.
 */
export class Mounts {
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  #roots: string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(fs: FileSystem, clock: Clock) {
    this.#fs = fs;
    this.#clock = clock;
  }

  get hasNetwork(): boolean {
    this.#refresh();
    return this.#roots.length > 0;
  }

  isNetwork(path: string): boolean {
    return this.hasNetwork && this.#roots.some((root) => path === root || path.startsWith(`${root}/`));
  }

  #refresh(): void {
    const now = this.#clock.monotonic();
    if (now - this.#readAt < REREAD_MS) return;
    this.#readAt = now;
    try {
      this.#roots = networkRoots(this.#fs.readFileSync('/proc/self/mountinfo', 'utf8'));
    } catch {
      this.#roots = [];
    }
  }
}

/** Mount points of network file systems in the text of /proc/self/mountinfo. */
export function networkRoots(mountinfo: string): string[] {
  const roots: string[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const type = after.split(' ')[0] ?? '';
    const root = before.split(' ')[4];
    if (!root || !NETWORK_TYPES.test(type) || LOCAL_FUSE.test(type)) continue;
    roots.push(root.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  }
  return roots;
}
