import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, type Host } from '#component';
import { resourceAttributes } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { machine } from './machine.ts';
import { ResourceDetection } from './resource-detection.ts';
import { DEFAULTS, NOWHERE, allOf, batchOf, files, found, resourceAt, rigFor } from '../../test/helpers/resource-detection-rig.ts';
import type { Surroundings } from './surroundings.ts';

describe('env', () => {
  test('reads OTEL_RESOURCE_ATTRIBUTES, percent-decoded', async () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: ' service.name=shop , team=a%2Cb%3Dc,empty= ' };

    expect(await found({}, { env })).toEqual({ 'service.name': 'shop', team: 'a,b=c', empty: '' });
  });

  test.each([['shop'], ['=x'], ['a=%zz']])('refuses to start with %s and says why', async (text) => {
    const { processor, host } = rigFor({}, { env: { OTEL_RESOURCE_ATTRIBUTES: text } });

    await expect(processor.start(host)).rejects.toBeInstanceOf(ConfigError);
    await expect(processor.start(host)).rejects.toThrow(/OTEL_RESOURCE_ATTRIBUTES: .*"/);
  });
});

describe('system', () => {
  test('sets host.name and os.type unless told otherwise', async () => {
    expect(await found({ detectors: ['system'] }, {})).toEqual({ 'host.name': 'web1', 'os.type': 'linux' });
  });

  test('takes the full name from the hosts file, else the canonical name, else the name of the address', async () => {
    const detectors = ['system' as const];
    const hosts = files({ '/etc/hosts': '127.0.0.1 localhost\n10.0.0.1 web1 web1.example.org # web1.other.org\n' });

    expect((await found({ detectors }, { fs: hosts, cname: async () => 'c' }))['host.name']).toBe('web1.example.org');
    expect((await found({ detectors }, { cname: async () => 'web1.example.com.' }))['host.name']).toBe('web1.example.com');
    expect((await found({ detectors }, { reverse: async () => 'r.example.com' }))['host.name']).toBe('r.example.com');
    const system = { hostname_sources: ['os' as const], resource_attributes: {} };
    expect((await found({ detectors, system }, { fs: hosts }))['host.name']).toBe('web1');
  });

  test('finds everything it names when that is enabled', async () => {
    const at: Partial<Surroundings> = {
      fs: files({
        '/etc/machine-id': '0123456789abcdef0123456789abcdef\n',
        '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n',
        '/proc/cpuinfo':
          'processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Xeon(R)\nstepping\t: 8\ncache size\t: 2048 KB\n\nprocessor\t: 1\nmodel\t: 7\n',
      }),
      interfaces: {
        lo: [{ address: '127.0.0.1', mac: '00:00:00:00:00:00', internal: true }],
        eth0: [
          { address: '10.0.0.1', mac: 'ac:de:48:23:45:67', internal: false },
          { address: 'fe80::1', mac: 'ac:de:48:23:45:67', internal: false },
        ],
      },
    };
    const system = { hostname_sources: ['os' as const], resource_attributes: allOf('system') };

    expect(await found({ detectors: ['system'], system }, at)).toEqual({
      'host.name': 'web1',
      'host.id': '0123456789abcdef0123456789abcdef',
      'host.arch': 'amd64',
      'host.ip': ['10.0.0.1', 'fe80::1'],
      'host.mac': ['AC-DE-48-23-45-67'],
      'host.interface': ['lo', 'eth0'],
      'host.cpu.vendor.id': 'GenuineIntel',
      'host.cpu.family': '6',
      'host.cpu.model.id': '143',
      'host.cpu.model.name': 'Xeon(R)',
      'host.cpu.stepping': '8',
      'host.cpu.cache.l2.size': 2_097_152,
      'os.type': 'linux',
      'os.description': 'Debian GNU/Linux 12 (bookworm) (linux web1 6.1.0 amd64)',
      'os.name': 'Debian GNU/Linux',
      'os.version': '12',
      'os.build.id': '6.1.0',
    });
  });

  test('asks ioreg for the id of a Mac', async () => {
    const at = { platform: 'darwin', output: async () => '  "IOPlatformUUID" = "9F8E-7D"\n' };
    const system = { hostname_sources: ['os' as const], resource_attributes: { 'host.id': { enabled: true } } };

    expect((await found({ detectors: ['system'], system }, at))['host.id']).toBe('9F8E-7D');
  });
});

