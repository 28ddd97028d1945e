import type { Kind } from '#component';

/** What to do instead of a type that the Collector has and Winnow has not. */
const INSTEAD: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  receiver: {
    tcp_log: '"syslog" listens on TCP, and "http" takes lines',
    tcplog: '"syslog" listens on TCP, and "http" takes lines',
    udp_log: '"syslog" listens on UDP',
    udplog: '"syslog" listens on UDP',
  },
  processor: {
    k8sattributes: 'namespace, pod and container come from the path of the file, by the operator "container" of file_log',
    logstransform: '"parse" takes operators',
  },
  exporter: {
    loadbalancing: 'the connector "round_robin" shares records out between several exporters',
  },
};

export function insteadOf(kind: Kind, type: string): string | undefined {
  const known = INSTEAD[kind];
  return known && Object.hasOwn(known, type) ? known[type] : undefined;
}
