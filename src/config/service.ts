import type { Declarations, Declared, Section } from './components.ts';
import { checkConnectors } from './connectors.ts';
import type { LogLevel, LogsTelemetryConfig, MetricsTelemetryConfig, PipelineConfig, ServiceConfig, TelemetryConfig } from './config.ts';
import { joinPath, type MapNode, type Node } from './node.ts';
import { positionOf, type Place } from './place.ts';
import type { Report } from './report.ts';
import { serviceSchema } from './service-schema.ts';
import { suggest } from './suggest.ts';
import type { Validator } from './validate.ts';

export interface ReadService {
  readonly service: ServiceConfig;
  /** Ids by section that only pipelines of other signals name. They are not complained about once more. */
  readonly onlyUnsupported: ReadonlySet<Declared>;
}

/** The form of `service` after `serviceSchema` has passed. */
interface RawService {
  readonly extensions: readonly string[];
  readonly pipelines: Readonly<Record<string, RawPipeline>>;
  readonly telemetry: { readonly logs: LogsTelemetryConfig; readonly metrics: MetricsTelemetryConfig; readonly resource: RawResource };
}

type RawPipeline = Readonly<Record<Lane, readonly string[]>>;
type RawResource = Readonly<Record<string, unknown>>;

const LANES = ['receivers', 'processors', 'exporters'] as const;
type Lane = (typeof LANES)[number];

/** Where what a lane names may be declared. */
const SECTIONS_OF: Readonly<Record<Lane | 'extensions', readonly Section[]>> = {
  receivers: ['receivers', 'connectors'],
  processors: ['processors'],
  exporters: ['exporters', 'connectors'],
  extensions: ['extensions'],
};

const SIGNALS = ['logs', 'traces', 'metrics', 'profiles'];

export interface ServiceOptions {
  readonly validator: Validator;
  readonly declarations: Declarations;
  readonly skipUnsupported: boolean;
}

/** Reads and checks the `service` section. Undefined when its form is wrong; the report says how. */
export function readService(root: MapNode, options: ServiceOptions): ReadService | undefined {
  const { validator } = options;
  const { report } = validator;
  const entry = root.entries.get('service');
  if (!entry) {
    report.error(
      root.at,
      'service',
      'expected a section with at least one pipeline, got nothing; add service.pipelines.logs with receivers and exporters',
    );
    return undefined;
  }
  const before = report.errorCount;
  const raw = validator.check(serviceSchema, entry.value, 'service', entry.keyAt);
  // A reference that leads nowhere was reported before, and has no value.
  if (raw === undefined || report.errorCount > before) return undefined;
  // The schema above has just established this form.
  return new ServiceReader(entry.value, entry.keyAt, options).read(raw as RawService);
}

class ServiceReader {
  readonly #node: Node;
  readonly #at: Place;
  readonly #report: Report;
  readonly #declarations: Declarations;
  readonly #skipUnsupported: boolean;

  constructor(node: Node, at: Place, { validator, declarations, skipUnsupported }: ServiceOptions) {
    this.#node = node;
    this.#at = at;
    this.#report = validator.report;
    this.#declarations = declarations;
    this.#skipUnsupported = skipUnsupported;
  }

