interface Described {
  readonly isEnabled: boolean;
  readonly meaning: string;
}

const on = (meaning: string): Described => ({ isEnabled: true, meaning });
const off = (meaning: string): Described => ({ isEnabled: false, meaning });

export type DetectorName = 'system' | 'process' | 'service' | 'docker' | 'container' | 'kubernetes';

/** What each detector can find. For those the Collector has, names and what is enabled are the Collector's. */
export const DETECTORS: Readonly<Record<DetectorName, Readonly<Record<string, Described>>>> = {
  system: {
    'host.name': on('Name of the host.'),
    'host.id': off('The machine id.'),
    'host.arch': off('Architecture of the processor: amd64, arm64.'),
    'host.ip': off('Addresses other than loopback, as a list.'),
    'host.mac': off('Hardware addresses of the interfaces, as a list.'),
    'host.interface': off('Names of the interfaces, as a list.'),
    'host.cpu.vendor.id': off('Vendor of the processor.'),
    'host.cpu.family': off('Family of the processor.'),
    'host.cpu.model.id': off('Model of the processor, as a number.'),
    'host.cpu.model.name': off('Model of the processor, by its name.'),
    'host.cpu.stepping': off('Stepping of the processor.'),
    'host.cpu.cache.l2.size': off('Second-level cache in bytes.'),
    'os.type': on('linux, darwin or windows.'),
    'os.description': off('Name and version of the operating system, with the kernel.'),
    'os.name': off('Name of the operating system.'),
    'os.version': off('Version of the operating system.'),
    'os.build.id': off('Release of the kernel.'),
  },
  process: {
    'process.pid': on('Number of the process.'),
    'process.executable.name': on('Name of the executable.'),
    'process.executable.path': on('Path of the executable.'),
    'process.owner': on('User of the process.'),
    'process.runtime.name': on('Name of the runtime.'),
    'process.runtime.version': on('Version of the runtime.'),
    'process.command_args': off('The whole command line. It may hold secrets.'),
  },
  service: {
    'service.name': on('OTEL_SERVICE_NAME.'),
    'service.version': on('OTEL_SERVICE_VERSION.'),
    'service.namespace': on('OTEL_SERVICE_NAMESPACE.'),
    'service.instance.id': off('A random id, kept in the storage, so that it survives restarts.'),
    'deployment.environment.name': on('OTEL_DEPLOYMENT_ENVIRONMENT_NAME, else APP_ENV.'),
  },
  docker: {
    'host.name': on('Name of the host of the daemon.'),
    'os.type': on('Operating system of the host of the daemon.'),
  },
  container: {
    'container.id': on('Id of the container.'),
    'container.runtime': on('docker, containerd, cri-o or podman, where the control group says it.'),
  },
  kubernetes: {
    'k8s.pod.name': on('POD_NAME or K8S_POD_NAME, else the name of the host.'),
    'k8s.pod.uid': on('POD_UID or K8S_POD_UID, else out of control groups or mounts.'),
    'k8s.namespace.name': on('POD_NAMESPACE or K8S_NAMESPACE_NAME, else that of the service account.'),
    'k8s.node.name': on('The variable node_from_env_var, else NODE_NAME.'),
    'k8s.container.name': on('CONTAINER_NAME or K8S_CONTAINER_NAME.'),
    'k8s.cluster.name': on('CLUSTER_NAME or K8S_CLUSTER_NAME.'),
  },
};
