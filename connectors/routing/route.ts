import assert from 'node:assert';
import { keyOf, type AttributeValue, type Key, type LogBatch } from '#model';
import { compileCondition, type CompiledCondition, type Environment } from '#ottl';
import { conditionOf, type RouteConfig } from './config.ts';

/** True when the row goes this way. Throws what the condition throws. */
type Test = (batch: LogBatch, row: number) => boolean;

/** One entry of the table. */
export interface Route {
  readonly text: string;
  readonly isCopy: boolean;
  /** False when it asks for nothing that is inside the records. */
  readonly isOfRecord: boolean;
  readonly pipelines: readonly string[];
  readonly test: Test;
  /** To be called before the first row of a batch is asked. */
  readonly begin: () => void;
}

export function createRoute(config: RouteConfig, categoryAttribute: string, environment: Environment): Route {
  const condition = conditionOf(config);
  const { action, pipelines, context, categories } = config;
  const isOfRecord = categories !== undefined || (condition !== undefined && context === 'log');
  const base = { text: condition ?? config.statement ?? 'categories', isCopy: action === 'copy', isOfRecord, pipelines };
  if (categories) return { ...base, test: categoryTest(keyOf(categoryAttribute), new Set(categories)), begin: () => {} };
  if (condition === undefined) return { ...base, test: () => true, begin: () => {} };
  const test = compileCondition(condition, { context, environment });
  if (context === 'log') return { ...base, test, begin: () => {} };
  const once = new OncePerOrigin(test, context === 'scope');
  return { ...base, test: (batch, row) => once.holds(batch, row), begin: () => once.begin() };
}

function categoryTest(key: Key, wanted: ReadonlySet<AttributeValue | undefined>): Test {
  return (batch, row) => {
    const { attributes } = batch;
    const slot = (attributes.head[row] as number) >= 0 ? attributes.find(row, key) : -1;
    const value = slot >= 0 ? attributes.value(slot) : batch.shared[batch.sharedOf[row] as number]?.entries.get(key);
    return wanted.has(value);
  };
}

const SCOPES = 65_536;

type Answer = boolean | { readonly problem: unknown };

/** Asks a condition once for each resource of a batch, or for each scope of each resource. */
class OncePerOrigin {
  readonly #test: CompiledCondition;
  readonly #isOfScope: boolean;
  readonly #answers = new Map<number, Answer>();
  #lastId = -1;
  #last: Answer = false;

  constructor(test: CompiledCondition, isOfScope: boolean) {
    this.#test = test;
    this.#isOfScope = isOfScope;
  }

  begin(): void {
    this.#answers.clear();
    this.#lastId = -1;
  }

  holds(batch: LogBatch, row: number): boolean {
    const id = (batch.resourceOf[row] as number) * SCOPES + (this.#isOfScope ? (batch.scopeOf[row] as number) : 0);
    if (id !== this.#lastId) {
      this.#last = this.#answers.get(id) ?? this.#ask(id, batch, row);
      this.#lastId = id;
    }
    if (typeof this.#last !== 'boolean') throw this.#last.problem;
    return this.#last;
  }

  /** What fails on the resource fails for each of its records, so that each is counted. */
  #ask(id: number, batch: LogBatch, row: number): Answer {
    let answer: Answer;
    try {
      answer = this.#test(batch, row);
    } catch (problem) {
      if (problem instanceof assert.AssertionError) throw problem;
      answer = { problem };
    }
    this.#answers.set(id, answer);
    return answer;
  }
}