  read(raw: RawService): ReadService {
    const all = Object.entries(raw.pipelines);
    const unsupported = all.filter(([id, pipeline]) => this.#isUnsupported(id) || this.#isSkippedForMembers(id, pipeline));
    const supported = all.filter((pipeline) => !unsupported.includes(pipeline));
    if (supported.length === 0 && (unsupported.length === 0 || this.#skipUnsupported)) {
      this.#report.error(
        this.#placeOf(['pipelines']),
        'service.pipelines',
        'expected at least one pipeline for logs, got none; add "logs:" with receivers and exporters',
      );
    }
    for (const [id, pipeline] of supported) this.#checkPipeline(id, pipeline);
    checkConnectors({
      pipelines: supported.map(([id, pipeline]) => ({ id, ...pipeline })),
      declarations: this.#declarations,
      report: this.#report,
      placeOf: (pipeline, lane, id) => {
        const index = supported.find((one) => one[0] === pipeline)?.[1][lane].indexOf(id) ?? -1;
        return this.#placeOf(['pipelines', pipeline, lane, String(index)]);
      },
    });
    this.#checkReferences(raw.extensions, 'extensions', 'service', ['extensions']);
    const onlyUnsupported = this.#declaredOnlyIn(unsupported, supported);
    this.#warnUnused(supported, raw.extensions, onlyUnsupported);
    return {
      service: {
        extensions: [...new Set(raw.extensions)],
        pipelines: supported.map(([id, pipeline]) => this.#toPipeline(id, pipeline)),
        telemetry: toTelemetry(raw.telemetry),
      },
      onlyUnsupported,
    };
  }

  /** True for pipelines of signals that cannot run here; also tells about them, once each. */
  #isUnsupported(id: string): boolean {
    const [signal = '', ...names] = id.split('/');
    const at = this.#placeOf(['pipelines', id]);
    const path = joinPath('service.pipelines', id);
    if (signal === 'logs' || signal === 'traces') {
      if (names.length > 0 && (names.join('') === '' || /\s/.test(id)))
        this.#report.error(at, path, 'expected an id such as "logs" or "logs/name"');
      return false;
    }
    if (!SIGNALS.includes(signal)) {
      this.#report.error(
        at,
        path,
        `expected an id such as "logs" or "logs/name", got ${JSON.stringify(id)}${suggest(signal, SIGNALS) === 'logs' ? '; did you mean "logs"?' : ''}`,
      );
      return true;
    }
    if (this.#skipUnsupported) this.#report.warn(at, path, `${signal} cannot be carried, only logs and traces; the pipeline is skipped`);
    else
      this.#report.error(
        at,
        path,
        `${signal} cannot be carried, only logs and traces; remove the pipeline, or skip it with --skip-unsupported`,
      );
    return true;
  }

