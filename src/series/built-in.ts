import { keyOf, resourceAttributes, ValueType, type Key, type LogBatch, type Origin, type Template } from '#model';
import type { BuiltInName } from './config.ts';
import type { Family, FamilySettings } from './family.ts';

type Create = (own: Pick<FamilySettings, 'name' | 'help' | 'unit' | 'labels'>) => Family;

const ANOMALY_TYPE = keyOf('winnow.anomaly.type');
const ANOMALY_PHASE = keyOf('winnow.anomaly.phase');
const DEDUPE_COUNT = keyOf('winnow.dedupe.count');
const LOG_COUNT = keyOf('log_count');
const SUPPRESSED_COUNT = keyOf('winnow.suppressed_count');
const MARKS: ReadonlySet<Key | undefined> = new Set([ANOMALY_TYPE, DEDUPE_COUNT, LOG_COUNT, SUPPRESSED_COUNT]);

/** Labels that none of `const_labels` may be called. */
export const BUILT_IN_LABELS = ['service_name', 'severity', 'template_id', 'type', 'kind', 'method', 'by'] as const;

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const SEVERITY_NUMBERS = 25;

function severityOf(number: number): string {
  return SEVERITIES[(number - 1) >> 2] ?? 'UNSPECIFIED';
}

/** Two families that are always fed together. */
interface Pair {
  readonly records: Family;
  readonly bytes: Family;
}

interface Found {
  readonly origin: number;
  readonly severity: number;
  readonly records: number;
  readonly bytes: number;
}

/** Volume by service, severity and template; anomalies; what other processors have kept back. */
export class BuiltIn {
  readonly families: readonly Family[];
  readonly #volume: Pair | undefined;
  readonly #templates: Pair | undefined;
  readonly #anomalies: Family | undefined;
  readonly #anomalous: Family | undefined;
  readonly #suppressed: Family | undefined;
  readonly #services = new WeakMap<Origin, string>();
  /** Series found in this batch, by resource and severity, or by template. */
  readonly #foundVolume: (Found | undefined)[] = [];
  readonly #foundTemplates = new Map<Template, Found>();

  constructor(names: readonly BuiltInName[], create: Create) {
    const has = new Set(names);
    const families: Family[] = [];
    const make = (name: string, help: string, labels: readonly string[], unit = ''): Family => {
      const family = create({ name, help, labels, unit });
      families.push(family);
      return family;
    };
    const volume = ['service_name', 'severity'];
    if (has.has('records')) {
      const records = make('winnow_log_records', 'Log records by service and severity.', volume);
      this.#volume = { records, bytes: make('winnow_log_bytes', 'Bytes of bodies and attributes.', volume, 'bytes') };
    }
    const template = [...volume, 'template_id'];
    if (has.has('templates')) {
      const records = make('winnow_template_records', 'Log records by template.', template);
      this.#templates = { records, bytes: make('winnow_template_bytes', 'Bytes of bodies and attributes by template.', template, 'bytes') };
    }
    if (has.has('anomalies')) {
      const labels = ['service_name', 'type', 'severity', 'method'];
      this.#anomalies = make('winnow_anomalies', 'Anomalies, as they were opened.', ['type', 'kind', 'severity', 'method']);
      this.#anomalous = make('winnow_anomalous_log_records', 'Log records tagged as abnormal by themselves.', labels);
    }
    if (has.has('suppressed')) {
      const help = 'Log records that summaries stand for and that were not passed on themselves.';
      this.#suppressed = make('winnow_suppressed_log_records', help, ['service_name', 'severity', 'by']);
    }
    this.families = families;
  }

  apply(batch: LogBatch): void {
    if (this.#volume || this.#templates) this.#countVolume(batch);
    if (this.#anomalies || this.#suppressed) this.#countMarked(batch);
  }

  #countVolume(batch: LogBatch): void {
    this.#foundVolume.length = 0;
    this.#foundTemplates.clear();
    const { isDropped, length } = batch;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1) continue;
      const bytes = bytesOf(batch, row);
      if (this.#volume) this.#countRow(batch, row, this.#volume, { found: this.#findVolume(batch, row, this.#volume), bytes });
      const template = this.#templates && batch.templateOf[row];
      if (this.#templates && template) {
        this.#countRow(batch, row, this.#templates, { found: this.#findTemplate(batch, row, this.#templates, template), bytes });
      }
    }
  }

