interface Described {
  readonly isEnabled: boolean;
  readonly meaning: string;
}

const on = (meaning: string): Described => ({ isEnabled: true, meaning });
const off = (meaning: string): Described => ({ isEnabled: false, meaning });

export type DetectorName = 'system' | 'process' | 'service' | 'docker' | 'container' | 'kubernetes' | CloudName;
export type CloudName = 'ec2' | 'gcp' | 'azure';

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
  ec2: {
    'cloud.provider': on('aws.'),
    'cloud.platform': on('aws_ec2.'),
    'cloud.account.id': on('Number of the account.'),
    'cloud.region': on('Region.'),
    'cloud.availability_zone': on('Availability zone.'),
    'host.id': on('Id of the instance.'),
    'host.image.id': on('Id of the image the instance was started from.'),
    'host.name': on('Name of the host in the private DNS.'),
    'host.type': on('Type of the instance.'),
  },
  gcp: {
    'cloud.provider': on('gcp.'),
    'cloud.platform': on('gcp_compute_engine, or gcp_kubernetes_engine where the machine belongs to a cluster.'),
    'cloud.account.id': on('Id of the project.'),
    'cloud.region': on('Region.'),
    'cloud.availability_zone': on('Zone; for a cluster, where the whole cluster is in one.'),
    'host.id': on('Id of the instance.'),
    'host.name': on('Name of the instance.'),
    'host.type': on('Type of the machine; not for a cluster.'),
    'k8s.cluster.name': on('Name of the cluster.'),
    'gcp.gce.instance.name': off('Name of the instance; not for a cluster.'),
    'gcp.gce.instance.hostname': off('Name of the host in the internal DNS; not for a cluster.'),
    'gcp.gce.instance_group_manager.name': on('Name of the managed instance group; not for a cluster.'),
    'gcp.gce.instance_group_manager.zone': on('Zone of a zonal instance group; not for a cluster.'),
    'gcp.gce.instance_group_manager.region': on('Region of a regional instance group; not for a cluster.'),
  },
  azure: {
    'cloud.provider': on('azure.'),
    'cloud.platform': on('azure_vm.'),
    'cloud.account.id': on('Id of the subscription.'),
    'cloud.region': on('Location.'),
    'cloud.availability_zone': off('Number of the zone in the location.'),
    'host.id': on('Id of the virtual machine.'),
    'host.name': on('Name the operating system was given, else that of the virtual machine.'),
    'azure.vm.name': on('Name of the virtual machine.'),
    'azure.vm.size': on('Size of the virtual machine.'),
    'azure.vm.scaleset.name': on('Name of the scale set.'),
    'azure.resourcegroup.name': on('Name of the resource group.'),
  },
};
