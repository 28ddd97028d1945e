import type { ServerResponse } from 'node:http';
import { parseDuration } from '#component';
import { TapError, type TapSide, type Watcher } from '../pipeline/index.ts';
import type { Answer, LongAnswer } from '#telemetry';
import { TapStream } from './tap-stream.ts';

/** Where one may look; the agent's service has it. */
export interface Tappable {
  watch(component: string, side: TapSide, watcher: Watcher): () => void;
}

// Each may take 2 % of a core.
const TAPS_MAX = 4;

/** The taps that are open just now. */
export class Taps {
  readonly #points: () => Tappable;
  readonly #open = new Set<TapStream>();

  constructor(points: () => Tappable) {
    this.#points = points;
  }

  /** Answers `GET /tap?component=…`: as many lines as pass, until the limit, the duration, or one of the two sides ends. */
  async answer(query: URLSearchParams): Promise<Answer | LongAnswer> {
    if (this.#open.size >= TAPS_MAX) return { status: 503, body: `${TAPS_MAX} taps are open already; end one of them\n` };
    const component = query.get('component') ?? '';
    const side = query.get('side') === 'before' ? 'before' : 'after';
    try {
      const filter = await compileFilter(query.get('filter'));
      const limit = Number(query.get('limit') ?? Infinity);
      const durationMs = query.has('duration') ? parseDuration(query.get('duration') ?? '') : Infinity;
      const options = { filter, limit, durationMs, isRedacted: query.get('redact') !== 'no' };
      // Asked once before anything is sent, so that a wrong name is an answer and not the end of a stream.
      this.#points().watch(component, side, NOBODY)();
      return { open: (response) => this.#start(response, { component, side, options }) };
    } catch (error) {
      if (error instanceof TapError) return { status: 404, body: `${error.message}\n` };
      if (error instanceof RangeError) return { status: 400, body: `${error.message}\n` };
      throw error;
    }
  }

  #start(response: ServerResponse, { component, side, options }: Start): void {
    let unwatch = (): void => {};
    const stream = new TapStream(response, options, () => {
      unwatch();
      this.#open.delete(stream);
    });
    this.#open.add(stream);
    unwatch = this.#points().watch(component, side, stream);
    stream.open();
  }

  /** The agent stops: every reader is told. */
  endAll(reason: string): void {
    for (const stream of this.#open) stream.end(reason);
  }
}

interface Start {
  readonly component: string;
  readonly side: TapSide;
  readonly options: ConstructorParameters<typeof TapStream>[1];
}

const NOBODY: Watcher = { show: () => {}, failed: () => {} };

async function compileFilter(text: string | null): Promise<ConstructorParameters<typeof TapStream>[1]['filter']> {
  if (text === null || text === '') return undefined;
  // The parser is loaded only by those who ask for it.
  const { compileCondition } = await import('#ottl');
  return compileCondition(text);
}