  #countRow(batch: LogBatch, row: number, pair: Pair, { found, bytes }: { found: Found; bytes: number }): void {
    pair.records.add(found.records, 1);
    pair.bytes.add(found.bytes, bytes);
    if (batch.traceIds) pair.records.exemplars.keep(batch, row, { index: found.records, bucket: 0, value: 1 });
  }

  #findVolume(batch: LogBatch, row: number, pair: Pair): Found {
    const origin = batch.resourceOf[row] as number;
    const severity = batch.severity[row] as number;
    const at = origin * SEVERITY_NUMBERS + Math.min(severity, SEVERITY_NUMBERS - 1);
    return (this.#foundVolume[at] ??= this.#find(batch, pair, { origin, severity, template: undefined }));
  }

  #findTemplate(batch: LogBatch, row: number, pair: Pair, template: Template): Found {
    const origin = batch.resourceOf[row] as number;
    const severity = batch.severity[row] as number;
    const known = this.#foundTemplates.get(template);
    if (known && known.origin === origin && known.severity === severity) return known;
    const found = this.#find(batch, pair, { origin, severity, template });
    this.#foundTemplates.set(template, found);
    return found;
  }

  #find(batch: LogBatch, pair: Pair, of: { origin: number; severity: number; template: Template | undefined }): Found {
    const { origin, severity, template } = of;
    const values = [this.#service(batch, origin), severityOf(severity)];
    if (template) values.push(template.id);
    return { origin, severity, records: seriesOf(pair.records, values), bytes: seriesOf(pair.bytes, values) };
  }

  #service(batch: LogBatch, origin: number): string {
    const resource = batch.resources[origin] as Origin;
    let service = this.#services.get(resource);
    if (service === undefined) {
      const named = resourceAttributes(resource)['service.name'];
      service = typeof named === 'string' ? named : '';
      this.#services.set(resource, service);
    }
    return service;
  }

  /** Marked rows are rare, and a batch without a mark shows that in one walk over its keys. */
  #countMarked(batch: LogBatch): void {
    const { key, count } = batch.attributes;
    let isMarked = false;
    for (let slot = 0; slot < count && !isMarked; slot++) isMarked = MARKS.has(key[slot]);
    if (!isMarked) return;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      this.#countAnomaly(batch, row);
      this.#countSuppressed(batch, row);
    }
  }

  #countAnomaly(batch: LogBatch, row: number): void {
    if (batch.attribute(row, ANOMALY_TYPE) === undefined || !this.#anomalies || !this.#anomalous) return;
    const phase = batch.attribute(row, ANOMALY_PHASE);
    const text = (name: string): string => {
      const value = batch.attribute(row, `winnow.anomaly.${name}`);
      return typeof value === 'string' ? value : '';
    };
    const rest = [text('severity'), text('method')];
    if (phase === 'opened') this.#anomalies.add(seriesOf(this.#anomalies, [text('type'), text('kind'), ...rest]), 1);
    if (phase !== undefined) return;
    const service = this.#service(batch, batch.resourceOf[row] as number);
    this.#anomalous.add(seriesOf(this.#anomalous, [service, text('type'), ...rest]), 1);
  }

  #countSuppressed(batch: LogBatch, row: number): void {
    if (!this.#suppressed) return;
    const [by, count] = suppressedBy(batch, row);
    if (!(count > 0)) return;
    const service = this.#service(batch, batch.resourceOf[row] as number);
    this.#suppressed.add(seriesOf(this.#suppressed, [service, severityOf(batch.severity[row] as number), by]), count);
  }
}

function suppressedBy(batch: LogBatch, row: number): readonly [string, number] {
  const limited = batch.attribute(row, SUPPRESSED_COUNT);
  if (limited !== undefined) return ['rate_limit', Number(limited)];
  const merged = batch.attribute(row, DEDUPE_COUNT);
  if (merged !== undefined) {
    // A count of 1 without times is the record itself.
    const isItself = batch.attribute(row, 'winnow.dedupe.first_time') === undefined;
    return ['dedupe', isItself ? 0 : Number(merged)];
  }
  const total = batch.attribute(row, LOG_COUNT);
  // There the summary is one of those it counts; and the name alone could be anybody's.
  const isSummary = total !== undefined && batch.attribute(row, 'first_observed_timestamp') !== undefined;
  return ['dedupe', isSummary ? Number(total) - 1 : 0];
}

function seriesOf(family: Family, values: readonly string[]): number {
  family.key.begin();
  for (const value of values) family.key.addText(value);
  return family.series();
}

/** Body and own attributes as they came: text by its bytes, numbers as 8, true and false as 1. */
function bytesOf({ bodySize, bodyType, attributes }: LogBatch, row: number): number {
  let bytes = bodyType[row] === ValueType.none ? 0 : (bodySize[row] as number);
  const { head, next, key, type, size } = attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const kind = type[slot];
    if (kind === ValueType.none) continue;
    bytes += (key[slot] as Key).bytes.length;
    if (kind === ValueType.int || kind === ValueType.double) bytes += 8;
    else if (kind === ValueType.bool) bytes += 1;
    else if (kind !== ValueType.empty) bytes += size[slot] as number;
  }
  return bytes;
}
