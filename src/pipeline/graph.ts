import { Status, touchesOf, type Component, type Consumer, type Counter, type Kind } from '#component';
import type { Signal } from '#model';
import { createDownstream } from './downstream.ts';
import { FanOut, type Branch } from './fan-out.ts';
import { Health } from './health.ts';
import { ComponentHost, nameOf, type Environment, type Identity } from './host.ts';
import type { OfferingHost } from './offer-all.ts';
import { ConnectorOutlets } from './outlets.ts';
import type { GraphPlan, Member, PipelinePlan } from './plan.ts';
import { SignalSwitch, signalOf } from './signals.ts';
import { Tap } from './tap.ts';
import { TapPoint, TapPoints } from './tap-points.ts';

/** A component of the graph with its identity and host. */
export interface Instance {
  readonly identity: Identity;
  readonly component: Component;
  readonly host: ComponentHost;
}

/** All components, in the groups and the order in which they start. */
export interface Graph {
  readonly extensions: readonly Instance[];
  readonly exporters: readonly Instance[];
  /** Processors and connectors, what is downstream first. */
  readonly between: readonly Instance[];
  readonly receivers: readonly Instance[];
  readonly tapPoints: TapPoints;
}

/**
 * Builds all components from the exporters up, so that each is given what it delivers to.
 *
 *   receiver ─▶ [count] ─▶ fan-out ─▶ [count] ─▶ processor ─▶ [count] ─▶ … ─▶ [count] ─▶ fan-out ─▶ exporter
 *                                                                                          └─▶ [count] ─▶ connector ─▶ …
 *
 * Receivers, exporters and connectors are shared by the pipelines that name them; each pipeline has processors of its
 * own. Where there is only one branch, there is no fan-out. `deadline` aborts when what is held has to be given up.
 */
export function buildGraph(plan: GraphPlan, environment: Environment, deadline: AbortSignal): Graph {
  return new Builder(plan, environment, deadline).build();
}

class Builder {
  readonly #plan: GraphPlan;
  readonly #environment: Environment;
  readonly #deadline: AbortSignal;
  readonly #extensionsById = new Map<string, Component>();
  readonly #tapPoints = new TapPoints();
  readonly #health: Health;
  /** Exporters, and the connectors that have been built. */
  readonly #ends = new Map<string, Consumer>();
  readonly #heads = new Map<string, Consumer>();
  readonly #between: Instance[] = [];

  constructor(plan: GraphPlan, environment: Environment, deadline: AbortSignal) {
    this.#plan = plan;
    this.#environment = environment;
    this.#deadline = deadline;
    this.#health = new Health(plan, environment.statuses);
  }

  build(): Graph {
    const { pipelines, extensions: extensionIds } = this.#plan.service;
    const extensions = extensionIds.map((id) => {
      const { factory, config } = memberOf(this.#plan.extensions, id);
      const extension = factory.create(config, { id });
      this.#extensionsById.set(id, extension);
      return this.#instance('extension', id, extension);
    });

    const exporters = this.#usedBy('exporters').map((id) => {
      const { factory, config } = memberOf(this.#plan.exporters, id);
      const fedBy = pipelines.filter((pipeline) => pipeline.exporters.includes(id));
      const exporter = factory.create(config, { id, signals: [...new Set(fedBy.map((pipeline) => signalOf(pipeline.id)))] });
      this.#ends.set(id, exporter);
      return this.#instance('exporter', id, exporter);
    });

    for (const pipeline of pipelines) this.#headOf(pipeline);

    const receivers = this.#usedBy('receivers').map((id) => {
      const { factory, config } = memberOf(this.#plan.receivers, id);
      const ways = this.#waysFrom(id);
      const [only] = ways.values();
      const next = only && ways.size === 1 ? only : new SignalSwitch(ways);
      return this.#instance('receiver', id, factory.create(config, { id, signals: [...ways.keys()] }, next));
    });
    return { extensions, exporters, between: this.#between, receivers, tapPoints: this.#tapPoints };
  }

