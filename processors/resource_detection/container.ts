import { readText, type Found, type Surroundings } from './surroundings.ts';

const ID = '[0-9a-f]{64}';
// docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope, /docker/<id>, /kubepods/…/<id>
const CGROUP_ID = new RegExp(`(?:^|[/:-])(${ID})(?:\\.scope)?(?=$|/)`);
// With cgroup v2 in a namespace of its own the group is "/", but files are mounted from the container's folder.
const MOUNTED_ID = new RegExp(`/(?:containers|sandboxes|overlay-containers)/(${ID})/`);
const POD_UID = /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})/;
const MOUNTED_POD_UID = /\/(?:kubelet\/)?pods\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\//;

const RUNTIMES: readonly (readonly [RegExp, string])[] = [
  [/libpod-|overlay-containers/, 'podman'],
  [/crio-/, 'cri-o'],
  [/cri-containerd|\/io\.containerd\./, 'containerd'],
  [/docker/, 'docker'],
];

/** The container this process runs in; nothing when it runs in none. */
export function detectContainer({ fs }: Surroundings): Found {
  const groups = readText(fs, '/proc/self/cgroup') ?? '';
  for (const line of groups.split('\n')) {
    const id = CGROUP_ID.exec(line)?.[1];
    if (id !== undefined) return { 'container.id': id, 'container.runtime': runtimeOf(line) };
  }
  for (const line of (readText(fs, '/proc/self/mountinfo') ?? '').split('\n')) {
    // Only these three are mounted by every runtime; other mounts may be folders of other containers.
    if (!/ \/etc\/(hostname|hosts|resolv\.conf) /.test(line)) continue;
    const id = MOUNTED_ID.exec(line)?.[1];
    if (id !== undefined) return { 'container.id': id, 'container.runtime': runtimeOf(line) };
  }
  return {};
}

function runtimeOf(line: string): string | undefined {
  return RUNTIMES.find(([sign]) => sign.test(line))?.[1];
}

/** The pod's uid, out of the control group or the mounts. */
export function podUid({ fs }: Surroundings): string | undefined {
  const grouped = POD_UID.exec(readText(fs, '/proc/self/cgroup') ?? '')?.[1];
  const uid = grouped ?? MOUNTED_POD_UID.exec(readText(fs, '/proc/self/mountinfo') ?? '')?.[1];
  return uid?.replaceAll('_', '-');
}
