import type { ConnectorFactory } from '#component';
import { locate, type Declarations } from './components.ts';
import type { ComponentConfig } from './config.ts';
import { joinPath } from './node.ts';
import type { Place } from './place.ts';
import type { Report } from './report.ts';
import { suggest } from './suggest.ts';

/** A pipeline as far as connectors are concerned. */
interface Joint {
  readonly id: string;
  readonly receivers: readonly string[];
  readonly exporters: readonly string[];
}

interface Joints {
  readonly pipelines: readonly Joint[];
  readonly declarations: Declarations;
  readonly report: Report;
  /** The place of a name in a list of a pipeline. */
  readonly placeOf: (pipeline: string, lane: 'receivers' | 'exporters', id: string) => Place;
}

/**
 * A connector stands as exporter in one pipeline and as receiver in another of the same signal, and no way through
 * connectors leads back to where it began.
 */
export function checkConnectors({ pipelines, declarations, report, placeOf }: Joints): void {
  for (const [id, { keyAt, path }] of declarations.connectors) {
    for (const lane of ['receivers', 'exporters'] as const) {
      if (!declarations[lane].has(id)) continue;
      report.error(keyAt, path, `there is ${lane === 'receivers' ? 'a receiver' : 'an exporter'} of this id too; rename one of them`);
    }
    const sources = pipelines.filter(({ exporters }) => exporters.includes(id));
    const targets = pipelines.filter(({ receivers }) => receivers.includes(id));
    const signals = new Set([...sources, ...targets].map(signalOf));
    if (signals.size > 1) {
      const [one = '', two = ''] = signals;
      report.error(
        keyAt,
        path,
        `it stands in pipelines of ${one} and of ${two}; declare a second one, such as "${id.split('/')[0]}/${two}"`,
      );
      continue;
    }
    for (const [ends, others, lane, other] of [
      [sources, targets, 'exporters', 'receiver'],
      [targets, sources, 'receivers', 'exporter'],
    ] as const) {
      for (const pipeline of ends) {
        const signal = signalOf(pipeline);
        if (others.some((one) => signalOf(one) === signal)) continue;
        const message = `connector "${id}" stands here as ${lane === 'exporters' ? 'an exporter' : 'a receiver'}, and in no pipeline of ${signal} as ${other}; name it under "${other}s" of one`;
        report.error(placeOf(pipeline.id, lane, id), joinPath('service.pipelines', pipeline.id), message);
      }
    }
  }
  const circle = findCircle(pipelines, declarations);
  if (!circle) return;
  const [first = '', via = ''] = circle;
  const way = [...circle, first].join(' -> ');
  report.error(
    placeOf(first, 'exporters', via),
    joinPath('service.pipelines', first),
    `records would go in a circle: ${way}; take a connector out`,
  );
}

/** The pipelines that a connector names have to exist and to name it as a receiver. */
export function checkNamedPipelines(
  connectors: readonly ComponentConfig<ConnectorFactory<never>>[],
  { pipelines, declarations, report }: Omit<Joints, 'placeOf'>,
): void {
  for (const { id, factory, config } of connectors) {
    const declared = declarations.connectors.get(id);
    const fed = pipelines.filter(({ receivers }) => receivers.includes(id)).map((pipeline) => pipeline.id);
    // One that no pipeline names has been told of; it does not run.
    if (!declared || fed.length === 0) continue;
    const named = factory.pipelinesOf?.(config) ?? [];
    for (const { path, pipeline } of named) {
      if (fed.includes(pipeline)) continue;
      const at = locate(declared, path);
      const exists = pipelines.some((one) => one.id === pipeline);
      const near = suggest(pipeline, fed);
      const remedy = near === undefined ? `those that do: ${fed.join(', ')}` : `did you mean "${near}"?`;
      const message = exists
        ? `pipeline "${pipeline}" does not name "${id}" under "receivers"; ${remedy}`
        : `pipeline "${pipeline}" is not defined; ${remedy}`;
      report.error(at.place, at.path, message);
    }
    const idle = named.length === 0 ? [] : fed.filter((pipeline) => !named.some((one) => one.pipeline === pipeline));
    for (const pipeline of idle) {
      report.warn(declared.keyAt, declared.path, `pipeline "${pipeline}" names it as a receiver and is given nothing by it`);
    }
  }
}

function signalOf({ id }: Joint): string {
  return id.split('/')[0] ?? '';
}

/** Pipelines and connectors in turn, where the last leads back to the first. */
function findCircle(pipelines: readonly Joint[], { connectors }: Declarations): string[] | undefined {
  const done = new Set<string>();
  const walk = (pipeline: Joint, way: readonly string[]): string[] | undefined => {
    const at = way.indexOf(pipeline.id);
    if (at >= 0) return way.slice(at);
    if (done.has(pipeline.id)) return undefined;
    done.add(pipeline.id);
    for (const id of pipeline.exporters) {
      if (!connectors.has(id)) continue;
      for (const next of pipelines.filter(({ receivers }) => receivers.includes(id))) {
        const circle = walk(next, [...way, pipeline.id, id]);
        if (circle) return circle;
      }
    }
    return undefined;
  };
  for (const pipeline of pipelines) {
    const circle = walk(pipeline, []);
    if (circle) return circle;
  }
  return undefined;
}