  /** Ids in the order in which pipelines first name them, without connectors. */
  #usedBy(lane: 'receivers' | 'exporters'): string[] {
    const { service, connectors } = this.#plan;
    return [...new Set(service.pipelines.flatMap((pipeline) => pipeline[lane]))].filter((id) => !connectors.has(id));
  }

  /** For each signal the way into the pipelines that take it from the receiver. */
  #waysFrom(receiver: string): Map<Signal, Consumer> {
    const point = new TapPoint();
    this.#tapPoints.addReceiver(receiver, point);
    const ways = new Map<Signal, Consumer>();
    for (const [signal, branches] of Map.groupBy(this.#fedBy(receiver), ({ name }) => signalOf(name))) {
      ways.set(signal, this.#receiverTap({ receiver, signal, point }, this.#join(branches, receiver)));
    }
    return ways;
  }

  #fedBy(receiver: string): Branch[] {
    const fed = this.#plan.service.pipelines.filter(({ receivers }) => receivers.includes(receiver));
    return fed.map((pipeline) => ({ name: pipeline.id, consumer: this.#headOf(pipeline) }));
  }

  /** The first consumer of a pipeline, which is built when it is asked for first, with all that is downstream of it. */
  #headOf(pipeline: PipelinePlan): Consumer {
    const built = this.#heads.get(pipeline.id);
    if (built) return built;
    const branches = pipeline.exporters.map((id) => ({ name: id, consumer: this.#ends.get(id) ?? this.#buildConnector(id) }));
    const head = this.#buildPipeline(pipeline, this.#join(branches, pipeline.id));
    this.#heads.set(pipeline.id, head);
    return head;
  }

  #buildConnector(id: string): Consumer {
    const { factory, config } = memberOf(this.#plan.connectors, id);
    const fed = new Map(this.#fedBy(id).map((branch) => [branch.name, branch]));
    const [first = ''] = fed.keys();
    const labels = { connector: id, otel_signal: signalOf(first) };
    const produced = this.#counter('otelcol_connector_produced_items', PRODUCED, labels);
    const [before, after] = [new TapPoint(), new TapPoint()];
    this.#tapPoints.addConnector(id, before, after);
    const outlets = new ConnectorOutlets({
      pipelines: [...fed.keys()],
      enter: (ids) => {
        const branches = [...fed.values()].filter(({ name }) => ids.includes(name));
        return new Tap(this.#join(branches, id), { accepted: [produced], point: after });
      },
      isUp: (pipeline) => this.#health.isUp(pipeline),
      host: this.#offeringHost(id),
      metrics: this.#environment.metrics.scope({ connector: id }),
      fatal: (problem) => this.#environment.fatal(problem),
    });
    const connector = factory.create(config, { id }, outlets);
    this.#health.add(id, connector);
    const shutdown = async (signal: AbortSignal): Promise<void> => {
      await connector.shutdown(signal);
      outlets.close();
    };
    this.#between.push(this.#instance('connector', id, { start: (host) => connector.start(host), shutdown }));
    const consumed = this.#counter('otelcol_connector_consumed_items', CONSUMED, labels);
    const tap = new Tap(connector, { accepted: [consumed], point: before });
    this.#ends.set(id, tap);
    return tap;
  }

  /** Returns the pipeline's first consumer. */
  #buildPipeline(pipeline: PipelinePlan, last: Consumer): Consumer {
    let next = last;
    let counters = [this.#counter('winnow_pipeline_passed_log_records', PASSED, { pipeline: pipeline.id })];
    // A batch travels on from a processor that only reads, so the whole pipeline edits if any of its processors does.
    let mutates = next.mutates;
    // From the last to the first, as the components are made.
    const points: TapPoint[] = [];

    for (const id of pipeline.processors.toReversed()) {
      const { factory, config } = memberOf(this.#plan.processors, id);
      const labels = { processor: id, pipeline: pipeline.id, otel_signal: signalOf(pipeline.id) };
      const outgoing = this.#counter('otelcol_processor_outgoing_items', OUTGOING, labels);
      const point = new TapPoint();
      points.push(point);
      const tap = new Tap(next, { accepted: [outgoing, ...counters], point });
      const processor = factory.create(config, { id, pipeline: pipeline.id }, tap);
      this.#between.push(this.#instance('processor', id, processor, pipeline.id));
      mutates ||= processor.mutates;
      next = processor;
      counters = [this.#counter('otelcol_processor_incoming_items', INCOMING, labels)];
    }
    const accepted = this.#counter('winnow_pipeline_accepted_log_records', ACCEPTED, { pipeline: pipeline.id });
    const head = new TapPoint();
    const exporters = pipeline.exporters.filter((id) => !this.#plan.connectors.has(id));
    this.#tapPoints.addPipeline(pipeline.id, pipeline.processors, exporters, [head, ...points.toReversed()]);
    return new Tap(
      { mutates, touches: touchesOf(next), consume: (batch) => next.consume(batch) },
      { accepted: [accepted, ...counters], point: head },
    );
  }

  #receiverTap({ receiver, signal, point }: { receiver: string; signal: Signal; point: TapPoint }, next: Consumer): Consumer {
    // The transport is known to the receiver alone; the Collector's file_log leaves it empty too.
    const labels = { receiver, transport: '' };
    const items = signal === 'traces' ? 'spans' : 'log_records';
    const accepted = this.#counter(`otelcol_receiver_accepted_${items}`, RECEIVER_ACCEPTED, labels);
    const refused = this.#counter(`otelcol_receiver_refused_${items}`, RECEIVER_REFUSED, labels);
    return new Tap(next, { accepted: [accepted], refused: [refused], point });
  }

  #join(branches: readonly Branch[], from: string): Consumer {
    const [only] = branches;
    if (only && branches.length === 1) return only.consumer;
    return new FanOut(branches, this.#offeringHost(from));
  }

  #offeringHost(from: string): OfferingHost {
    const { clock, random, log } = this.#environment;
    return {
      clock,
      random,
      deadline: this.#deadline,
      onLagging: (to, refusal) =>
        log.warn('One branch refuses what the others have taken; all wait for it.', { from, to, reason: refusal.message }),
    };
  }

  #instance(kind: Kind, id: string, component: Component, pipeline?: string): Instance {
    const identity = { kind, id, pipeline };
    const isDownstream = kind === 'receiver' ? createDownstream(this.#plan, id) : undefined;
    const host = new ComponentHost(this.#environment, identity, this.#extensionsById, isDownstream);
    this.#environment.statuses.set(nameOf(identity), Status.starting);
    return { identity, component, host };
  }

  #counter(name: string, help: string, labels: Readonly<Record<string, string>>): Counter {
    return this.#environment.metrics.scope(labels).counter(name, help);
  }
}

const ACCEPTED = 'Log records that entered a pipeline.';
const PASSED = 'Log records that a pipeline has handed to its exporters.';
const INCOMING = 'Items a processor has taken.';
const OUTGOING = 'Items a processor has handed on.';
const CONSUMED = 'Items a connector has taken.';
const PRODUCED = 'Items a connector has given to pipelines.';
const RECEIVER_ACCEPTED = 'Log records or spans the pipelines have taken from a receiver.';
const RECEIVER_REFUSED = 'Log records or spans the pipelines have refused; the receiver or its sender tries again.';

function memberOf<Factory>(members: ReadonlyMap<string, Member<Factory>>, id: string): Member<Factory> {
  const member = members.get(id);
  if (!member) throw new RangeError(`the plan names "${id}" but does not hold it`);
  return member;
}