describe('container and kubernetes', () => {
  const ID = 'a'.repeat(64);
  const UID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';

  test.each([
    ['docker, v1', `12:cpu:/docker/${ID}\n`, 'docker'],
    ['docker by systemd, v2', `0::/system.slice/docker-${ID}.scope\n`, 'docker'],
    ['containerd', `0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-${ID}.scope\n`, 'containerd'],
    ['containerd, v1', `1:name=systemd:/kubepods/besteffort/pod${UID}/cri-containerd:${ID}\n`, 'containerd'],
    ['cri-o', `0::/kubepods.slice/crio-${ID}.scope/container\n`, 'cri-o'],
    ['podman', `0::/user.slice/libpod-${ID}.scope\n`, 'podman'],
    ['no name of a runtime', `3:cpuset:/kubepods/burstable/pod${UID}/${ID}\n`, undefined],
  ])('finds the container: %s', async (_what, cgroup, runtime) => {
    const at = { fs: files({ '/proc/self/cgroup': `0::/\n${cgroup}` }) };

    const expected = { 'container.id': ID, ...(runtime !== undefined && { 'container.runtime': runtime }) };
    expect(await found({ detectors: ['container'] }, at)).toEqual(expected);
  });

  test('finds it by mounts where the control group has a namespace of its own', async () => {
    const mounts = [
      '1 2 0:1 / / rw - overlay overlay rw',
      `3 1 8:1 /var/lib/docker/containers/${'b'.repeat(64)}/mounts/data /data rw - ext4 /dev/sda1 rw`,
      `4 1 8:1 /var/lib/docker/containers/${ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw`,
    ];
    const at = { fs: files({ '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': mounts.join('\n') }) };

    expect(await found({ detectors: ['container'] }, at)).toEqual({ 'container.id': ID, 'container.runtime': 'docker' });
  });

  test('finds nothing on a plain host', async () => {
    const at = { fs: files({ '/proc/self/cgroup': '0::/user.slice/user-1000.slice/session-2.scope\n' }) };

    expect(await found({ detectors: ['container', 'kubernetes'] }, at)).toEqual({});
  });

  test('names the pod by environment, mounts and control group', async () => {
    const at = {
      env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', POD_NAME: 'shop-7', MY_NODE: 'node1' },
      fs: files({
        '/proc/self/cgroup': `0::/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`,
        '/var/run/secrets/kubernetes.io/serviceaccount/namespace': 'prod\n',
      }),
    };
    const kubernetes = { node_from_env_var: 'MY_NODE', resource_attributes: {} };

    expect(await found({ detectors: ['kubernetes'], kubernetes }, at)).toEqual({
      'k8s.pod.name': 'shop-7',
      'k8s.pod.uid': UID,
      'k8s.namespace.name': 'prod',
      'k8s.node.name': 'node1',
    });
  });
});

describe('service and process', () => {
  test('reads the environment, and keeps an instance id over restarts', async () => {
    const storage = new MemoryStorage();
    const env = { OTEL_SERVICE_NAME: 'shop', APP_ENV: 'production' };
    const config = { detectors: ['service' as const], service: { resource_attributes: allOf('service') } };
    const seen: Record<string, unknown>[] = [];
    for (let start = 0; start < 2; start++) {
      const { processor, host } = rigFor(config, { env }, storage);
      await processor.start(host);
      const batch = batchOf(undefined);
      await processor.consume(batch);
      seen.push(resourceAttributes(resourceAt(batch, 0)));
    }

    expect(seen[0]).toMatchObject({ 'service.name': 'shop', 'deployment.environment.name': 'production' });
    expect(seen[0]?.['service.instance.id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(seen[1]).toEqual(seen[0]);
  });

  test('describes this process', async () => {
    const attributes = await found({ detectors: ['process'] }, {});

    expect(attributes).toMatchObject({ 'process.pid': process.pid, 'process.runtime.name': 'nodejs' });
    expect(attributes['process.command_args']).toBeUndefined();
  });
});

describe('docker', () => {
  test('asks the daemon through its socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'winnow-docker-'));
    const endpoint = join(folder, 'docker.sock');
    const server = createServer((request, response) =>
      response.end(request.url === '/info' ? '{"Name":"dock1","OSType":"linux"}' : ''),
    ).listen(endpoint);
    const host = createTestHost();
    const sink = new LogsSink();
    const docker = { endpoint, resource_attributes: {} };
    const processor = new ResourceDetection({ ...DEFAULTS, detectors: ['docker'], docker }, sink, ({ fs }, signal) => machine(fs, signal));
    const batch = batchOf(undefined);

    await processor.start(host);
    await processor.consume(batch);
    server.close();
    rmSync(folder, { recursive: true });

    expect(resourceAttributes(resourceAt(batch, 0))).toEqual({ 'host.name': 'dock1', 'os.type': 'linux' });
  });

  test('without a daemon it warns and goes on, or refuses to start when that is asked for', async () => {
    const lenient = rigFor({ detectors: ['docker', 'system'] }, {});
    const strict = rigFor({ detectors: ['docker'], fail_on_missing_metadata: true }, {});

    await lenient.processor.start(lenient.host);

    expect(lenient.host.lines.filter(({ level }) => level === 'warn').map(({ facts }) => facts['detector'])).toEqual(['docker']);
    await expect(strict.processor.start(strict.host)).rejects.toBeInstanceOf(ConfigError);
  });

  test('a detector that does not answer is given up after the timeout', async () => {
    let signal: AbortSignal | undefined;
    const clock = new FakeClock();
    const host = createTestHost({ clock });
    const at = (_: Host, given: AbortSignal): Surroundings => ((signal = given), { ...NOWHERE, ask: () => new Promise(() => {}) });
    const processor = new ResourceDetection({ ...DEFAULTS, detectors: ['docker'], timeout: '2s' }, new LogsSink(), at);

    const started = processor.start(host);
    await clock.advance(2000);
    await started;

    expect(signal?.aborted).toBe(true);
    expect(host.lines.some(({ facts }) => facts['reason'] === 'no answer within 2s')).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
