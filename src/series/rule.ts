import type { LogBatch } from '#model';
import { compileCondition, OttlProblem, type CompiledCondition, type Environment } from '#ottl';
import type { MetricConfig } from './config.ts';
import type { Family } from './family.ts';
import { createLabelWriter, createNumberReader, type ReadNumber, type WriteLabel } from './row-source.ts';
import type { Unusable } from './unusable.ts';

/** One entry of `metrics`: which records feed a metric, with what, under which labels. */
export class Rule {
  readonly family: Family;
  readonly #where: CompiledCondition | undefined;
  readonly #read: ReadNumber | undefined;
  readonly #labels: readonly WriteLabel[];
  readonly #scale: number;
  readonly #operation: 'set' | 'add' | 'observe';
  readonly #unusable: Unusable;

  constructor(config: MetricConfig, { family, environment, unusable }: { family: Family; environment: Environment; unusable: Unusable }) {
    const { where, labels = [], type, operation = type === 'gauge' ? 'set' : 'add', scale = 1 } = config;
    this.family = family;
    this.#unusable = unusable;
    this.#where = where === undefined ? undefined : compileCondition(where, { environment });
    this.#read = createNumberReader(config, environment);
    // In the order of the family: of two rules for one metric each may name them in its own.
    const sources = family.settings.labels.map((name) => labels.find((label) => label.name === name) ?? { attribute: name });
    this.#labels = sources.map((source) => createLabelWriter(source, environment));
    this.#scale = operation === 'subtract' ? -scale : scale;
    this.#operation = type === 'histogram' ? 'observe' : operation === 'set' ? 'set' : 'add';
  }

  apply(batch: LogBatch): void {
    const { isDropped, length } = batch;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1) continue;
      try {
        if (!this.#where || this.#where(batch, row)) this.#applyTo(batch, row);
      } catch (problem) {
        if (!(problem instanceof OttlProblem)) throw problem;
        this.#unusable.add(this.family.settings.name, problem.message);
      }
    }
  }

  #applyTo(batch: LogBatch, row: number): void {
    const { family } = this;
    const given = this.#read ? this.#read(batch, row) : 1;
    // A record without the number says nothing about this metric; that is no mistake.
    if (given === undefined) return;
    const value = given * this.#scale;
    const isUsable = Number.isFinite(value) && !(value < 0 && family.settings.type === 'counter');
    if (!isUsable) {
      this.#unusable.add(family.settings.name, `expected a ${family.settings.type === 'counter' ? 'number from 0 on' : 'number'}`);
      return;
    }
    const { key } = family;
    key.begin();
    for (const write of this.#labels) write(batch, row, key);
    const index = family.series();
    let bucket = 0;
    if (this.#operation === 'observe') bucket = family.observe(index, value);
    else if (this.#operation === 'set') family.set(index, value);
    else family.add(index, value);
    if (batch.traceIds) family.exemplars.keep(batch, row, { index, bucket, value });
  }
}
