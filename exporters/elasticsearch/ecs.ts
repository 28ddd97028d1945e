import { scopeNameAndVersion, type Origin } from '#model';
import type { Source } from './document.ts';
import { ROUTING } from './target.ts';
import { objectOf, resourceMembers, resourceOf, severityOf, withoutConflicts, type Members } from './values.ts';

/** Where the semantic conventions and the Elastic Common Schema have different names. A map: attributes may be called `constructor`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['service.instance.id', 'service.node.name'],
  ['deployment.environment', 'service.environment'],
  ['deployment.environment.name', 'service.environment'],
  ['cloud.platform', 'cloud.service.name'],
  ['container.image.tags', 'container.image.tag'],
  ['host.arch', 'host.architecture'],
  ['os.name', 'host.os.name'],
  ['os.version', 'host.os.version'],
  ['os.type', 'host.os.type'],
  ['os.description', 'host.os.full'],
  ['process.executable.path', 'process.executable'],
  ['process.runtime.name', 'service.runtime.name'],
  ['process.runtime.version', 'service.runtime.version'],
  ['exception.type', 'error.type'],
  ['exception.message', 'error.message'],
  ['exception.stacktrace', 'error.stack_trace'],
  ['code.function', 'log.origin.function'],
  ['code.function.name', 'log.origin.function'],
  ['code.filepath', 'log.origin.file.name'],
  ['code.file.path', 'log.origin.file.name'],
  ['code.lineno', 'log.origin.file.line'],
  ['code.line.number', 'log.origin.file.line'],
  ['log.logger', 'log.logger'],
  ['k8s.cluster.name', 'orchestrator.cluster.name'],
  ['k8s.namespace.name', 'kubernetes.namespace'],
  ['k8s.node.name', 'kubernetes.node.name'],
  ['k8s.pod.name', 'kubernetes.pod.name'],
  ['k8s.pod.uid', 'kubernetes.pod.uid'],
  ['k8s.container.name', 'kubernetes.container.name'],
  ['k8s.deployment.name', 'kubernetes.deployment.name'],
  ['k8s.statefulset.name', 'kubernetes.statefulset.name'],
  ['k8s.daemonset.name', 'kubernetes.daemonset.name'],
  ['k8s.job.name', 'kubernetes.job.name'],
  ['k8s.cronjob.name', 'kubernetes.cronjob.name'],
  ['k8s.replicaset.name', 'kubernetes.replicaset.name'],
]);

/** The Elastic Common Schema: names with dots, which Elasticsearch reads as objects. */
export function ecsDocument({ batch, row, time, target, attributes }: Source): string {
  const members: Members = new Map();
  for (const [name, value] of resourceFields(resourceOf(batch, row))) members.set(name, value);
  for (const [name, value] of attributes()) members.set(NAMES.get(name) ?? name, value);
  const own: Members = new Map([['@timestamp', time]]);
  if (target.dataStream) {
    own.set('data_stream.type', '"logs"');
    own.set('data_stream.dataset', JSON.stringify(target.dataStream.dataset));
    own.set('data_stream.namespace', JSON.stringify(target.dataStream.namespace));
  }
  own.set('message', JSON.stringify(batch.bodyText(row)));
  const severity = batch.severity[row] as number;
  if (severity !== 0) own.set('event.severity', String(severity));
  const level = severityOf(batch, row);
  if (level !== '') own.set('log.level', JSON.stringify(level));
  const eventName = batch.eventName(row);
  if (eventName !== '') own.set('event.action', JSON.stringify(eventName));
  const traceId = batch.traceId(row);
  if (traceId !== '') own.set('trace.id', `"${traceId}"`);
  const spanId = batch.spanId(row);
  if (spanId !== '') own.set('span.id', `"${spanId}"`);
  const { name: scope } = scopeNameAndVersion(batch.scopes[batch.scopeOf[row] as number] as Origin);
  if (scope !== '' && !members.has('log.logger')) own.set('log.logger', JSON.stringify(scope));
  for (const [name, value] of own) {
    // An attribute of that name is something else, and is kept beside.
    const other = members.get(name);
    if (other !== undefined && other !== value) members.set(`labels.${name}`, other);
    members.set(name, value);
  }
  return objectOf(withoutConflicts(members));
}

const fieldsOf = new WeakMap<Origin, Members>();

function resourceFields(resource: Origin): Members {
  let fields = fieldsOf.get(resource);
  if (fields) return fields;
  fields = new Map();
  for (const [name, value] of resourceMembers(resource)) {
    if (ROUTING.has(name)) continue;
    fields.set(NAMES.get(name) ?? name, value);
    if (name === 'host.name') fields.set('host.hostname', value);
  }
  fieldsOf.set(resource, fields);
  return fields;
}
