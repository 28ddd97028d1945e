import type { ConnectorFactory, ExporterFactory, ExtensionFactory, Factory, Kind, ProcessorFactory, ReceiverFactory } from '#component';
import { checkComponent, describeUnknown, readSection, SECTIONS, type Declarations, type Declared, type Section } from './components.ts';
import type { ComponentConfig, Config, ServiceConfig } from './config.ts';
import { checkNamedPipelines } from './connectors.ts';
import { Expander, type Environment } from './expand.ts';
import { checkExtensionReferences } from './extension-references.ts';
import { warnOfFeedback } from './feedback.ts';
import { warnOfCutIndentation } from './indentation.ts';
import { joinPath, toPlain, type MapNode, type Node } from './node.ts';
import type { Registry } from './registry-entry.ts';
import { Report } from './report.ts';
import { redact } from './secret.ts';
import { readService } from './service.ts';
import { readSources } from './sources.ts';
import { hint } from './suggest.ts';
import { Validator } from './validate.ts';

export interface LoadOptions {
  /** Each `--config`: a path, or `file:…`, `env:…`, `yaml:…`. Later ones win. */
  readonly sources: readonly string[];
  /** Each `--set`, as `a.b=c`. They win over all sources. */
  readonly sets?: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly registry: Registry;
  /** Pipelines of signals that cannot run here become warnings. */
  readonly skipUnsupported?: boolean;
}

/**
 * Reads, merges, expands and checks a configuration. Only the code of components it names is loaded. Rejects with one
 * ConfigError that holds every mistake, sorted by place.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { env, cwd, registry, sets = [], skipUnsupported = false } = options;
  const report = new Report();
  const paths = new Set<string>();
  const merged = readSources({ sources: options.sources, sets, env, cwd, report }, paths);
  // Text that is not YAML has parts missing; complaining about those as well would hide the cause.
  report.throwIfAny();

  const expander = new Expander({ env, cwd, report });
  const root = expandSections(merged, expander);
  const validator = new Validator(report);
  checkSections(root, report);
  const declarations = readDeclarations(root, registry, report);
  const read = readService(root, { validator, declarations, skipUnsupported });
  if (read) checkExtensionReferences(read, declarations, report);
  const components = await checkComponents(declarations, registry, validator, read?.onlyUnsupported);
  const connectors = ofKind(components, (factory): factory is ConnectorFactory<never> => factory.kind === 'connector');
  if (read) checkNamedPipelines([...connectors.values()], { pipelines: read.service.pipelines, declarations, report });
  const receivers = ofKind(components, (factory): factory is ReceiverFactory<never> => factory.kind === 'receiver');
  const processors = ofKind(components, (factory): factory is ProcessorFactory<never> => factory.kind === 'processor');
  const exporters = ofKind(components, (factory): factory is ExporterFactory<never> => factory.kind === 'exporter');
  if (read) warnOfFeedback({ receivers, exporters, pipelines: read.service.pipelines }, declarations, report);
  if (read) warnOfCutIndentation({ receivers, processors, pipelines: read.service.pipelines }, declarations, report);
  report.throwIfAny();
  if (!read) throw new Error('a service section that cannot be used was not reported');

  const { service } = read;
  return {
    receivers,
    processors,
    exporters,
    connectors,
    extensions: ofKind(components, (factory): factory is ExtensionFactory<never> => factory.kind === 'extension'),
    service,
    warnings: report.warnings,
    effective: () => redactConfig(toEffective(components, service), validator),
    written: () => redactConfig(toPlain(root), validator),
    sourcePaths: [...paths, ...expander.paths],
  };
}

/** Like `expander.expand(root)`; the root itself is a map in any case. */
function expandSections(root: MapNode, expander: Expander): MapNode {
  const expanded: Node = expander.expand(root);
  return expanded.kind === 'map' ? expanded : root;
}

const TOP_LEVEL = [...Object.keys(SECTIONS), 'service'];

function checkSections(root: MapNode, report: Report): void {
  for (const [key, { keyAt }] of root.entries) {
    if (!TOP_LEVEL.includes(key)) report.error(keyAt, '', `"${key}" is not a section${hint(key, TOP_LEVEL, 'sections')}`);
  }
}

function readDeclarations(root: MapNode, registry: Registry, report: Report): Declarations {
  return {
    receivers: readSection(root, 'receivers', registry, report),
    processors: readSection(root, 'processors', registry, report),
    exporters: readSection(root, 'exporters', registry, report),
    connectors: readSection(root, 'connectors', registry, report),
    extensions: readSection(root, 'extensions', registry, report),
  };
}

async function checkComponents(
  declarations: Declarations,
  registry: Registry,
  validator: Validator,
  forgiven: ReadonlySet<Declared> = new Set(),
): Promise<ComponentConfig[]> {
  const all = Object.values(declarations).flatMap((section) => Array.from(section.values()));
  const loaded = await Promise.all(all.map(async (declared) => ({ declared, factory: await declared.entry?.load() })));
  const components: ComponentConfig[] = [];
  for (const { declared, factory } of loaded) {
    if (factory) {
      const component = checkComponent(declared, factory, validator);
      if (component) components.push(component);
    } else if (!forgiven.has(declared)) {
      validator.report.error(declared.keyAt, declared.path, describeUnknown(declared, registry));
    }
  }
  return components;
}

function ofKind<F extends Factory>(
  components: readonly ComponentConfig[],
  isKind: (factory: Factory) => factory is F,
): ReadonlyMap<string, ComponentConfig<F>> {
  const own = new Map<string, ComponentConfig<F>>();
  for (const component of components) {
    const { factory } = component;
    if (isKind(factory)) own.set(component.id, { ...component, factory });
  }
  return own;
}

function toEffective(components: readonly ComponentConfig[], service: ServiceConfig): Record<string, unknown> {
  const effective: [string, unknown][] = [];
  for (const section of Object.keys(SECTIONS) as Section[]) {
    const kind: Kind = SECTIONS[section];
    const own = components.filter(({ factory }) => factory.kind === kind);
    if (own.length > 0) effective.push([section, Object.fromEntries(own.map(({ id, config }) => [id, config]))]);
  }
  const pipelines = service.pipelines.map(
    ({ id, receivers, processors, exporters }) => [id, { receivers, processors, exporters }] as const,
  );
  effective.push(['service', { ...service, pipelines: Object.fromEntries(pipelines) }]);
  return Object.fromEntries(effective);
}

function redactConfig(value: unknown, { secretPaths }: Validator): Readonly<Record<string, unknown>> {
  const redacted = redact(value, secretPaths, joinPath);
  return typeof redacted === 'object' && redacted !== null ? { ...redacted } : {};
}
