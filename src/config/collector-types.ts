import type { Kind } from '#component';

/** What to do instead of a type that the Collector has and Winnow has not. */
const INSTEAD: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  receiver: {
    tcplog: '"syslog" listens on TCP, and "http" takes lines',
    udplog: '"syslog" listens on UDP',
  },
  processor: {
    k8sattributes: 'namespace, pod and container come from the path of the file, by the operator "container" of file_log',
    logstransform: '"parse" takes operators',
  },
  exporter: {
    logging: 'write "debug"',
    loadbalancing: 'the connector "round_robin" shares records out between several exporters',
  },
  extension: {
    memory_ballast: 'leave it out',
    pprof: 'leave it out',
    zpages: 'leave it out; "winnow status" shows what the agent does',
  },
};

export function insteadOf(kind: Kind, type: string): string | undefined {
  const known = INSTEAD[kind];
  return known && Object.hasOwn(known, type) ? known[type] : undefined;
}
