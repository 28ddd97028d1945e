import type { Consumer, Host } from '#component';
import type { LogBatch } from '#model';
import { compile, OperatorChain } from './chain.ts';
import type { OperatorConfig, RecombineConfig } from './config.ts';
import { isTrue, parseCondition, type Expression } from './expression/parse.ts';
import { Flow } from './flow.ts';
import { JOINING_DEFAULTS, RECOMBINE_FLUSH_PERIOD, toJoiningOptions, type JoiningConfig } from './joining/config.ts';
import { Joining, type Surroundings } from './joining/joining.ts';

export interface OperatorPipelineSettings {
  readonly id: string;
  readonly next: Consumer;
  /** True when all rows come from files, and are read again if they are abandoned. */
  readonly isFromFiles?: boolean;
}

/** An operator that joins rows, and those behind it, by their places. Rows for which its condition is not true pass it by. */
interface Stretch {
  readonly place: number;
  readonly end: number;
  readonly condition: Expression | undefined;
}

/**
 * The operators of a receiver. Some join rows across batches, and hold them meanwhile: those are consumers, and what comes
 * behind them is done to what they let go.
 *
 *   process ─▶ [ operators ]      next ─▶ [ joining ▶ operators ] ─▶ [ joining ▶ operators ] ─▶ the receiver's next
 */
export class OperatorPipeline {
  /** Takes the batches that `process` has edited. */
  readonly next: Consumer;
  readonly #chain: OperatorChain;
  readonly #joinings: readonly Joining[];

  /** Throws ConfigError when an operator cannot run; `checkOperators` finds the same problems. */
  constructor(configs: readonly OperatorConfig[], { id, next, isFromFiles = false }: OperatorPipelineSettings) {
    const whole = withPieces(configs);
    const compiled = compile(whole, { id });
    const { plan, operators } = compiled;
    const flow = new Flow(plan, operators);
    const places = plan.order.flatMap((index, place) => (whole[index]?.type === 'recombine' ? [place] : []));
    this.#chain = new OperatorChain(compiled, plan.isLine && places.length === 0 ? undefined : flow, places[0]);
    const joinings: Joining[] = [];
    let behind = next;
    for (const [i, place] of [...places.entries()].toReversed()) {
      const index = plan.order[place] ?? 0;
      const options = { ...toJoiningOptions(joiningOf(whole[index] as RecombineConfig)), operator: plan.ids[index], isFromFiles };
      const text = whole[index]?.if ?? '';
      const condition = text === '' ? undefined : parseCondition(text);
      const around = this.#around(flow, { place, end: places[i + 1] ?? flow.end, condition });
      const joining = new Joining(options, behind, around);
      joinings.unshift(joining);
      behind = joining;
    }
    this.#joinings = joinings;
    this.next = behind;
  }

  start(host: Host): void {
    this.#chain.start(host);
    for (const joining of this.#joinings) void joining.start(host);
  }

  /** Edits a new batch in place, as far as it can be by itself. Never throws because of what the rows hold. */
  process(batch: LogBatch): void {
    this.#chain.process(batch);
  }

  /** From here on: when the signal aborts, what `next` has been given and nobody takes is abandoned. */
  heed(signal: AbortSignal): void {
    for (const joining of this.#joinings) joining.heed(signal);
  }

  /** Lets go of what is held, and tells of failures that were not told yet. Nothing is processed any more. */
  async stop(signal: AbortSignal): Promise<void> {
    for (const joining of this.#joinings) await joining.shutdown(signal);
    this.#chain.stop();
  }

  #around(flow: Flow, { place, end, condition }: Stretch): Surroundings {
    return {
      before: (batch) => flow.hideOthers(batch, place, condition && ((row) => isTrue(condition, batch, row))),
      after: (batch) => {
        flow.showOthers(batch, place);
        flow.run(batch, place + 1, end);
        this.#chain.report();
      },
      afterHeld: (rows) => {
        flow.leave(rows, place);
        flow.run(rows, place + 1, end);
        this.#chain.report();
      },
    };
  }
}

/**
 * Behind each parser of a container runtime, its lines that were cut into pieces are joined. The Collector leaves those of
 * Docker to a `recombine` that looks for their newline; so where there is one, they keep it.
 */
function withPieces(configs: readonly OperatorConfig[]): OperatorConfig[] {
  const keepsNewline = configs.some(({ type }) => type === 'recombine');
  return configs.flatMap((config): OperatorConfig[] => {
    if (config.type !== 'container') return [config];
    const { output, max_log_size: bytes, ...parser } = config;
    const pieces: RecombineConfig = {
      type: 'recombine',
      id: `${config.id ?? 'container'}.pieces`,
      is_last_entry: 'attributes.logtag != "P"',
      combine_field: 'body',
      combine_with: '',
      ...(bytes !== undefined && { max_log_size: bytes }),
      ...(output !== undefined && { output }),
    };
    return [{ ...parser, keepsNewline }, pieces];
  });
}

function joiningOf({ type: _type, id: _id, output: _output, on_error: _onError, if: _if, ...options }: RecombineConfig): JoiningConfig {
  return { ...JOINING_DEFAULTS, force_flush_period: RECOMBINE_FLUSH_PERIOD, ...options };
}
