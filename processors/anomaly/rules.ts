import type { AnomalyEngine, Incident } from '#anomaly';
import { parseDuration } from '#component';
import type { LogBatch } from '#model';
import { OttlProblem, compileCondition, type CompiledCondition } from '#ottl';
import type { RuleConfig } from './config.ts';

const SOURCES_MAX = 1000;

/** One rule of the operator's: so many records within a time, source by source. */
export class Rule {
  readonly #config: RuleConfig;
  readonly #condition: CompiledCondition;
  readonly #withinMs: number;
  /** Start of the window and records in it, by source. */
  readonly #windows = new Map<string, { start: number; count: number }>();
  /** Records on which the condition has no answer. */
  unanswered = 0;

  constructor(config: RuleConfig) {
    this.#config = config;
    this.#condition = compileCondition(config.condition);
    this.#withinMs = parseDuration(config.within);
  }

  observe(
    batch: LogBatch,
    row: number,
    { source, at, engine }: { source: string; at: number; engine: AnomalyEngine },
  ): Incident | undefined {
    if (!this.#meets(batch, row)) return undefined;
    let window = this.#windows.get(source);
    if (!window || at - window.start > this.#withinMs) {
      if (!window && this.#windows.size >= SOURCES_MAX) this.#windows.clear();
      this.#windows.set(source, (window = { start: at, count: 0 }));
    }
    window.count++;
    const { name, count, type } = this.#config;
    if (window.count < count) return undefined;
    return engine.raise({
      source,
      type,
      kind: 'rule',
      method: 'rule_based',
      subject: name,
      at,
      start: window.start,
      strength: window.count / count,
      expected: 0,
      actual: window.count,
      unit: `records within ${this.#config.within}`,
      records: window.count === count ? count : 1,
    });
  }

  #meets(batch: LogBatch, row: number): boolean {
    try {
      return this.#condition(batch, row);
    } catch (problem) {
      if (!(problem instanceof OttlProblem)) throw problem;
      this.unanswered++;
      return false;
    }
  }
}
