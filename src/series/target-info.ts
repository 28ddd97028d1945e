import { resourceAttributes, type AttributeValue, type LogBatch, type Origin } from '#model';
import { escapeLabel, joined, type Format } from './exposition.ts';
import { cutAt } from './label-key.ts';

// Of one UTF-16 unit.
const UTF8_BYTES_MAX = 3;

interface Target {
  readonly labels: string;
  readonly pairs: ReadonlyMap<string, string>;
  touchedMs: number;
}

/**
 * `target_info`: one line for each resource, with `job` and `instance` made of service.namespace, service.name and
 * service.instance.id, and all other attributes as labels. Bounded, the longest unseen go first.
 */
export class TargetInfo {
  readonly #max: number;
  readonly #expirationMs: number;
  readonly #valueBytesMax: number;
  readonly #constantNames: ReadonlySet<string>;
  /** Equal labels are one line, whatever their resources differ in. */
  readonly #targets = new Map<string, Target>();
  readonly #known = new WeakMap<Origin, Target>();

  constructor(options: {
    readonly max: number;
    readonly expirationMs: number;
    readonly valueBytesMax: number;
    readonly constantNames: ReadonlySet<string>;
  }) {
    this.#max = options.max;
    this.#expirationMs = options.expirationMs;
    this.#valueBytesMax = options.valueBytesMax;
    this.#constantNames = options.constantNames;
  }

  see({ resources }: LogBatch, nowMs: number): void {
    for (const resource of resources) {
      if (resource.encoded.length === 0) continue;
      let target = this.#known.get(resource);
      if (!target || !this.#targets.has(target.labels)) {
        target = this.#add(resource);
        this.#known.set(resource, target);
      }
      target.touchedMs = nowMs;
    }
  }

  expire(nowMs: number): void {
    if (this.#expirationMs === 0) return;
    for (const [labels, { touchedMs }] of this.#targets) if (touchedMs <= nowMs - this.#expirationMs) this.#targets.delete(labels);
  }

  expose(format: Format, constantLabels: string): string {
    if (this.#targets.size === 0) return '';
    const name = format === 'openmetrics' ? 'target' : 'target_info';
    let text = `# HELP ${name} Resources that records came from.\n# TYPE ${name} ${format === 'openmetrics' ? 'info' : 'gauge'}\n`;
    for (const labels of this.#targets.keys()) text += `target_info{${joined(labels, constantLabels)}} 1\n`;
    return text;
  }

  /** The labels of each, by their text. */
  *all(): Generator<readonly [string, ReadonlyMap<string, string>]> {
    for (const [labels, { pairs }] of this.#targets) yield [labels, pairs];
  }

  #add(resource: Origin): Target {
    const pairs = this.#pairsOf(resourceAttributes(resource));
    const labels = Array.from(pairs, ([label, value]) => `${label}="${escapeLabel(value)}"`).join(',');
    const target = this.#targets.get(labels) ?? { labels, pairs, touchedMs: 0 };
    // Set anew, it stands last: the order of the map is the order in which they came.
    this.#targets.delete(labels);
    this.#targets.set(labels, target);
    const [oldest] = this.#targets.keys();
    if (this.#targets.size > this.#max && oldest !== undefined) this.#targets.delete(oldest);
    return target;
  }

  #pairsOf(attributes: Readonly<Record<string, AttributeValue>>): Map<string, string> {
    const { 'service.name': name, 'service.namespace': namespace, 'service.instance.id': instance, ...rest } = attributes;
    const labels = new Map<string, string>();
    const job = [namespace, name].flatMap((part) => (typeof part === 'string' && part !== '' ? [part] : [])).join('/');
    const set = (label: string, value: string): void => void labels.set(label, this.#cut(value));
    if (job !== '') set('job', job);
    if (typeof instance === 'string' && instance !== '') set('instance', instance);
    // As the series have it, so that they can be joined on it.
    if (typeof name === 'string' && name !== '') set('service_name', name);
    for (const [key, value] of Object.entries(rest)) {
      const label = this.#cut(toLabelName(key));
      if (isScalar(value) && !labels.has(label)) set(label, String(value));
    }
    for (const constant of this.#constantNames) labels.delete(constant);
    return labels;
  }

  /** Where the labels of series are cut. */
  #cut(text: string): string {
    if (text.length * UTF8_BYTES_MAX <= this.#valueBytesMax) return text;
    // More than the bound need not be encoded: a UTF-16 unit is at least one byte.
    const bytes = Buffer.from(text.slice(0, this.#valueBytesMax + 1));
    return bytes.toString('utf8', 0, cutAt(bytes, 0, bytes.length, this.#valueBytesMax));
  }
}

function isScalar(value: AttributeValue): value is string | number | boolean | bigint {
  return value !== null && value !== '' && typeof value !== 'object';
}

/** `k8s.pod.name` as `k8s_pod_name`; names that begin with two underscores belong to Prometheus itself. */
function toLabelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^__+/, '_');
  return /^[0-9]/.test(name) || name === '' ? `_${name}` : name;
}
