import { podUid } from './container.ts';
import { readText, type Found, type Surroundings } from './surroundings.ts';

const NAMESPACE_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The pod this process runs in, by what the downward API usually puts into its environment; nothing outside of a cluster. */
export function detectKubernetes(at: Surroundings, nodeVariable: string): Found {
  const { env } = at;
  if (!env['KUBERNETES_SERVICE_HOST'] && !env[nodeVariable]) return {};
  return {
    'k8s.pod.name': env['POD_NAME'] || env['K8S_POD_NAME'] || at.hostname,
    'k8s.pod.uid': env['POD_UID'] || env['K8S_POD_UID'] || podUid(at),
    'k8s.namespace.name': env['POD_NAMESPACE'] || env['K8S_NAMESPACE_NAME'] || readText(at.fs, NAMESPACE_PATH)?.trim(),
    'k8s.node.name': env[nodeVariable] || env['NODE_NAME'],
    'k8s.container.name': env['CONTAINER_NAME'] || env['K8S_CONTAINER_NAME'],
    'k8s.cluster.name': env['CLUSTER_NAME'] || env['K8S_CLUSTER_NAME'],
  };
}