  /** True for a pipeline of traces that names what cannot carry them, when such are to be skipped. */
  #isSkippedForMembers(id: string, pipeline: RawPipeline): boolean {
    if (!this.#skipUnsupported || !isTraces(id)) return false;
    const lane = LANES.find((one) => pipeline[one].some((member) => !this.#carriesTraces(member, one)));
    if (lane === undefined) return false;
    const member = pipeline[lane].find((one) => !this.#carriesTraces(one, lane)) ?? '';
    const message = `"${member}" cannot carry traces; the pipeline is skipped`;
    this.#report.warn(this.#placeOf(['pipelines', id]), joinPath('service.pipelines', id), message);
    return true;
  }

  #carriesTraces(id: string, lane: Lane): boolean {
    const declared = SECTIONS_OF[lane].map((section) => this.#declarations[section].get(id)).find(Boolean);
    return declared?.entry?.signals?.includes('traces') ?? false;
  }

  /** What is not declared, or not known, is told elsewhere. */
  #checkSignals(id: string, pipeline: RawPipeline): void {
    for (const lane of LANES) {
      for (const [i, member] of pipeline[lane].entries()) {
        const declared = SECTIONS_OF[lane].map((section) => this.#declarations[section].get(member)).find(Boolean);
        if (!declared?.entry || declared.entry.signals?.includes('traces')) continue;
        const path = joinPath(joinPath('service.pipelines', id), lane);
        const message = `"${member}" works on log records and cannot stand in a pipeline of traces; remove it from this one`;
        this.#report.error(this.#placeOf(['pipelines', id, lane, String(i)]), path, message);
      }
    }
  }

  #checkPipeline(id: string, pipeline: RawPipeline): void {
    const path = joinPath('service.pipelines', id);
    if (isTraces(id)) this.#checkSignals(id, pipeline);
    for (const lane of LANES) {
      this.#checkReferences(pipeline[lane], lane, path, ['pipelines', id, lane]);
      if (pipeline[lane].length > 0 || lane === 'processors') continue;
      const one = lane.slice(0, -1);
      this.#report.error(this.#placeOf(['pipelines', id]), path, `expected at least one ${one}, got none; name one under "${lane}"`);
    }
  }

  #checkReferences(ids: readonly string[], section: Lane | 'extensions', path: string, keys: readonly string[]): void {
    const all = SECTIONS_OF[section].flatMap((one) => [...this.#declarations[one].keys()]);
    const kind = section.slice(0, -1);
    const seen = new Set<string>();
    for (const [i, id] of ids.entries()) {
      const at = this.#placeOf([...keys, String(i)]);
      if (seen.has(id)) {
        const message = `${kind} "${id}" is named twice; remove one of them`;
        // A processor named twice would work twice, the others cannot tell the difference.
        if (section === 'processors') this.#report.error(at, path, message);
        else this.#report.warn(at, path, message);
      } else if (!all.includes(id)) {
        const list = all.length === 0 ? `none; add it under "${section}"` : all.toSorted().join(', ');
        this.#report.error(at, path, `${kind} "${id}" is not defined; defined: ${list}`);
      }
      seen.add(id);
    }
  }

  #declaredOnlyIn(unsupported: readonly [string, RawPipeline][], supported: readonly [string, RawPipeline][]): Set<Declared> {
    const only = new Set<Declared>();
    for (const lane of LANES) {
      const used = new Set(supported.flatMap(([, pipeline]) => pipeline[lane]));
      for (const id of unsupported.flatMap(([, pipeline]) => pipeline[lane])) {
        if (used.has(id)) continue;
        for (const section of SECTIONS_OF[lane]) {
          const declared = this.#declarations[section].get(id);
          if (declared) only.add(declared);
        }
      }
    }
    return only;
  }

  #warnUnused(supported: readonly [string, RawPipeline][], extensions: readonly string[], onlyUnsupported: ReadonlySet<Declared>): void {
    const warn = (declared: Declared, place: string): void => {
      if (onlyUnsupported.has(declared)) return;
      this.#report.warn(declared.keyAt, declared.path, `defined but not used; name it in ${place}, or remove it`);
    };
    for (const lane of LANES) {
      const used = new Set(supported.flatMap(([, pipeline]) => pipeline[lane]));
      for (const [id, declared] of this.#declarations[lane]) if (!used.has(id)) warn(declared, 'a pipeline');
    }
    const joined = new Set(supported.flatMap(([, { receivers, exporters }]) => [...receivers, ...exporters]));
    for (const [id, declared] of this.#declarations.connectors) if (!joined.has(id)) warn(declared, 'two pipelines');
    for (const [id, declared] of this.#declarations.extensions) if (!extensions.includes(id)) warn(declared, 'service.extensions');
  }

  #toPipeline(id: string, { receivers, processors, exporters }: RawPipeline): PipelineConfig {
    return {
      id,
      signal: isTraces(id) ? 'traces' : 'logs',
      receivers: [...new Set(receivers)],
      processors: [...processors],
      exporters: [...new Set(exporters)],
      position: positionOf(this.#placeOf(['pipelines', id])),
    };
  }

  /** The place of a key's own name, or of an item of a list. */
  #placeOf(keys: readonly string[]): Place {
    let place = this.#at;
    let node: Node | undefined = this.#node;
    for (const key of keys) {
      if (node?.kind === 'map') {
        const entry = node.entries.get(key);
        if (!entry) return place;
        place = entry.keyAt;
        node = entry.value;
      } else if (node?.kind === 'list') {
        node = node.items[Number(key)];
        place = node?.at ?? place;
      }
    }
    return place;
  }
}

function isTraces(id: string): boolean {
  return id.split('/')[0] === 'traces';
}

function toTelemetry({ logs, metrics, resource }: RawService['telemetry']): TelemetryConfig {
  const { level } = logs;
  // The schema's list holds these names in lower and upper case, as the Collector takes them.
  const lowerLevel = level === undefined ? {} : { level: level.toLowerCase() as LogLevel };
  return { logs: { ...logs, ...lowerLevel }, metrics, resource: toAttributes(resource) };
}

/** Both forms of `resource`: a plain map, or `attributes` as a list of name and value. */
function toAttributes({ attributes, schema_url: _schemaUrl, ...plain }: RawResource): TelemetryConfig['resource'] {
  const entries: [string, unknown][] = Object.entries(plain);
  for (const item of Array.isArray(attributes) ? (attributes as { name: string; value?: unknown }[]) : [])
    entries.push([item.name, item.value]);
  const isValue = (value: unknown): value is string | number | boolean | null =>
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const known: [string, string | number | boolean | null][] = [];
  for (const [name, value] of entries) if (isValue(value)) known.push([name, value]);
  return Object.fromEntries(known);
}
